import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import anyio
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask

from files.access import AccessLog, Quota, seen
from files.background_queue import BackgroundQueue, job_queue
from files.background_tasks import background
from files.storage import ROOT, Folder, checksum, forget, next_number, read_rows, summarise, summary


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with background:
        async with job_queue:
            yield


app = FastAPI(lifespan=lifespan)
app.add_middleware(AccessLog)
app.add_middleware(Quota, limit=1000)
SETTINGS = Path(__file__).parent / "settings.json"


@app.get("/settings")
async def settings():
    def read_files():
        with open(SETTINGS, encoding="utf-8") as source:
            found = json.load(source)
        return found | {"text": SETTINGS.read_text("utf-8").strip()}

    return await run_in_threadpool(read_files)


@app.get("/settings/text")
async def settings_text():
    def read_source():
        with open(SETTINGS, encoding="utf-8") as source:
            first = source.readline()
            return {"first": first, "rest": source.read(), "name": source.name == str(SETTINGS)}

    return await run_in_threadpool(read_source)


def report(tasks: BackgroundTasks):
    """For a dependency: what is added here is done after the answer as well."""

    def add(name: str) -> None:
        tasks.add_task(forget, name)

    return add


@app.post("/upload/{name}")
async def upload(name: str, file: UploadFile, tasks: BackgroundQueue):
    def write_files():
        os.makedirs(ROOT, exist_ok=True)
        target = ROOT / name
        with open(target, "wb") as out:
            shutil.copyfileobj(file.file, out)

    await run_in_threadpool(write_files)
    # One after the other: the second reads what the first wrote.
    await tasks.add_task(summarise, name)
    await tasks.add_task(summarise, name, again=True)
    return {"name": name}


@app.get("/summary/{name}")
async def show_summary(name: str):
    path = summary(name)
    if not path.exists():
        raise HTTPException(404, "No summary")
    return {"summary": path.read_text(), "size": path.stat().st_size}


@app.delete("/summary/{name}", status_code=202)
async def delete_summary(name: str, add=Depends(report)):
    add(name)
    return {}


@app.post("/summary/{name}")
async def renew(name: str):
    # Belongs to this answer alone.
    return JSONResponse({"name": name}, background=BackgroundTask(summarise, name))


@app.get("/names")
async def names():
    found = [path.name for path in ROOT.iterdir() if path.name.endswith(".csv")]
    return {"csv": sorted(found), "all": len(list(ROOT.glob("*")))}


@app.get("/lines")
async def count_lines():
    done = await anyio.run_process(["wc", "-l", str(SETTINGS)], check=False)
    kind = (
        await anyio.run_process(["head", "-c", "1", str(SETTINGS)], stderr=None)
    ).stdout
    return {"code": done.returncode, "lines": done.stdout.split()[0].decode(), "first": kind.decode()}


@app.get("/seen")
async def read_seen():
    return sorted(seen)


@app.post("/numbered")
async def numbered():
    await run_in_threadpool(os.makedirs, ROOT, exist_ok=True)
    return {"number": next_number()}


@app.get("/files")
async def listing():
    folder = Folder(".")
    return [{"name": n, "size": folder.size_of(n)} for n in folder.names()]


@app.get("/files/{name}")
async def show(name: str):
    path = ROOT / name
    if not path.is_file():
        raise HTTPException(404, "No such file")
    return {"checksum": checksum(path), "rows": read_rows(path), "lines": await lines(path)}


async def lines(path: Path) -> int:
    with open(path) as source:
        return sum(1 for line in source)


@app.delete("/files/{name}")
async def delete(name: str):
    # Between the question and the answer no other request may come.
    if not os.path.exists(ROOT / name):
        raise HTTPException(404, "No such file")
    os.remove(ROOT / name)
    return {"deleted": name}


@app.get("/sorted")
async def sort_words(words: str):
    path = Path(tempfile.gettempdir()) / f"{uuid4()}.txt"

    def write_out():
        with path.open("w") as out:
            out.write("\n".join(words.split(",")) + "\n")

    await run_in_threadpool(write_out)
    done = await run_in_threadpool(
        subprocess.run, ["sort", str(path)], capture_output=True, text=True, check=True
    )
    try:
        return done.stdout.split()
    finally:
        path.unlink()


@app.get("/plain")
def plain():
    with open(SETTINGS) as source:
        return json.load(source)
