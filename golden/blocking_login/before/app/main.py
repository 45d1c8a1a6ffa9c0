import time
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Form, HTTPException
from sqlalchemy.orm import Session

from . import models, security
from .database import engine, get_db

attempts = {"all": 0}


@asynccontextmanager
async def lifespan(app: FastAPI):
    models.Base.metadata.create_all(bind=engine)
    yield


app = FastAPI(lifespan=lifespan)


async def current_account(name: str, db: Session = Depends(get_db)):
    account = db.query(models.Account).filter(models.Account.name == name).first()
    if account is None:
        time.sleep(security.PENALTY)
        raise HTTPException(404, "No such account")
    return account


@app.post("/accounts", status_code=201)
async def register(name: str = Form(), password: str = Form(), db: Session = Depends(get_db)):
    if db.query(models.Account).filter_by(name=name).first():
        raise HTTPException(409, "Taken")
    account = models.Account(name=name, password=security.hash_password(password))
    db.add(account)
    db.commit()
    db.refresh(account)
    return {"id": account.id, "name": account.name}


@app.post("/login")
async def login(name: str = Form(), password: str = Form(), db: Session = Depends(get_db)):
    account = db.query(models.Account).filter_by(name=name).first()
    if account is None or not security.check_password(password, account.password):
        security.slow_down()
        raise HTTPException(401, "Wrong name or password")
    account.logins = account.logins + 1
    db.commit()
    return {"name": account.name, "logins": account.logins}


@app.put("/accounts/{name}/password")
def change_password(name: str, password: str = Form(), db: Session = Depends(get_db)):
    account = db.query(models.Account).filter_by(name=name).first()
    if account is None:
        raise HTTPException(404, "No such account")
    account.password = security.hash_password(password)
    db.commit()
    return {"name": account.name}


@app.get("/accounts/{name}")
async def show(account: models.Account = Depends(current_account)):
    return {"name": account.name, "fingerprint": security.fingerprint(account.name)}


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
