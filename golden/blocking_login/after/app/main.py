import asyncio
import time
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Form, HTTPException
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from . import models, security
from .database import engine, get_db

attempts = {"all": 0}


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with engine.begin() as connection:
        await connection.run_sync(models.Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def current_account(name: str, db: AsyncSession = Depends(get_db)):
    account = (
        await db.scalars(
            select(models.Account).where(models.Account.name == name).limit(1)
        )
    ).first()
    if account is None:
        await asyncio.sleep(security.PENALTY)
        raise HTTPException(404, "No such account")
    return account


@app.post("/accounts", status_code=201)
async def register(name: str = Form(), password: str = Form(), db: AsyncSession = Depends(get_db)):
    if (await db.scalars(select(models.Account).filter_by(name=name).limit(1))).first():
        raise HTTPException(409, "Taken")
    account = models.Account(
        name=name, password=await run_in_threadpool(security.hash_password, password)
    )
    db.add(account)
    await db.commit()
    await db.refresh(account)
    return {"id": account.id, "name": account.name}


@app.post("/login")
async def login(name: str = Form(), password: str = Form(), db: AsyncSession = Depends(get_db)):
    account = (
        await db.scalars(select(models.Account).filter_by(name=name).limit(1))
    ).first()
    if account is None or not await run_in_threadpool(
        security.check_password, password, account.password
    ):
        await security.slow_down()
        raise HTTPException(401, "Wrong name or password")
    account.logins = account.logins + 1
    await db.commit()
    await db.refresh(account)
    return {"name": account.name, "logins": account.logins}


@app.put("/accounts/{name}/password")
async def change_password(
    name: str, password: str = Form(), db: AsyncSession = Depends(get_db)
):
    account = (
        await db.scalars(select(models.Account).filter_by(name=name).limit(1))
    ).first()
    if account is None:
        raise HTTPException(404, "No such account")
    account.password = await run_in_threadpool(security.hash_password, password)
    await db.commit()
    return {"name": account.name}


@app.get("/accounts/{name}")
async def show(account: models.Account = Depends(current_account)):
    return {
        "name": account.name,
        "fingerprint": await run_in_threadpool(security.fingerprint, account.name),
    }


@app.get("/attempts")
async def count_attempts():
    # Two requests must never get the same number.
    number = attempts["all"]
    time.sleep(0.002)
    attempts["all"] = number + 1
    return {"number": attempts["all"]}


@app.get("/fingerprint")
def plain_fingerprint(text: str):
    time.sleep(0.001)
    return {"fingerprint": security.fingerprint(text)}
