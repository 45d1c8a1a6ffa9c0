"""Models that are mapped in other ways are models too."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from application import HEAD
from strict import check

from codemods.facts import Program
from codemods.passes.eager_loading.render import NoName, Renderer
from codemods.source import CodeBase, SourceFile

ROUTES = """
Base.metadata.create_all(engine)
SessionLocal = sessionmaker(bind=engine)
with SessionLocal() as seed:
    owner = Owner()
    owner.name = "ann"
    for name in ("rex", "tom"):
        pet = Pet()
        pet.name, pet.owner = name, owner
        seed.add(pet)
    seed.commit()

app = FastAPI()


def get_db():
    with SessionLocal() as db:
        yield db


Db = Annotated[Session, Depends(get_db)]


class PetOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str


class OwnerOut(PetOut):
    pets: list[PetOut]


@app.get("/owners", response_model=list[OwnerOut])
def owners(db: Db):
    return db.scalars(select(Owner)).all()


@app.get("/pets/{pk}")
def pet(pk: int, db: Db):
    found = db.get(Pet, pk)
    return found.owner.name if found else None
"""

CLASSES = """
class Owner(Base):
    __tablename__ = "owners"

    id = Column(Integer, primary_key=True)
    name = Column(String(30))
    pets = relationship("Pet", back_populates="owner")


class Pet(Base):
    __tablename__ = "pets"

    id = Column(Integer, primary_key=True)
    name = Column(String(30))
    owner_id = Column(ForeignKey("owners.id"))
    owner = relationship("Owner", back_populates="pets")
"""

TABLES = """
mapper_registry = registry()
Base = mapper_registry
owners_table = Table(
    "owners",
    mapper_registry.metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(30)),
)
pets_table = Table(
    "pets",
    mapper_registry.metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(30)),
    Column("owner_id", ForeignKey("owners.id")),
)


"""

STYLES = {
    "as_declarative": f"""
@as_declarative()
class Base:
    pass

{CLASSES}
""",
    "generate_base": f"Base = registry().generate_base()\n{CLASSES}",
    "a base with an annotation": f"""
from sqlalchemy.orm import DeclarativeMeta, declarative_base

Base: DeclarativeMeta = declarative_base()

{CLASSES}
""",
    "as_declarative_base": f"""
mapper_registry = registry()


@mapper_registry.as_declarative_base()
class Base:
    pass

{CLASSES}
""",
    "registry.mapped": "mapper_registry = registry()\nBase = mapper_registry\n"
    + CLASSES.replace("(Base)", "").replace("class ", "@mapper_registry.mapped\nclass "),
    "imperative": TABLES
    + """
class Owner:
    pass


class Pet:
    pass


mapper_registry.map_imperatively(
    Owner, owners_table, properties={"pets": relationship(Pet, back_populates="owner")}
)
mapper_registry.map_imperatively(
    Pet, pets_table, properties={"owner": relationship(Owner, back_populates="pets")}
)
""",
    "imperative tables": TABLES.replace("Base = mapper_registry\n", "Base = registry_base()\n")
    .replace("mapper_registry = registry()\n", "registry_base = registry().generate_base\n")
    .replace("mapper_registry.metadata", "Base.metadata")
    + """
class Owner(Base):
    __table__ = owners_table
    __mapper_args__ = {"properties": {"pets": relationship("Pet", back_populates="owner")}}


class Pet(Base):
    __table__ = pets_table


Pet.owner = relationship(Owner, back_populates="pets")
""",
    "declared_attr": """
class Base(DeclarativeBase):
    pass


class Owned:
    @declared_attr
    def owner_id(cls):
        return Column(ForeignKey("owners.id"))

    @declared_attr
    def owner(cls):
        return relationship("Owner", back_populates="pets")


class Owner(Base):
    __tablename__ = "owners"

    id = Column(Integer, primary_key=True)
    name = Column(String(30))
    pets = relationship("Pet", back_populates="owner")


class Pet(Owned, Base):
    __tablename__ = "pets"

    id = Column(Integer, primary_key=True)
    name = Column(String(30))
""",
    "declared_attr with a type": """
class Base(DeclarativeBase):
    pass


class Owned:
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))

    @declared_attr
    def owner(cls) -> Mapped["Owner"]:
        return relationship(back_populates="pets")


class Owner(Base):
    __tablename__ = "owners"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    pets: Mapped[list["Pet"]] = relationship(back_populates="owner")


class Pet(Owned, Base):
    __tablename__ = "pets"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
""",
    "made by functions": """
class Base(DeclarativeBase):
    pass


def linked(name: str, **more):
    return relationship(back_populates=name, **more)


def many(other: str, name="owner"):
    return linked(name, argument=other, cascade="all, delete-orphan")


class Owner(Base):
    __tablename__ = "owners"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    pets = many("Pet")


class Pet(Base):
    __tablename__ = "pets"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    owner: Mapped["Owner"] = linked("pets")
""",
}
IMPORTS = """\
from sqlalchemy import Integer
from sqlalchemy.orm import as_declarative, declared_attr, registry
"""
ENGINE = """
engine = create_engine(
    "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
)
"""


@pytest.mark.parametrize("style", STYLES)
def test_styles(style: str) -> None:
    head = IMPORTS + HEAD.partition("class Base")[0]
    source = head + textwrap.dedent(STYLES[style]) + ENGINE + ROUTES
    migration = check(source, [("GET", "/owners"), ("GET", "/pets/2"), ("GET", "/pets/9")])
    text = migration.after["app.py"].text
    assert "selectinload(Owner.pets)" in text, text
    assert "immediateload(Pet.owner)" in text, text


KEYED = """
from sqlalchemy.orm import attribute_keyed_dict


class Base(DeclarativeBase):
    pass


def by(key: str):
    return relationship(collection_class=attribute_keyed_dict(key))


class Text(Base):
    __tablename__ = "texts"

    id: Mapped[int] = mapped_column(primary_key=True)
    lang: Mapped[str]
    word: Mapped[str]
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"))


class Question(Base):
    __tablename__ = "questions"

    id: Mapped[int] = mapped_column(primary_key=True)
    texts: Mapped[dict[str, Text]] = by("lang")
"""

KEYED_ROUTES = """
Base.metadata.create_all(engine)
SessionLocal = sessionmaker(bind=engine)
with SessionLocal() as seed:
    for words in (("yes", "oui"), ("no", "non")):
        question = Question()
        for lang, word in zip(("en", "fr"), words):
            question.texts[lang] = Text(lang=lang, word=word)
        seed.add(question)
    seed.commit()

app = FastAPI()


def get_db():
    with SessionLocal() as db:
        yield db


@app.get("/all")
def everything(db: Annotated[Session, Depends(get_db)]):
    return [
        {lang: text.word for lang, text in question.texts.items()}
        for question in db.scalars(select(Question)).all()
    ]


@app.get("/one/{pk}")
def one(pk: int, db: Annotated[Session, Depends(get_db)]):
    question = db.get(Question, pk)
    french = question.texts.get("fr")
    return [french.word, question.texts["en"].word, [t.word for t in question.texts.values()]]
"""


def test_a_dictionary_of_objects_that_a_function_makes() -> None:
    source = HEAD.partition("class Base")[0] + KEYED + ENGINE + KEYED_ROUTES
    migration = check(source, [("GET", "/all"), ("GET", "/one/1"), ("GET", "/one/2")])
    assert migration.after["app.py"].text.count("selectinload(Question.texts)") == 2


GETTER = """
from typing import TypeVar

from sqlalchemy import Integer

T = TypeVar("T")


def get(session: Session, entity: type[T], ident: int) -> T:
    found = session.get(entity, ident)
    if found is None:
        raise HTTPException(404)
    return found


def first_of(things: list[T]) -> T:
    return things[0]
"""

GETTER_ROUTES = """
@app.get("/got/{pk}")
def got(pk: int, db: Db):
    return [pet.name for pet in get(db, Owner, pk).pets]


@app.get("/first")
def first(db: Db):
    return first_of(db.scalars(select(Pet).order_by(Pet.id)).all()).owner.name
"""


def test_what_a_generic_function_gives() -> None:
    source = HEAD.partition("class Base")[0] + GETTER + "class Base(DeclarativeBase): ...\n"
    source += CLASSES + ENGINE + ROUTES + GETTER_ROUTES
    requests = ["/got/1", "/got/9", "/first", "/pets/2", "/owners"]
    check(source, [("GET", url) for url in requests])


REVISION = """
from alembic import op

revision = "1"
down_revision = None


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owners"

    id = Column(Integer, primary_key=True)


def upgrade() -> None:
    pass
"""


def test_a_revision_with_classes_of_the_same_name() -> None:
    """A relationship means the class of the application, which a statement can import."""
    head = HEAD.partition("class Base")[0] + "from sqlalchemy import Integer\n"
    base, owner, pet = ("class Base(DeclarativeBase): ...\n", *CLASSES.split("\n\n\n"))
    files = {
        "2024-01-02_pets.py": head + REVISION,
        "base.py": head + base,
        "owners.py": f"{head}from base import Base\n\n{owner}",
        "pets.py": f"{head}from base import Base\n\n{pet}",
    }
    sources = {name: SourceFile(name, text) for name, text in files.items()}
    program = Program(CodeBase(Path("/nowhere"), sources))
    [mapped] = program.models.named("Pet")
    target = program.models.relationships(mapped)["owner"].target
    assert target is not None and target.module.path == "owners.py"
    with pytest.raises(NoName):
        renderer = Renderer(program, mapped.module)
        renderer.name(program.models.named("Owner")[0])
