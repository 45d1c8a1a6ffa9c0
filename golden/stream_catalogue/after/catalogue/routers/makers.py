from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .. import crud, schemas
from ..database import get_db
from ..json_stream import stream_json_array
from ..models import Maker

router = APIRouter(prefix="/makers", tags=["makers"])


@router.get("", response_model=list[schemas.MakerOut])
async def read_makers(db: AsyncSession = Depends(get_db)) -> StreamingResponse:
    return await stream_json_array(
        await db.stream_scalars(
            select(Maker).order_by(Maker.name).execution_options(yield_per=500)
        ),
        list[schemas.MakerOut],
    )


@router.get("/counted", response_model=list[schemas.MakerOut])
async def read_counted(response: Response, db: AsyncSession = Depends(get_db)):
    response.headers["X-Products"] = str(await crud.count(db))
    return (await db.scalars(select(Maker).order_by(Maker.id))).all()


@router.get("/lonely", response_model=list[schemas.MakerOut])
async def read_lonely(db: AsyncSession = Depends(get_db)):
    return await crud.lonely(db)


@router.get("/names")
async def read_names(db: AsyncSession = Depends(get_db)):
    return [maker.name for maker in await crud.makers(db)]


@router.get("/strict", response_model=list[schemas.MakerStrict])
async def read_strict(db: AsyncSession = Depends(get_db)):
    return await stream_json_array(
        await db.stream_scalars(
            select(Maker).order_by(Maker.id).execution_options(yield_per=500)
        ),
        list[schemas.MakerStrict],
    )


@router.get("/{maker_id}/products", response_model=list[schemas.ProductOut])
async def read_products_of(maker_id: int, db: AsyncSession = Depends(get_db)):
    if await crud.get_maker(db, maker_id) is None:
        raise HTTPException(status_code=404, detail="No such maker")
    return await stream_json_array(
        await crud.products_of(db, maker_id), list[schemas.ProductOut]
    )


@router.post("", response_model=schemas.MakerOut, status_code=201)
async def create_maker(maker: schemas.MakerIn, db: AsyncSession = Depends(get_db)):
    created = Maker(**maker.model_dump())
    db.add(created)
    await db.commit()
    await db.refresh(created)
    return created
