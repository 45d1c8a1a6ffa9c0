"""Heroes for several parts of a stream."""


def run(connection, database):
    mark = "?" if database == "sqlite" else "%s"
    cursor = connection.cursor()
    cursor.executemany(
        f"insert into team (id, name) values ({mark}, {mark})", [(1, "Prev"), (2, "Zé")]
    )
    heroes = [
        (n, f"hero {n}", f"sécret\t{n}", n % 97 or None, n / 3e9, n % 3 or None)
        for n in range(1, 1702)
    ]
    columns = "id, name, secret_name, age, luck, team_id"
    marks = ", ".join([mark] * 6)
    cursor.executemany(f"insert into hero ({columns}) values ({marks})", heroes)
    if database == "postgresql":
        connection.execute("select setval('hero_id_seq', 1701)")
