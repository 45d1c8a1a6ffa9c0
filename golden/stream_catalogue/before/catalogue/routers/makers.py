from fastapi import APIRouter, Depends, HTTPException, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import crud, schemas
from ..database import get_db
from ..models import Maker

router = APIRouter(prefix="/makers", tags=["makers"])


@router.get("")
def read_makers(db: Session = Depends(get_db)) -> list[schemas.MakerOut]:
    return db.scalars(select(Maker).order_by(Maker.name)).all()


@router.get("/counted", response_model=list[schemas.MakerOut])
def read_counted(response: Response, db: Session = Depends(get_db)):
    response.headers["X-Products"] = str(crud.count(db))
    return db.scalars(select(Maker).order_by(Maker.id)).all()


@router.get("/lonely", response_model=list[schemas.MakerOut])
def read_lonely(db: Session = Depends(get_db)):
    return crud.lonely(db)


@router.get("/names")
def read_names(db: Session = Depends(get_db)):
    return [maker.name for maker in crud.makers(db)]


@router.get("/strict", response_model=list[schemas.MakerStrict])
def read_strict(db: Session = Depends(get_db)):
    return db.scalars(select(Maker).order_by(Maker.id)).all()


@router.get("/{maker_id}/products", response_model=list[schemas.ProductOut])
def read_products_of(maker_id: int, db: Session = Depends(get_db)):
    if crud.get_maker(db, maker_id) is None:
        raise HTTPException(status_code=404, detail="No such maker")
    return crud.products_of(db, maker_id)


@router.post("", response_model=schemas.MakerOut, status_code=201)
def create_maker(maker: schemas.MakerIn, db: Session = Depends(get_db)):
    created = Maker(**maker.model_dump())
    db.add(created)
    db.commit()
    return created
