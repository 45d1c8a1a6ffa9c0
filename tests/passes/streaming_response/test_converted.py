"""Each form that is converted answers with the same bytes; one that only looks like it stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import asked, compared, messages, migrated, write

#: The name of the form -> its path operation, which is streamed.
STREAMED = {
    "scalars": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item).order_by(Item.id))).all()
    """,
    "execute": """
        @app.get("/items", response_model=List[ItemOut])
        async def items(db: AsyncSession = Depends(get_db)):
            result = await db.execute(select(Item).order_by(Item.id))
            return result.scalars().all()
    """,
    "variable": """
        @app.get("/items", response_model=Sequence[ItemOut])
        async def items(db: Db):
            found = (await db.scalars(select(Item).order_by(Item.id))).all()
            return found
    """,
    "list": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return list(await db.scalars(select(Item).order_by(Item.id)))
    """,
    "list of a list": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return list((await db.scalars(select(Item).order_by(Item.id))).all())
    """,
    "annotated": """
        @app.get("/items")
        async def items(db: Db) -> list[ItemOut]:
            return (await db.scalars(select(Item).order_by(Item.id))).all()
    """,
    "alias": """
        Items = list[ItemOut]

        @app.get("/items", response_model=Items)
        async def items(db: Db):
            return (await db.scalars(select(Item).order_by(Item.id))).all()
    """,
    "beside a route class": """
        from fastapi.routing import APIRoute

        class Sized(APIRoute):
            def get_route_handler(self):
                handler = super().get_route_handler()

                async def handle(request: Request) -> Response:
                    response = await handler(request)
                    response.headers["X-Size"] = str(len(response.body))
                    return response

                return handle

        sized = APIRouter(prefix="/sized", route_class=Sized)

        @sized.get("/count")
        async def count(db: Db):
            return await db.scalar(select(func.count(Item.id)))

        app.include_router(sized)

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item).order_by(Item.id))).all()
    """,
    "mappings": """
        @app.get("/items")
        async def items(db: Db):
            found = await db.execute(select(Item.id, Item.name).order_by(Item.id))
            return found.mappings().all()
    """,
    "rows": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            columns = Item.__table__.columns
            return (await db.execute(select(*columns).order_by(Item.id))).all()
    """,
    "filters": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db, colour: Colour | None = None):
            statement = select(Item).where(Item.id > 7)
            if colour is not None:
                statement = statement.where(Item.colour == colour)
            statement = statement.order_by(Item.id)
            return (await db.scalars(statement)).all()
    """,
    "two returns": """
        @app.get("/items")
        async def items(db: Db, light: bool = False) -> list[ItemOut]:
            if light:
                return (await db.scalars(select(Item).where(Item.weight < 1e-4))).all()
            return (await db.scalars(select(Item).order_by(Item.id))).all()
    """,
    "crud": """
        async def read_items(db: AsyncSession, first: int = 1) -> Sequence[Item]:
            statement = select(Item).where(Item.id >= first).order_by(Item.id)
            return (await db.scalars(statement)).all()

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return await read_items(db, first=3)
    """,
    "options": """
        @app.get(
            "/items",
            response_model=list[ItemOut],
            response_model_exclude_none=True,
            response_model_by_alias=False,
            response_model_exclude={"__all__": {"price"}},
            status_code=203,
        )
        async def items(db: Db):
            return (await db.scalars(select(Item).order_by(Item.id))).all()
    """,
    "nothing": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item).where(Item.name == "none"))).all()
    """,
    "nested": """
        @app.get("/items", response_model=list[OwnerOut])
        async def items(db: Db):
            statement = select(Owner).options(selectinload(Owner.items)).order_by(Owner.id)
            return (await db.scalars(statement)).all()
    """,
    "checked first": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db, owner: int = 1):
            if await db.get(Owner, owner) is None:
                raise HTTPException(404, "no such owner")
            statement = select(Item).where(Item.owner_id == owner).order_by(Item.id)
            return (await db.scalars(statement)).all()
    """,
    "invalid": """
        class Strict(BaseModel):
            model_config = ConfigDict(from_attributes=True)

            id: int
            weight: float

        @app.get("/items", response_model=list[Strict])
        async def items(db: Db):
            return (await db.scalars(select(Item).order_by(Item.id))).all()
    """,
    "database error": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item).order_by(func.nothing(Item.id)))).all()
    """,
}

#: Without a model, FastAPI writes the attributes of an object in the order of its ``__dict__``,
#: and SQLAlchemy fills that in an order that differs from process to process.
UNORDERED = {
    "without a model": """
        @app.get("/items")
        async def items(db: Db):
            return (await db.scalars(select(Owner).order_by(Owner.id))).all()
    """,
    "no model": """
        @app.get("/items", response_model=None)
        async def items(db: Db) -> Any:
            return (await db.scalars(select(Owner).order_by(Owner.id))).all()
    """,
}

PATHS = ["/items", "/items?colour=B", "/items?light=true", "/items?owner=99"]


@pytest.mark.parametrize("form", STREAMED)
def test_the_bytes_are_the_same(form: str, tmp_path: Path) -> None:
    migration = compared(STREAMED[form], PATHS, tmp_path)
    assert messages(migration) == {"items": ""}
    assert "stream_json_array" in migration.after["app.py"].text


@pytest.mark.parametrize("form", UNORDERED)
def test_the_values_are_the_same(form: str, tmp_path: Path) -> None:
    migration = migrated(UNORDERED[form])
    assert messages(migration) == {"items": ""}
    before, after = (
        asked(write(side, tmp_path / name), ["/items"])
        for name, side in (("before", migration.before), ("after", migration.after))
    )
    assert json.loads(after["/items"].body) == json.loads(before["/items"].body)
    assert len(after["/items"].body) == len(before["/items"].body)
    assert after["/openapi.json"] == before["/openapi.json"]


@pytest.mark.parametrize("form", STREAMED)
def test_a_second_run_changes_nothing(form: str) -> None:
    once = migrated(STREAMED[form]).after
    files = {path: file.text for path, file in once.files.items() if path != "app.py"}
    again = migrated("", once["app.py"].text, files).after
    assert again["app.py"].text.strip() == once["app.py"].text.strip()
    assert again["json_stream.py"].text == once["json_stream.py"].text
