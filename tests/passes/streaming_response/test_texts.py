"""Texts of all rows are streamed with the same bytes and headers."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import application, compared, messages, migrated

#: The name of a path operation -> the code that is streamed.
STREAMED = {
    "csv_rows": """
        @app.get("/csv_rows")
        async def csv_rows(db: Db):
            items = (await db.scalars(select(Item).order_by(Item.id))).all()
            output = io.StringIO()
            writer = csv.writer(output)
            writer.writerow(["id", "name", "weight", "price", "made", "sold"])
            for item in items:
                writer.writerow(
                    [item.id, item.name, item.weight, item.price, item.made, item.sold]
                )
            output.seek(0)
            filename = f"items-{len('abc')}.csv"
            return StreamingResponse(
                iter([output.getvalue()]),
                media_type="text/csv",
                headers={"Content-Disposition": f"attachment; filename={filename}"},
            )
    """,
    "csv_dicts": """
        @app.get("/csv_dicts")
        async def csv_dicts(db: Db, light: bool = False):
            buffer = io.StringIO()
            writer = csv.DictWriter(buffer, fieldnames=["id", "sold"], delimiter=";")
            writer.writeheader()
            for item in await db.scalars(select(Item).order_by(Item.id)):
                sold = item.sold.isoformat() if item.sold else ""
                if item.id % 7:
                    writer.writerow({"id": item.id, "sold": sold})
            content = buffer.getvalue()
            return Response(content, 203, {"X-Rows": "all"}, "text/csv")
    """,
    "csv_columns": """
        @app.get("/csv_columns")
        async def csv_columns(db: Db):
            result = await db.execute(select(Item.id, Item.name).order_by(Item.id))
            out = io.StringIO(newline="")
            writer = csv.writer(out, quoting=csv.QUOTE_ALL)
            for number, name in result:
                writer.writerow((number, name))
            return StreamingResponse(io.BytesIO(out.getvalue().encode("utf-8-sig")))
    """,
    "csv_passed_over": """
        @app.get("/csv_passed_over")
        async def csv_passed_over(db: Db):
            out = io.StringIO()
            writer = csv.writer(out)
            for item in await db.scalars(select(Item).order_by(Item.id)):
                if item.id % 3:
                    continue
                for part in item.name:
                    if part == "1":
                        continue
                    out.write(part)
                writer.writerow([item.id])
            return PlainTextResponse(out.getvalue())
    """,
    "joined_some": """
        @app.get("/joined_some")
        async def joined_some(db: Db):
            items = await db.scalars(select(Item).order_by(Item.id))
            return PlainTextResponse(",".join(i.name for i in items if i.id % 2) + ".")
    """,
    "csv_at_once": """
        @app.get("/csv_at_once")
        async def csv_at_once(db: Db):
            result = await db.execute(select(Item.id, Item.price).order_by(Item.id))
            out = io.StringIO()
            writer = csv.writer(out)
            writer.writerow(["id", "price"])
            writer.writerows(result.all())
            return PlainTextResponse(out.getvalue())
    """,
    "csv_made_at_once": """
        @app.get("/csv_made_at_once")
        async def csv_made_at_once(db: Db):
            out = io.StringIO()
            writer = csv.writer(out)
            writer.writerows([i.id, f"{i.name}"] for i in await db.scalars(select(Item)))
            out.seek(0)
            return StreamingResponse(out, media_type="text/csv")
    """,
    "lines": """
        @app.get("/lines")
        async def lines(db: Db):
            lines = [f"{item.name}!" for item in await db.scalars(select(Item))]
            return Response("\\n".join(lines), media_type="text/plain")
    """,
    "lines_between": """
        @app.get("/lines_between")
        async def lines_between(db: Db, title: str = "all"):
            items = (await db.scalars(select(Item).order_by(Item.id))).all()
            value = title.upper()
            text = f"{value}\\n" + ",".join(str(item.price) for item in items) + "\\nend\\n"
            return HTMLResponse(content=text)
    """,
    "appended": """
        @app.get("/appended")
        async def appended(db: Db):
            parts = []
            for item in await db.scalars(select(Item).order_by(Item.id)):
                parts.append(item.name)
            return PlainTextResponse(",".join(parts))
    """,
    "dumped": """
        @app.get("/dumped")
        async def dumped(db: Db):
            items = (await db.scalars(select(Item).order_by(Item.id))).all()
            data = [{"id": i.id, "weight": i.weight, "made": i.made} for i in items]
            return Response(
                content=json.dumps(data, default=str, ensure_ascii=False),
                media_type="application/json",
            )
    """,
    "dumped_compact": """
        @app.get("/dumped_compact")
        async def dumped_compact(db: Db):
            found = []
            for i in await db.scalars(select(Item).order_by(Item.id)):
                found.append({"id": i.id, "nan": i.id * float("nan"), "inf": float("inf")})
            return Response(json.dumps(found, separators=(",", ":")))
    """,
    "nothing": """
        @app.get("/nothing")
        async def nothing(db: Db):
            none = await db.scalars(select(Item).where(Item.id < 0))
            return Response(json.dumps([i.id for i in none]), media_type="application/json")
    """,
    "no_lines": """
        @app.get("/no_lines")
        async def no_lines(db: Db):
            none = await db.scalars(select(Item).where(Item.id < 0))
            return Response("\\n".join([item.name for item in none]))
    """,
    "checked": """
        @app.get("/checked")
        async def checked(db: Db, owner: int = 99):
            if await db.get(Owner, owner) is None:
                raise HTTPException(404, "no such owner")
            rows = (await db.scalars(select(Item).where(Item.owner_id == owner))).all()
            return PlainTextResponse("".join([f"{row.id}\\n" for row in rows]))
    """,
    "failing": """
        @app.get("/failing")
        async def failing(db: Db):
            rows = (await db.scalars(select(Item).order_by(Item.id))).all()
            return PlainTextResponse("".join([str(1 // (row.id - 3)) for row in rows]))
    """,
}

HEADER = """
import csv
import io
import json

from fastapi.responses import HTMLResponse, PlainTextResponse


"""


def test_the_bytes_are_the_same(tmp_path: Path) -> None:
    paths = [f"/{name}" for name in STREAMED] + ["/checked?owner=2", "/lines_between?title=x"]
    migration = compared(application(STREAMED, HEADER), paths, tmp_path)
    assert messages(migration) == dict.fromkeys(STREAMED, "")
    text = migration.after["app.py"].text
    assert text.count("yield_per=500") == len(STREAMED)
    assert ".all()" not in text


#: A path operation called ``export`` -> a piece of the reason that it is left for.
LEFT = {
    "a number of rows": (
        "used for more than the answer",
        """
        @app.get("/export")
        async def export(db: Db):
            items = (await db.scalars(select(Item))).all()
            head = f"{len(items)} items"
            return PlainTextResponse(head + ",".join([item.name for item in items]))
        """,
    ),
    "a sum": (
        "total is used outside of the loop",
        """
        @app.get("/export")
        async def export(db: Db):
            total = 0
            output = io.StringIO()
            writer = csv.writer(output)
            for item in await db.scalars(select(Item)):
                total += item.price
                writer.writerow([item.id, total])
            return PlainTextResponse(output.getvalue())
        """,
    ),
    "a last line": (
        "output is used behind the loop",
        """
        @app.get("/export")
        async def export(db: Db):
            output = io.StringIO()
            writer = csv.writer(output)
            for item in await db.scalars(select(Item)):
                writer.writerow([item.id])
            output.write("the end")
            return PlainTextResponse(output.getvalue())
        """,
    ),
    "an end in the loop": (
        "waits or leaves",
        """
        @app.get("/export")
        async def export(db: Db):
            output = io.StringIO()
            for item in await db.scalars(select(Item)):
                if item.id > 7:
                    break
                output.write(item.name)
            return PlainTextResponse(output.getvalue())
        """,
    ),
    "a query for each row": (
        "between the query and its return",
        """
        @app.get("/export")
        async def export(db: Db):
            output = io.StringIO()
            for item in (await db.scalars(select(Item))).all():
                owner = await db.get(Owner, item.owner_id)
                output.write(owner.email)
            return PlainTextResponse(output.getvalue())
        """,
    ),
    "some rows at once": (
        "leave some out",
        """
        @app.get("/export")
        async def export(db: Db):
            items = await db.scalars(select(Item))
            output = io.StringIO()
            csv.writer(output).writerow(["id"])
            writer = csv.writer(output)
            writer.writerows([i.id] for i in items if i.id % 2)
            return PlainTextResponse(output.getvalue())
        """,
    ),
    "a relationship": (
        "does not load Item.owner",
        """
        @app.get("/export")
        async def export(db: Db):
            items = await db.scalars(select(Item))
            return PlainTextResponse(",".join([i.owner.email for i in items]))
        """,
    ),
    "an indent": (
        "json.dumps() is given indent",
        """
        @app.get("/export")
        async def export(db: Db):
            items = await db.scalars(select(Item))
            return Response(json.dumps([i.name for i in items], indent=2))
        """,
    ),
    "another encoding": (
        "encoded as latin-1",
        """
        @app.get("/export")
        async def export(db: Db):
            items = await db.scalars(select(Item))
            return Response(",".join([i.name for i in items]).encode("latin-1"))
        """,
    ),
    "a commit behind the query": (
        "between the query and its return",
        """
        @app.get("/export")
        async def export(db: Db):
            items = (await db.scalars(select(Item))).all()
            await db.commit()
            return PlainTextResponse(",".join([item.name for item in items]))
        """,
    ),
    "a transaction": (
        "with statement",
        """
        @app.get("/export")
        async def export(db: Db):
            async with db.begin():
                items = (await db.scalars(select(Item))).all()
            return PlainTextResponse(",".join([item.name for item in items]))
        """,
    ),
    "a loop": (
        "in one block",
        """
        @app.get("/export")
        async def export(db: Db, wanted: bool = True):
            items = (await db.scalars(select(Item))).all()
            output = io.StringIO()
            if wanted:
                for item in items:
                    output.write(item.name)
            return PlainTextResponse(output.getvalue())
        """,
    ),
    "called by another": (
        "called by other code",
        """
        @app.get("/export")
        async def export(db: Db):
            items = (await db.scalars(select(Item))).all()
            return PlainTextResponse(",".join([item.name for item in items]))

        @app.get("/size")
        async def size(db: Db):
            return len((await export(db)).body)
        """,
    ),
    "tasks": (
        "tasks that run after the answer",
        """
        @app.get("/export")
        async def export(db: Db, tasks: BackgroundTasks):
            items = (await db.scalars(select(Item))).all()
            return PlainTextResponse(",".join([item.name for item in items]))
        """,
    ),
    "a text that changes": (
        "name changes",
        """
        @app.get("/export")
        async def export(db: Db):
            name = "first"
            items = [f"{name} {item.name}" for item in await db.scalars(select(Item))]
            name = "second"
            return PlainTextResponse(",".join(items), headers={"X-Name": name})
        """,
    ),
}

SILENT = {
    "a limit": """
        @app.get("/export")
        async def export(db: Db):
            output = io.StringIO()
            writer = csv.writer(output)
            for item in await db.scalars(select(Item).limit(20)):
                writer.writerow([item.id])
            return PlainTextResponse(output.getvalue())
    """,
    "the user's own rows": """
        @app.get("/export")
        async def export(names: Annotated[list[str], Query()]):
            output = io.StringIO()
            for name in names:
                output.write(name)
            return PlainTextResponse(output.getvalue())
    """,
}


@pytest.mark.parametrize("form", LEFT)
def test_it_is_left_with_the_reason(form: str) -> None:
    reason, snippet = LEFT[form]
    migration = migrated(application({"": snippet}, HEADER))
    assert reason in messages(migration)["export"]
    assert migration.changed == ()


@pytest.mark.parametrize("form", SILENT)
def test_what_has_an_end_is_not_mentioned(form: str) -> None:
    migration = migrated(application({"": SILENT[form]}, HEADER))
    assert messages(migration) == {}
    assert migration.changed == ()
