"""What only looks like a list to stream stays as it is, and the finding says why."""

from __future__ import annotations

import pytest
from running import HEAD, application, messages, migrated

from codemods.config import Options

Streaming = tuple[tuple[str, tuple[str, ...]], ...]

#: A path operation called ``items`` -> a piece of the reason that it is left for.
LEFT = {
    "a list of the module": (
        "in the memory of the module already",
        """
        everything = [{"id": number} for number in range(10_000)]

        @app.get("/items")
        async def items():
            return everything
        """,
    ),
    "a list of the module, repeated": (
        "in the memory of the module already",
        """
        everything = ["x"] * 10_000

        @app.get("/items")
        async def items(db: Db):
            return everything
        """,
    ),
    "used for more": (
        "used for more than the answer",
        """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            found = (await db.scalars(select(Item))).all()
            print(len(found))
            return found
        """,
    ),
    "unique": (
        "unique",
        """
        @app.get("/items", response_model=list[OwnerOut])
        async def items(db: Db):
            statement = select(Owner).options(joinedload(Owner.items))
            return (await db.scalars(statement)).unique().all()
        """,
    ),
    "subqueryload": (
        "subqueryload",
        """
        @app.get("/items", response_model=list[OwnerOut])
        async def items(db: Db):
            return (await db.scalars(select(Owner).options(subqueryload(Owner.items)))).all()
        """,
    ),
    "a lazy relationship": (
        "Shelf.boxes",
        """
        class Shelf(Base):
            __tablename__ = "shelves"

            id: Mapped[int] = mapped_column(primary_key=True)
            boxes: Mapped[list["Box"]] = relationship(lazy="subquery")


        class Box(Base):
            __tablename__ = "boxes"

            id: Mapped[int] = mapped_column(primary_key=True)
            shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))


        @app.get("/items")
        async def items(db: Db):
            return (await db.scalars(select(Shelf))).all()
        """,
    ),
    "something in between": (
        "between the query and its return",
        """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            found = (await db.scalars(select(Item))).all()
            await db.commit()
            return found
        """,
    ),
    "an end before the answer": (
        "finally",
        """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            try:
                return (await db.scalars(select(Item))).all()
            finally:
                await db.close()
        """,
    ),
    "a transaction": (
        "with statement",
        """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            async with db.begin():
                return (await db.scalars(select(Item))).all()
        """,
    ),
    "a session of its own": (
        "with statement",
        """
        @app.get("/items", response_model=list[ItemOut])
        async def items():
            async with SessionLocal() as db:
                return (await db.scalars(select(Item))).all()
        """,
    ),
    "a session that is returned": (
        "dependency that yields it",
        """
        async def plain_session() -> AsyncSession:
            return SessionLocal()

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: AsyncSession = Depends(plain_session)):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "a session of a middleware": (
        "dependency that yields it",
        """
        async def of_request(request: Request):
            db = request.state.db
            yield db

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: AsyncSession = Depends(of_request)):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "a session that ends with the function": (
        "scope",
        """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: AsyncSession = Depends(get_db, scope="function")):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "a statement from elsewhere": (
        "not built in this function",
        """
        STATEMENT = select(Item)

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(STATEMENT)).all()
        """,
    ),
    "a lock": (
        "with_for_update",
        """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item).with_for_update())).all()
        """,
    ),
    "a response class": (
        "response class",
        """
        @app.get("/items", response_model=list[ItemOut], response_class=JSONResponse)
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "a response class for all": (
        "response class",
        """
        other = FastAPI(default_response_class=ORJSONResponse)

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "a route class": (
        "route class",
        """
        from fastapi.routing import APIRoute

        class Logged(APIRoute):
            pass

        router = APIRouter(route_class=Logged)

        @router.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "the route class of a router of its own": (
        "route class",
        """
        from fastapi.routing import APIRoute

        class Logged(APIRoute):
            pass

        class Router(APIRouter):
            def __init__(self, prefix=""):
                super().__init__(prefix=prefix, route_class=Logged)

        router = Router()

        @router.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "the route class of the application": (
        "route class",
        """
        from fastapi.routing import APIRoute

        class Logged(APIRoute):
            pass

        app.router.route_class = Logged

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "headers": (
        "headers",
        """
        @app.get("/items", response_model=list[ItemOut])
        async def items(response: Response, db: Db):
            response.headers["X-Total"] = "7"
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "headers by a dependency": (
        "headers",
        """
        def counted(response: Response):
            response.headers["X-Total"] = "7"

        async def user(_=Depends(counted)):
            return 1

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db, user: int = Depends(user)):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "headers by the router": (
        "headers",
        """
        def counted(response: Response):
            response.headers["X-Total"] = "7"

        router = APIRouter(dependencies=[Depends(counted)])

        @router.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "an unknown dependency": (
        "not known",
        """
        from limits_for_fastapi import RateLimiter

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db, limited: None = Depends(RateLimiter(times=2))):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "background tasks": (
        "tasks",
        """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db, tasks: BackgroundTasks):
            tasks.add_task(print)
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "another decorator": (
        "decorator",
        """
        from fastapi_cache.decorator import cache

        @app.get("/items", response_model=list[ItemOut])
        @cache(expire=60)
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "two paths": (
        "several path operations",
        """
        @app.get("/items", response_model=list[ItemOut])
        @app.get("/all", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "called": (
        "called by other code",
        """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()

        @app.get("/number")
        async def number(db: Db):
            return len(await items(db))
        """,
    ),
    "shared": (
        "also used at app.py",
        """
        async def read(db: AsyncSession):
            return (await db.scalars(select(Item))).all()

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return await read(db)

        @app.get("/number")
        async def number(db: Db):
            return len(await read(db))
        """,
    ),
    "no list": (
        "not a list of a type",
        """
        @app.get("/items", response_model=set[str])
        async def items(db: Db):
            return (await db.scalars(select(Item.name))).all()
        """,
    ),
    "an optional list": (
        "not a list of a type",
        """
        @app.get("/items", response_model=list[ItemOut] | None)
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "no body": (
        "no body",
        """
        @app.delete("/items", status_code=204)
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "items by their place": (
        "by their place",
        """
        @app.get("/items", response_model=list[ItemOut], response_model_include={0: {"id"}})
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "headers by a class": (
        "headers",
        """
        class Counted:
            def __init__(self, response: Response):
                response.headers["X-Total"] = "7"

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db, counted: Annotated[Counted, Depends()]):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "one connection for all": (
        "one connection",
        """
        from sqlalchemy.pool import StaticPool

        shared = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "found among the others": (
        "does not load Node.parent",
        """
        class Node(Base):
            __tablename__ = "nodes"

            id: Mapped[int] = mapped_column(primary_key=True)
            parent_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id"))
            parent: Mapped["Node | None"] = relationship(remote_side=[id])


        class Parent(BaseModel):
            model_config = ConfigDict(from_attributes=True)

            id: int


        class NodeOut(Parent):
            parent: Parent | None = None


        @app.get("/items", response_model=list[NodeOut])
        async def items(db: Db):
            return (await db.scalars(select(Node).order_by(Node.id))).all()
        """,
    ),
    "its length is read": (
        "content-length",
        """
        @app.middleware("http")
        async def measured(request: Request, call_next):
            response = await call_next(request)
            print(response.headers["Content-Length"])
            return response

        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
        """,
    ),
}

#: Lists with an end, and answers that are no list: nothing is said about them.
BOUNDED = {
    "a list that is written out": """
        colours = ["red", "green"]

        @app.get("/items")
        async def items():
            return colours
    """,
    "limit": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db, limit: int = 10):
            return (await db.scalars(select(Item).limit(limit))).all()
    """,
    "offset in steps": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db, page: int = 1):
            statement = select(Item).order_by(Item.id)
            statement = statement.offset(page * 10).limit(10)
            return (await db.scalars(statement)).all()
    """,
    "the primary key": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db, number: int = 1):
            return (await db.scalars(select(Item).where(Item.id == number))).all()
    """,
    "some primary keys": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db, numbers: list[int] = Query()):
            return (await db.scalars(select(Item).where(Item.id.in_(numbers)))).all()
    """,
    "a unique column": """
        @app.get("/items", response_model=list[OwnerOut])
        async def items(db: Db, email: str = ""):
            return (await db.scalars(select(Owner).filter_by(email=email))).all()
    """,
    "an aggregate": """
        @app.get("/items")
        async def items(db: Db):
            return (await db.scalars(select(func.count(Item.id)))).all()
    """,
    "one": """
        @app.get("/items", response_model=ItemOut)
        async def items(db: Db):
            return (await db.scalars(select(Item).order_by(Item.id))).first()
    """,
    "an envelope": """
        @app.get("/items")
        async def items(db: Db):
            found = (await db.scalars(select(Item))).all()
            return {"items": found, "total": len(found)}
    """,
    "a slice": """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item).order_by(Item.id))).all()[:10]
    """,
    "no path operation": """
        async def items(db: AsyncSession):
            return (await db.scalars(select(Item))).all()
    """,
}


@pytest.mark.parametrize("form", LEFT)
def test_it_is_left_with_the_reason(form: str) -> None:
    reason, snippet = LEFT[form]
    migration = migrated(snippet)
    assert reason.lower() in messages(migration)["items"].lower()
    assert migration.changed == ()


@pytest.mark.parametrize("form", BOUNDED)
def test_what_has_an_end_is_not_mentioned(form: str) -> None:
    migration = migrated(BOUNDED[form])
    assert messages(migration) == {}
    assert migration.changed == ()


#: A list without numbers that JSON might not have.
PLAIN = """
    class Named(BaseModel):
        model_config = ConfigDict(from_attributes=True)

        id: int
        name: str

    @app.get("/items", response_model=list[Named])
    async def items(db: Db):
        return (await db.scalars(select(Item))).all()
"""
FLOATS = PLAIN.replace("name: str", "weight: float | None")


@pytest.mark.parametrize(
    ("requirements", "snippet", "reason", "own"),
    [
        ("fastapi==0.115.6\n", PLAIN, "", True),
        ("fastapi>=0.100,<1\n", PLAIN, "", True),
        ("fastapi<0.110\n", PLAIN, "", True),
        ("fastapi==0.95.2\n", PLAIN, "Pydantic 1", False),
        ("fastapi>=0.118\npydantic<2\n", PLAIN, "Pydantic 1", False),
        ("fastapi>=0.118\n", PLAIN, "", False),
        ("fastapi\n", PLAIN, "", False),
        ("fastapi==0.115.6\n", FLOATS, "NaN in weight", False),
        ("fastapi==0.128.0\n", FLOATS, "NaN in weight", False),
        ("fastapi==0.130.0\n", FLOATS, "", False),
    ],
)
def test_the_versions_decide(requirements: str, snippet: str, reason: str, own: bool) -> None:
    migration = migrated(snippet, HEAD, {"requirements.txt": requirements})
    assert reason in messages(migration)["items"]
    assert bool(messages(migration)["items"]) is bool(reason)
    assert ("own_session.py" in migration.after.files) is own


def test_the_user_may_take_the_risk_of_a_nan() -> None:
    options = Options(jobs=1, streaming=(("include", ("items",)),))
    migration = migrated(FLOATS, HEAD, {"requirements.txt": "fastapi==0.128.0\n"}, options)
    assert messages(migration) == {"items": ""}


#: A path operation of FastAPI 0.115 called ``items`` -> why no other session can read its list.
NOT_OWN = {
    "it adds": (
        "items writes by the session of the request",
        """
        @app.post("/items", response_model=list[Plain])
        async def items(db: Db):
            db.add(Owner(email="new"))
            await db.flush()
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "a dependency writes": (
        "touched writes by the session of the request",
        """
        async def touched(db: Db):
            await db.execute(update(Owner).values(email="touched"))

        @app.get("/items", response_model=list[Plain], dependencies=[Depends(touched)])
        async def items(db: Db, touched: None = Depends(touched)):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "what it calls writes": (
        "note writes by the session of the request",
        """
        async def note(db: AsyncSession, text: str):
            db.add(Owner(email=text))

        @app.get("/items", response_model=list[Plain])
        async def items(db: Db):
            await note(db, "read")
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "a dependency with parameters": (
        "get_tenant has parameters",
        """
        async def get_tenant(tenant: str = "a") -> AsyncIterator[AsyncSession]:
            async with SessionLocal() as db:
                yield db

        @app.get("/items", response_model=list[Plain])
        async def items(db: AsyncSession = Depends(get_tenant)):
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "a dependency that commits": (
        "get_committed commits at the end",
        """
        async def get_committed() -> AsyncIterator[AsyncSession]:
            async with SessionLocal() as db:
                yield db
                await db.commit()

        @app.get("/items", response_model=list[Plain])
        async def items(db: AsyncSession = Depends(get_committed)):
            (await db.get(Owner, 1)).email = "seen"
            return (await db.scalars(select(Item))).all()
        """,
    ),
    "request is something else": (
        "request means something else",
        """
        @app.get("/items", response_model=list[Plain])
        async def items(db: Db, request: str = ""):
            return (await db.scalars(select(Item).where(Item.name == request))).all()
        """,
    ),
}


@pytest.mark.parametrize("form", NOT_OWN)
def test_no_session_of_its_own_where_it_would_see_other_rows(form: str) -> None:
    reason, snippet = NOT_OWN[form]
    header = """\
from sqlalchemy import update


class Plain(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int


"""
    text = application({"": snippet}, header)
    migration = migrated(text, HEAD, {"requirements.txt": "fastapi==0.115.6\n"})
    assert reason in messages(migration)["items"]
    assert migration.changed == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("fastapi\n", "fastapi>=0.118\n"),
        ("fastapi>=0.100\n", "fastapi>=0.118\n"),
        ("fastapi[standard]>=0.100\n", "fastapi[standard]>=0.118\n"),
        ("fastapi>=0.120\n", "fastapi>=0.120\n"),
        ("fastapi==0.128.0\n", "fastapi==0.128.0\n"),
    ],
)
def test_the_requirement_allows_no_fastapi_that_is_too_old(before: str, after: str) -> None:
    snippet = """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
    """
    migration = migrated(snippet, HEAD, {"requirements.txt": before})
    assert migration.after["requirements.txt"].text == after


@pytest.mark.parametrize(
    ("streaming", "streamed"),
    [
        ((), True),
        ((("exclude", ("items",)),), False),
        ((("exclude", ("/it*",)),), False),
        ((("exclude", ("others",)),), True),
        ((("include", ("/items",)),), True),
        ((("include", ("others",)),), False),
        ((("include", ("items",)), ("exclude", ("/items",))), False),
    ],
)
def test_the_configuration_chooses(streaming: Streaming, streamed: bool) -> None:
    snippet = """
        @app.get("/items", response_model=list[ItemOut])
        async def items(db: Db):
            return (await db.scalars(select(Item))).all()
    """
    migration = migrated(snippet, options=Options(jobs=1, streaming=streaming))
    assert bool(migration.changed) is streamed
    assert bool(migration.findings) is streamed
