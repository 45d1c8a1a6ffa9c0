from fastapi import FastAPI, Response, status, HTTPException, Depends, APIRouter
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from .. import models, schemas, security, oauth2
from ..database import get_db

router = APIRouter(
    prefix="/users",
    tags=['Users']
)


@router.post("/", status_code=status.HTTP_201_CREATED, response_model=schemas.UserOut)
def create_user(user: schemas.UserCreate, db: Session = Depends(get_db)):

    # hash the password - user.password
    hashed_password = security.hash_password(user.password)
    user.password = hashed_password

    new_user = models.User(**user.model_dump())
    # the first one rules
    if db.query(models.User).first() is None:
        new_user.role = "admin"
    db.add(new_user)
    try:
        db.commit()
    except IntegrityError:
        db.rollback()
        raise HTTPException(status_code=409, detail=f"{user.email} is registered already")
    db.refresh(new_user)

    return new_user


@router.get('/me', response_model=schemas.UserOut)
async def get_me(current_user: models.User = Depends(oauth2.get_current_active_user)):
    return current_user


@router.get('/{id}', response_model=schemas.UserOut)
def get_user(id: int, db: Session = Depends(get_db), ):
    user = db.query(models.User).filter(models.User.id == id).first()
    if not user:
        raise HTTPException(status_code=status.HTTP_404_NOT_FOUND,
                            detail=f"User with id: {id} does not exist")

    return user


@router.get('/', response_model=list[schemas.UserOut], dependencies=[Depends(oauth2.get_admin)])
def list_users(db: Session = Depends(get_db)):
    return db.query(models.User).order_by(models.User.email).all()


@router.put('/{id}/disabled')
async def disable(id: int, on: bool = True, db: Session = Depends(get_db), admin=Depends(oauth2.get_admin)):
    if admin.id == id:
        raise HTTPException(status_code=400, detail="You can't lock yourself out")
    count = db.query(models.User).filter(models.User.id == id).update(
        {"disabled": on}, synchronize_session=False)
    db.commit()
    if not count:
        raise HTTPException(status_code=404, detail="No such user")
    return {"id": id, "disabled": on}
