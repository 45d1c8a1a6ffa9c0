"""A relationship of a class with itself is loaded as deep as the data goes."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from application import HEAD
from strict import Request, check

from codemods.config import Options
from codemods.passes.eager_loading import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

TREE = """
class Place(Base):
    __tablename__ = "places"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("places.id"))
    parent: Mapped["Place | None"] = relationship(back_populates="children", remote_side=[id])
    children: Mapped[list["Place"]] = relationship(back_populates="parent", order_by="Place.id")
    shops: Mapped[list["Shop"]] = relationship(back_populates="place", order_by="Shop.id")

    @property
    def path(self) -> str:
        parts, place = [self.name], self.parent
        while place is not None:
            parts.append(place.name)
            place = place.parent
        return "/".join(reversed(parts))

    @property
    def level(self) -> int:
        return self.parent.level + 1 if self.parent else 0


class Shop(Base):
    __tablename__ = "shops"

    id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("places.id"))
    place: Mapped[Place] = relationship(back_populates="shops")


class PlaceOut(Out):
    path: str


class ShopOut(Out):
    place: PlaceOut


def shape(place: Place):
    return [place.name, *(shape(child) for child in place.children)]


def shops_of(place: Place):
    return len(place.shops) + sum(shops_of(child) for child in place.children)


Base.metadata.create_all(engine)
with SessionLocal() as seed:
    place = None
    for number in range(8):
        place = Place(name=f"p{number}", parent=place, shops=[Shop()])
        seed.add(place)
    seed.commit()
"""

UP = "(Place.parent, recursion_depth=-1)"
DOWN = "selectinload(Place.children, recursion_depth=-1)"
CASES: dict[str, tuple[str, list[Request], str]] = {
    "a loop in a property": (
        """
        @app.get("/places", response_model=list[PlaceOut])
        def places(db: Db):
            return db.scalars(select(Place).where(Place.id > 7)).all()
        """,
        [("GET", "/places")],
        f".options(selectinload{UP})",
    ),
    "a property that reads itself": (
        """
        @app.get("/places/{pk}/level")
        def level(pk: int, db: Db):
            return db.get(Place, pk).level
        """,
        [("GET", "/places/8/level"), ("GET", "/places/1/level")],
        f"options=[immediateload{UP}]",
    ),
    "behind another relationship": (
        """
        @app.get("/shops", response_model=list[ShopOut])
        def shops(db: Db):
            return db.scalars(select(Shop).order_by(Shop.id.desc())).all()
        """,
        [("GET", "/shops")],
        f"selectinload(Shop.place).selectinload{UP}",
    ),
    "a function that calls itself": (
        """
        @app.get("/shapes")
        def shapes(db: Db):
            return [shape(p) for p in db.scalars(select(Place).where(Place.parent_id.is_(None)))]
        """,
        [("GET", "/shapes")],
        f".options({DOWN})",
    ),
    "with what each of them reads": (
        """
        @app.get("/places/{pk}/shops")
        def count(pk: int, db: Db):
            return shops_of(db.scalars(select(Place).where(Place.id == pk)).one())
        """,
        [("GET", "/places/1/shops"), ("GET", "/places/6/shops")],
        f"{DOWN}.selectinload(Place.shops), selectinload(Place.shops)",
    ),
    "a first step that is loaded already": (
        """
        @app.get("/places", response_model=list[PlaceOut])
        def places(db: Db):
            return db.scalars(
                select(Place).options(selectinload(Place.parent)).where(Place.id > 7)
            ).all()
        """,
        [("GET", "/places")],
        f"selectinload(Place.parent).selectinload{UP}",
    ),
    "two steps are two": (
        """
        @app.get("/places/{pk}/grandparent")
        def grandparent(pk: int, db: Db):
            return db.get(Place, pk).parent.parent.name
        """,
        [("GET", "/places/8/grandparent")],
        "immediateload(Place.parent).immediateload(Place.parent)",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_trees(name: str) -> None:
    body, requests, expected = CASES[name]
    migration = check(HEAD + TREE + textwrap.dedent(body), requests)
    text = " ".join(migration.after["app.py"].text.split()).replace("( ", "(").replace(" )", ")")
    assert expected in text, migration.after["app.py"].text


def test_sqlalchemy_14_has_no_recursion_depth() -> None:
    body = """
        @app.get("/tree")
        def tree(db: Db):
            return shape(db.scalars(select(Place).where(Place.parent_id.is_(None))).first())
    """
    files = {
        "app.py": SourceFile("app.py", HEAD + TREE + textwrap.dedent(body)),
        "requirements.txt": SourceFile("requirements.txt", "fastapi\nsqlalchemy==1.4.54\n"),
    }
    (run,) = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1)).runs
    assert "recursion_depth" not in run.after["app.py"].text
    assert any("depth" in reason for finding in run.outcome.findings for reason in finding.reasons)


CYCLE = """
class Folder(Base):
    __tablename__ = "folders"

    id: Mapped[int] = mapped_column(primary_key=True)
    archive_id: Mapped[int | None] = mapped_column(ForeignKey("archives.id"))
    archives = relationship("Archive", foreign_keys="Archive.folder_id", order_by="Archive.id")

    @property
    def size(self):
        return 1 + sum(archive.weight for archive in self.archives)


class Archive(Base):
    __tablename__ = "archives"

    id: Mapped[int] = mapped_column(primary_key=True)
    folder_id: Mapped[int] = mapped_column(ForeignKey("folders.id"))
    folders = relationship(Folder, foreign_keys=[Folder.archive_id], order_by=Folder.id)

    @property
    def weight(self):
        return 1 + sum(folder.size for folder in self.folders)


class FolderOut(Out):
    size: int


Base.metadata.create_all(engine)
with SessionLocal() as seed:
    for number in range(1, 9):
        seed.add(Folder(id=number, archive_id=number - 1 or None))
        seed.add(Archive(id=number, folder_id=number))
    seed.commit()
"""

AROUND = {
    "a property": """
        @app.get("/sizes")
        def sizes(db: Db):
            return [folder.size for folder in db.scalars(select(Folder).order_by(Folder.id))]
        """,
    "a response model": """
        @app.get("/sizes", response_model=list[FolderOut])
        def sizes(db: Db):
            return db.scalars(select(Folder).order_by(Folder.id)).all()
        """,
}


@pytest.mark.parametrize("name", AROUND)
def test_a_cycle_of_two_classes_is_reported(name: str) -> None:
    """No options lead around it as deep as the data goes, and a cut would break when it runs."""
    body = HEAD + CYCLE + textwrap.dedent(AROUND[name])
    files = {"app.py": SourceFile("app.py", body)}
    (run,) = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1)).runs
    assert "selectinload(" not in run.after["app.py"].text
    [finding] = [f for f in run.outcome.findings if f.code == "LL304"]
    assert any("cycle of classes" in reason for reason in finding.reasons)


def test_foreign_keys_say_which_side_is_many() -> None:
    body = """
        @app.get("/folders/{pk}")
        def folders(pk: int, db: Db):
            folder = db.get(Folder, pk)
            return [inner.id for archive in folder.archives for inner in archive.folders]
    """
    migration = check(HEAD + CYCLE + textwrap.dedent(body), [("GET", "/folders/2")])
    text = " ".join(migration.after["app.py"].text.split())
    assert "selectinload(Folder.archives).selectinload(Archive.folders)" in text
