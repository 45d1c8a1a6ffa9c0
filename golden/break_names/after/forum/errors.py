from . import posts, users


class Missing(LookupError):
    def __init__(self, nick):
        super().__init__(nick)
        self.nick = nick

    def hint(self):
        # counts on a session of its own: the one of the request may be broken
        return f"{self.nick} is not one of our {users.count()} users, {len(posts.HANDLERS)} things can be done"
