"""Nothing in here is a database, whatever it is called."""


class Session:
    """Keeps drafts in memory."""

    def __init__(self):
        self.data, self.pending = {}, {}

    def add(self, key, value):
        self.pending[key] = value

    def commit(self):
        self.data.update(self.pending)
        self.pending.clear()

    def query(self, prefix):
        return [value for key, value in sorted(self.data.items()) if key.startswith(prefix)]

    def get(self, key, default=None):
        return self.data.get(key, default)

    def delete(self, key):
        return self.data.pop(key, None)


session = Session()


def get_db():
    return session


def remember(key, value, db=session):
    db.add(key, value)
    db.commit()
    return db.get(key)
