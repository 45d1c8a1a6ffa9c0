"""Enough products for several parts of a stream."""

from datetime import date, datetime, timedelta

MAKERS = [(1, "Ümit & Söhne", "DE"), (2, 'Quote "Q"', "US"), (3, "無印", "JP"), (4, "Nobody", None)]


def run(connection, database):
    mark = "?" if database == "sqlite" else "%s"
    insert(connection, "makers", "id, name, country", MAKERS, mark)
    if database == "postgresql":
        connection.execute("select setval('makers_id_seq', 4)")
    products = [
        (
            n,
            f"p{n:05}",
            f'Näme "{n}"\n\u2028</script>',
            n * 1e-7 if n % 7 else None,
            n / 4,
            "sold" if n % 3 == 0 else "on_sale",
            (date(2023, 1, 1) + timedelta(days=n)).isoformat(),
            datetime(2024, 2, 29, 12, 0, 0, n % 2).isoformat(sep=" ") if n % 5 else None,
            n % 3 + 1,
        )
        for n in range(1, 2206)
    ]
    columns = "id, code, title, weight, price, state, made, changed, maker_id"
    insert(connection, "products", columns, products, mark)


def insert(connection, table, columns, rows, mark):
    marks = ", ".join([mark] * len(rows[0]))
    cursor = connection.cursor()
    cursor.executemany(f"insert into {table} ({columns}) values ({marks})", rows)
