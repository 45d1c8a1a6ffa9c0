"""Parts for several parts of a stream."""

COLOURS = ("red", "blue", "UNKNOWN")


def run(connection, database):
    mark = "?" if database == "sqlite" else "%s"
    rows = [(n, f"part {n}", COLOURS[n % 3], n * 0.1) for n in range(1, 1302)]
    connection.cursor().executemany(
        f"insert into parts (id, name, colour, weight) values ({mark}, {mark}, {mark}, {mark})",
        rows,
    )
