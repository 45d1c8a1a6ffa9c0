import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from uuid import uuid4

from fastapi import FastAPI, HTTPException, UploadFile
from fastapi.concurrency import run_in_threadpool

from files.storage import ROOT, Folder, checksum, next_number, read_rows

app = FastAPI()
SETTINGS = Path(__file__).parent / "settings.json"


@app.get("/settings")
async def settings():
    with await run_in_threadpool(open, SETTINGS, encoding="utf-8") as source:
        found = await run_in_threadpool(json.load, source)
    return found | {
        "text": (await run_in_threadpool(SETTINGS.read_text, "utf-8")).strip()
    }


@app.post("/upload/{name}")
async def upload(name: str, file: UploadFile):
    await run_in_threadpool(os.makedirs, ROOT, exist_ok=True)
    target = ROOT / name
    with await run_in_threadpool(open, target, "wb") as out:
        await run_in_threadpool(shutil.copyfileobj, file.file, out)
    return {"name": name}


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
    with await run_in_threadpool(path.open, "w") as out:
        await run_in_threadpool(out.write, "\n".join(words.split(",")) + "\n")
    done = await run_in_threadpool(subprocess.run, ["sort", str(path)], capture_output=True, text=True, check=True)
    try:
        return done.stdout.split()
    finally:
        path.unlink()


@app.get("/plain")
def plain():
    with open(SETTINGS) as source:
        return json.load(source)
