import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse, StreamingResponse
from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from inventory.caching import cached
from inventory.database import Base, Part, engine, get_session
from inventory.json_stream import stream_json_array
from inventory.schemas import KnownPart, Paint, PartOut
from inventory.services.parts import PartService, find_parts
from inventory.text_stream import stream_written


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
Session = Annotated[AsyncSession, Depends(get_session)]
lock = asyncio.Lock()


class PrettyResponse(JSONResponse):
    def render(self, content: Any) -> bytes:
        return json.dumps(content, indent=1).encode()


async def count_parts(response: Response, session: Session) -> None:
    count = await session.scalar(select(func.count()).select_from(Part))
    response.headers["X-Parts"] = str(count)


@app.get("/parts", response_model=list[PartOut])
async def read_parts(session: Session, colour: str | None = None) -> StreamingResponse:
    return await stream_json_array(await find_parts(session, colour), list[PartOut])


@app.get("/parts/broken", response_model=list[PartOut])
async def read_broken(session: Session):
    try:
        statement = select(Part).where(func.no_such_function(Part.id) == 1)
        return await stream_json_array(
            await session.stream_scalars(statement.execution_options(yield_per=500)),
            list[PartOut],
        )
    except SQLAlchemyError:
        raise HTTPException(status_code=503, detail="The database does not know") from None


@app.get("/parts/strict", response_model=list[KnownPart])
async def read_strict(session: Session) -> StreamingResponse:
    return await stream_json_array(
        await session.stream_scalars(
            select(Part).order_by(Part.id).execution_options(yield_per=500)
        ),
        list[KnownPart],
    )


@app.get("/parts/service", response_model=list[PartOut])
async def read_by_service(service: Annotated[PartService, Depends()]):
    return await service.everything()


@app.get("/parts/weight")
async def read_weight(service: Annotated[PartService, Depends()]) -> float:
    return await service.weight()


@app.get("/parts/envelope")
async def read_envelope(session: Session) -> dict[str, list[PartOut] | int]:
    parts = (await session.scalars(select(Part).order_by(Part.id))).all()
    return {"items": list(map(PartOut.model_validate, parts)), "total": len(parts)}


@app.get("/parts/cached", response_model=list[PartOut])
@cached
async def read_cached(session: Session):
    return (await session.scalars(select(Part).order_by(Part.id))).all()


@app.get("/parts/counted", response_model=list[PartOut], dependencies=[Depends(count_parts)])
async def read_counted(session: Session):
    return (await session.scalars(select(Part).order_by(Part.id))).all()


@app.get("/parts/pretty", response_model=list[PartOut], response_class=PrettyResponse)
async def read_pretty(session: Session):
    return (await session.scalars(select(Part).order_by(Part.id))).all()


@app.get("/parts.csv")
async def export_parts(session: Session):
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["id", "name"])
    rows = await session.stream_scalars(
        select(Part).order_by(Part.id).execution_options(yield_per=500)
    )

    def write_row(part: Any) -> None:
        writer.writerow([part.id, part.name])

    return StreamingResponse(
        await stream_written(rows, buffer, write_row), media_type="text/csv"
    )


@app.get("/parts/sorted", response_model=list[PartOut])
async def read_sorted(session: Session):
    parts = (await session.scalars(select(Part))).all()
    return sorted(parts, key=lambda part: -part.id)


@app.get("/parts/locked", response_model=list[PartOut])
async def read_locked(session: Session):
    async with lock:
        return (await session.scalars(select(Part).order_by(Part.id))).all()


@app.post("/parts/paint", response_model=list[PartOut])
async def paint(session: Session, paint: Paint):
    await session.execute(
        update(Part).where(Part.colour == paint.old).values(colour=paint.new)
    )
    await session.commit()
    statement = select(Part).where(Part.colour == paint.new)
    return await stream_json_array(
        await session.stream_scalars(
            statement.order_by(Part.id).execution_options(yield_per=500)
        ),
        list[PartOut],
    )


@app.post("/parts/refresh", response_model=list[PartOut])
async def refresh(session: Session, tasks: BackgroundTasks):
    tasks.add_task(print, "refreshed")
    return (await session.scalars(select(Part).order_by(Part.id))).all()
