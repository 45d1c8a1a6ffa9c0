from typing import Annotated

from fastapi import Body, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

from .context import Context, RepoOf, get_context
from .database import Base, engine
from .journals import MemoryJournal
from .models import Licence, Machine, Person
from .ports import Repository
from .repos import AssetRepo, LicenceRepo, MachineRepo

Base.metadata.create_all(engine)
app = FastAPI()

Ctx = Annotated[Context, Depends(get_context)]


@app.exception_handler(LookupError)
async def gone(request: Request, exc: LookupError):
    return JSONResponse({"detail": str(exc)}, 410)


@app.exception_handler(ValueError)
async def conflict(request: Request, exc: ValueError):
    return JSONResponse({"detail": str(exc)}, 409)


def show(asset):
    return {"id": asset.id, "kind": asset.kind, "code": asset.code, "text": asset.describe()}


@app.post("/people/{name}", status_code=201)
def add_person(name: str, ctx: Ctx):
    if name in ctx.people:
        raise HTTPException(409, f"{name} is here, one of {len(ctx.people)}")
    return {"id": Person.create(ctx.session, name=name).id, "people": [p.name for p in ctx.people]}


@app.delete("/people/{pk}", status_code=204)
def remove_person(pk: int, ctx: Ctx):
    ctx.people.remove(pk)


@app.get("/me")
def me(ctx: Ctx):
    if not ctx.person:
        raise HTTPException(401)
    return {"name": ctx.person.name, "assets": ctx.person.asset_count, "machines": ctx.mine}


@app.post("/machines", status_code=201)
def add_machine(ctx: Ctx, name: str = Body(), power: int = Body()):
    machine = Machine.create(ctx.session, name=name, power=power, kind="machine", owner=ctx.person)
    return show(ctx.assets.save(machine))


@app.post("/licences", status_code=201)
def add_licence(ctx: Ctx, name: str = Body(), seats: int = Body()):
    repo = LicenceRepo(ctx.session)
    licence = Licence(name=name, seats=seats, owner=ctx.person)
    licence.before_save(ctx.session)
    return show(repo.save(licence)) | {"journal": repo.last_change}


@app.post("/machines/{pk}/services")
def service(pk: int, ctx: Ctx, note: str = Body(embed=True), dry: bool = False):
    repo = MachineRepo(ctx.session, MemoryJournal() if dry else None)
    return show(repo.service(pk, note)) | {"journal": repo.last_change, "before": repo.total_at_start}


@app.get("/kinds/{kind}")
def page(repo: Annotated[AssetRepo, Depends(RepoOf(strict=True))], start: int = 0, size: int = 10):
    return {"all": len(repo), "page": [show(asset) for asset in repo.page(start, size)]}


@app.get("/kinds/{kind}/named/{name}")
def named(name: str, repo: AssetRepo = Depends(RepoOf())):
    return show(repo[name]) if name in repo else {"missing": name, "of": len(repo)}


def take_out(repo: Repository, pk: int) -> int:
    assert isinstance(repo, Repository)
    repo.remove(pk)
    return len(repo)


@app.delete("/assets/{pk}")
def remove_asset(pk: int, ctx: Ctx):
    return {"left": take_out(ctx.assets, pk), "journal": ctx.assets.last_change}


@app.get("/report")
def report(ctx: Ctx):
    return {"assets": ctx.assets.describe_all(), "journal": ctx.assets.journal.tail(5)}
