"""Enough entries for several parts of a stream."""

from datetime import date, datetime, timedelta

ACCOUNTS = [(1, "Bär & Co", "Ann"), (2, 'The "Q"', None), (3, "Empty", "無")]
RATES = [None, 1e-7, 0.1, 1e22, 3.0]


def run(connection, database):
    mark = "?" if database == "sqlite" else "%s"
    insert(connection, "accounts", "id, name, owner", ACCOUNTS, mark)
    entries = [
        (
            n,
            n % 2 + 1,
            (date(2024, 1, 1) + timedelta(days=n)).isoformat(),
            datetime(2024, 2, 29, 12, 0, 0, n).isoformat(sep=" ") if n % 3 else None,
            f'Zeile "{n}",\n;é\u2028',
            n % 40 / 4,
            RATES[n % 5],
            n % 7 == 0,
        )
        for n in range(1, 1604)
    ]
    columns = "id, account_id, booked, seen, text, amount, rate, closed"
    insert(connection, "entries", columns, entries, mark)


def insert(connection, table, columns, rows, mark):
    marks = ", ".join([mark] * len(rows[0]))
    cursor = connection.cursor()
    cursor.executemany(f"insert into {table} ({columns}) values ({marks})", rows)
