from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Body, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, PositiveInt
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import immediateload, selectinload

from . import databases, jobs, models, service
from .databases import get_db, get_metrics, get_site_db, metrics

Catalogue = Annotated[AsyncSession, Depends(get_db)]
Site = Annotated[AsyncSession, Depends(get_site_db)]
Metrics = Annotated[AsyncSession, Depends(get_metrics)]


@asynccontextmanager
async def lifespan(app):
    await databases.create_all()
    yield
    await databases.dispose_all()


app = FastAPI(lifespan=lifespan)


@app.middleware("http")
async def count_hits(request: Request, call_next):
    response = await call_next(request)
    if request.url.path != "/metrics":
        metrics.add(models.Hit(path=request.url.path, status=response.status_code))
        await metrics.commit()
        response.headers["x-hits"] = str(
            await metrics.scalar(select(func.count()).select_from(models.Hit))
        )
        await metrics.remove()
    return response


@app.exception_handler(service.NotThere)
def not_there(request, exc):
    return JSONResponse({"detail": str(exc)}, status_code=404)


@app.exception_handler(service.TooFew)
def too_few(request, exc):
    return JSONResponse({"detail": str(exc)}, status_code=409)


class ProductIn(BaseModel):
    sku: str
    title: str
    category: str


class ProductOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str
    title: str
    in_stock: int


class CategoryOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    products: list[ProductOut]


class Move(BaseModel):
    sku: str
    quantity: PositiveInt


@app.post("/products", status_code=201, response_model=ProductOut)
async def add_product(body: ProductIn, db: Catalogue):
    if await db.get(models.Product, body.sku):
        raise HTTPException(409, f"{body.sku} exists")
    product = models.Product(sku=body.sku, title=body.title, category=await service.category(db, body.category))
    db.add(product)
    await db.commit()
    await db.refresh(product)
    return product


@app.get("/categories", response_model=list[CategoryOut])
async def categories(db: Catalogue):
    return (
        await db.scalars(
            select(models.Category)
            .options(selectinload(models.Category.products))
            .order_by(models.Category.name)
        )
    ).all()


@app.post("/categories/{category_id}/check", status_code=202)
async def check(category_id: int, db: Catalogue, background: BackgroundTasks):
    if not await db.get(models.Category, category_id):
        raise HTTPException(404, "No such category")
    background.add_task(jobs.check_category, category_id)


@app.post("/shelves/{name}", status_code=201)
async def put(
    name: str, body: Move, site: Site, db: Catalogue, background: BackgroundTasks
):
    stock = await service.put(site, db, name, body.sku, body.quantity)
    await site.commit()
    background.add_task(jobs.recount, body.sku)
    background.add_task(jobs.note, name="put", result=f"{body.quantity} on {name}")
    await site.get(
        models.Stock,
        stock.id,
        options=[immediateload(models.Stock.shelf)],
        populate_existing=True,
    )
    return {"id": stock.id, "quantity": stock.quantity, "shelf": stock.shelf.name}


@app.post("/take")
async def take(body: Move, site: Site, background: BackgroundTasks):
    shelves = await service.take(site, body.sku, body.quantity)
    await site.commit()
    background.add_task(jobs.recount, sku=body.sku)
    return shelves


@app.post("/transfer")
async def transfer(
    db: Catalogue, body: Move, source: str = "north", target: str = "south"
):
    if not {source, target} <= set(databases.SITES):
        raise HTTPException(404, "No such site")
    return await service.transfer(db, source, target, body.sku, body.quantity)


@app.get("/labels")
async def labels(site: Site, db: Catalogue):
    return await service.labels(site, db)


@app.delete("/products/{sku}", status_code=204)
async def remove(sku: str, db: Catalogue):
    product = await db.get(models.Product, sku)
    if product is None:
        raise HTTPException(404, f"No product {sku}")
    for site in databases.SITES:
        async with databases.open_site(site) as site_db:
            if any(
                stock.quantity
                for stock in await site_db.scalars(
                    select(models.Stock).filter_by(sku=sku)
                )
            ):
                raise HTTPException(409, f"{sku} is in {site}")
    await db.delete(product)
    await db.commit()


@app.get("/metrics")
async def show_metrics(db: Metrics):
    return {
        "hits": [
            [hit.path, hit.status]
            for hit in await db.scalars(select(models.Hit).order_by(models.Hit.id))
        ],
        "jobs": {
            job.name: job.result
            for job in await db.scalars(select(models.Job).order_by(models.Job.id))
        },
    }


@app.post("/metrics/reset")
async def reset(db: Metrics, keep: Annotated[int, Body(embed=True, ge=0)] = 0):
    kept = [
        id
        for (id,) in await db.execute(
            select(models.Hit.id).order_by(models.Hit.id.desc()).limit(keep)
        )
    ]
    gone = (
        await db.execute(delete(models.Hit).where(models.Hit.id.not_in(kept)))
    ).rowcount
    await db.commit()
    return {"gone": gone}
