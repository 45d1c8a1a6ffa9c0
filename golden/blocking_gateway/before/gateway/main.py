import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, HTTPException, Request

from gateway import clients, journal, partner, prices
from gateway.clients import Mirror, Upstream, get_settings, with_retries


@asynccontextmanager
async def lifespan(app: FastAPI):
    partner.start()
    yield
    partner.stop()


app = FastAPI(lifespan=lifespan)
app.include_router(prices.router)
app.add_middleware(journal.Journal)
app.middleware("http")(journal.number_answers)
app.state.served = 0
upstream = Upstream("main")
mirror = Mirror("mirror")
pool = ThreadPoolExecutor(4)
cache: dict[str, str] = {}
turns = asyncio.Lock()
serial = threading.Lock()
tickets = {"next": 1}


def choose(name: str = "main") -> Upstream:
    return mirror if name == "mirror" else upstream


async def warm(key: str) -> str:
    time.sleep(0.001)
    return key.lower()


@app.get("/fetch/{key}")
async def fetch(key: str, source: Upstream = Depends(choose)):
    return {"value": source.fetch(await warm(key)), "source": source.name}


@app.get("/retried/{key}")
async def retried(key: str):
    return {"value": with_retries(mirror, key, retries=get_settings().retries)}


@app.get("/many")
async def many(keys: str):
    found = {key: upstream.fetch(key) for key in keys.split(",") if key}
    total = sum(len(upstream.fetch(key)) for key in keys.split(","))
    return {"found": found, "total": total, "first": keys and upstream.fetch(keys[0])}


@app.get("/cached/{key}")
async def cached(key: str):
    # Filled once: no other request comes between the question and the answer.
    if key not in cache:
        cache[key] = f"{len(cache)}-{upstream.fetch(key)}"
    return {"value": cache[key]}


@app.get("/served")
async def served(request: Request):
    before = request.app.state.served
    clients.pause(1)
    request.app.state.served = before + 1
    return {"served": request.app.state.served}


@app.get("/ticket")
async def ticket():
    async with turns:
        number = tickets["next"]
        time.sleep(0.001)
        tickets["next"] = number + 1
    return {"ticket": number}


@app.get("/unreliable/{key}")
async def unreliable(key: str):
    try:
        return {"value": Upstream("other").unreliable(key)}
    except ConnectionError as error:
        raise HTTPException(503, str(error)) from error


@app.get("/pool")
async def pooled(n: int):
    return {"value": pool.submit(sum, range(n)).result()}


@app.get("/serial")
async def serialised():
    with serial:
        time.sleep(0.001)
    return {"done": True}


@app.get("/lazily")
async def lazily():
    return {"values": sorted("cab", key=lambda key: upstream.fetch(key))}


@app.get("/journal")
async def read_journal():
    return sorted(journal.lines)


@app.get("/plain/{key}")
def plain(key: str):
    return {"value": upstream.fetch(key)}
