"""What the partner charges, by every HTTP client that was in fashion at the time."""

import asyncio
import threading

import httpx
import requests
from fastapi import APIRouter, BackgroundTasks, HTTPException

from gateway.partner import url

router = APIRouter(prefix="/partner")
session = httpx.Client(timeout=2)
notes: list[str] = []


@router.get("/prices/{article}")
async def price(article: str):
    try:
        answer = requests.get(url(f"/prices/{article}"), timeout=2)
        answer.raise_for_status()
        return answer.json()
    except requests.Timeout:
        raise HTTPException(504, "The partner is too slow")
    except requests.HTTPError as error:
        raise HTTPException(error.response.status_code, error.response.json()["detail"])
    except requests.RequestException as error:
        raise HTTPException(502, "The partner talks nonsense") from error


@router.get("/moved/{article}")
async def moved(article: str):
    followed = requests.get(url(f"/moved/{article}")).json()
    answer = httpx.get(url(f"/moved/{article}"))
    return {"requests": followed, "httpx": answer.status_code, "to": answer.headers["location"]}


@router.get("/broken")
async def broken():
    try:
        return requests.get(url("/broken"), headers={"Accept": "application/json"}).json()
    except requests.RequestException as error:
        raise HTTPException(502, "The partner talks nonsense") from error


@router.get("/compare")
async def compare(first: str, second: str):
    with httpx.Client(base_url=url(""), headers={"x-from": "gateway"}) as client:
        one = client.get(f"/prices/{first}").json()
        two = client.get(f"/prices/{second}").json()
    return one["price"] < two["price"]


@router.get("/stock/{article}")
async def stock(article: str):
    return session.get(url(f"/stock/{article}")).json()


@router.get("/away")
async def away():
    # An error of requests is an OSError, one of httpx is not.
    try:
        return requests.get("http://127.0.0.1:9/", timeout=1).text
    except OSError:
        raise HTTPException(503, "The partner is away")


@router.get("/pieces")
async def pieces():
    answer = requests.get(url("/prices/tea"), stream=True)
    return len(b"".join(answer.iter_content(4)))


async def note(text: str) -> None:
    await asyncio.sleep(0.01)
    notes.append(text)


def stamp(article: str) -> None:
    notes.append(f"stamped {article}")


@router.post("/orders/{article}", status_code=202)
async def order(article: str, tasks: BackgroundTasks):
    # Handed over only when nothing is raised.
    tasks.add_task(note, f"ordered {article}")
    tasks.add_task(stamp, article)
    if article == "salt":
        raise HTTPException(404, "No such article")
    return {"ordered": article}


@router.post("/labels/{article}", status_code=202)
async def label(article: str):
    threading.Thread(target=stamp, args=(f"label of {article}",)).start()
    asyncio.create_task(note(f"label of {article}"))
    return {}


@router.post("/quick/{article}")
async def quick(article: str):
    # Both are waited for: nothing is left behind.
    thread = threading.Thread(target=stamp, args=(article,))
    thread.start()
    task = asyncio.create_task(note(f"quick {article}"))
    thread.join()
    await task
    return {"notes": len(notes)}


@router.get("/notes")
async def read_notes():
    return sorted(notes)
