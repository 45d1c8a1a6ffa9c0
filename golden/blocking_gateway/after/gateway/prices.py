"""What the partner charges, by every HTTP client that was in fashion at the time."""

import asyncio
import json
import threading

import httpx
import requests
from fastapi import APIRouter, HTTPException
from fastapi.concurrency import run_in_threadpool

from gateway.async_clients import PerLoop, http_client
from gateway.background_queue import BackgroundQueue
from gateway.partner import url

router = APIRouter(prefix="/partner")
session = PerLoop(lambda: httpx.AsyncClient(timeout=2))
notes: list[str] = []


@router.get("/prices/{article}")
async def price(article: str):
    try:
        answer = await http_client().get(
            url(f"/prices/{article}"), timeout=2, follow_redirects=True
        )
        answer.raise_for_status()
        return answer.json()
    except httpx.TimeoutException:
        raise HTTPException(504, "The partner is too slow")
    except httpx.HTTPStatusError as error:
        raise HTTPException(error.response.status_code, error.response.json()["detail"])
    except (httpx.HTTPError, httpx.InvalidURL, json.JSONDecodeError) as error:
        raise HTTPException(502, "The partner talks nonsense") from error


@router.get("/moved/{article}")
async def moved(article: str):
    followed = (
        await http_client().get(
            url(f"/moved/{article}"), timeout=None, follow_redirects=True
        )
    ).json()
    answer = await http_client().get(url(f"/moved/{article}"))
    return {"requests": followed, "httpx": answer.status_code, "to": answer.headers["location"]}


@router.get("/broken")
async def broken():
    try:
        return (
            await http_client().get(
                url("/broken"),
                headers={"Accept": "application/json"},
                timeout=None,
                follow_redirects=True,
            )
        ).json()
    except (httpx.HTTPError, httpx.InvalidURL, json.JSONDecodeError) as error:
        raise HTTPException(502, "The partner talks nonsense") from error


@router.get("/compare")
async def compare(first: str, second: str):
    async with httpx.AsyncClient(
        base_url=url(""), headers={"x-from": "gateway"}
    ) as client:
        one = (await client.get(f"/prices/{first}")).json()
        two = (await client.get(f"/prices/{second}")).json()
    return one["price"] < two["price"]


@router.get("/stock/{article}")
async def stock(article: str):
    return (await session().get(url(f"/stock/{article}"))).json()


@router.get("/away")
async def away():
    # An error of requests is an OSError, one of httpx is not.
    try:
        return (
            await run_in_threadpool(requests.get, "http://127.0.0.1:9/", timeout=1)
        ).text
    except OSError:
        raise HTTPException(503, "The partner is away")


@router.get("/pieces")
async def pieces():
    answer = await run_in_threadpool(requests.get, url("/prices/tea"), stream=True)
    return len(b"".join(answer.iter_content(4)))


async def note(text: str) -> None:
    await asyncio.sleep(0.01)
    notes.append(text)


def stamp(article: str) -> None:
    notes.append(f"stamped {article}")


@router.post("/orders/{article}", status_code=202)
async def order(article: str, tasks: BackgroundQueue):
    # Handed over only when nothing is raised.
    await tasks.add_task(note, f"ordered {article}")
    await tasks.add_task(stamp, article)
    if article == "salt":
        raise HTTPException(404, "No such article")
    return {"ordered": article}


@router.post("/labels/{article}", status_code=202)
async def label(article: str, queue: BackgroundQueue):
    await queue.add_task(stamp, f"label of {article}")
    await queue.add_task(note, f"label of {article}")
    return {}


@router.post("/quick/{article}")
async def quick(article: str):
    # Both are waited for: nothing is left behind.
    thread = threading.Thread(target=stamp, args=(article,))
    thread.start()
    task = asyncio.create_task(note(f"quick {article}"))
    await run_in_threadpool(thread.join)
    await task
    return {"notes": len(notes)}


@router.get("/notes")
async def read_notes():
    return sorted(notes)
