from fastapi import FastAPI, Response, status, HTTPException, Depends, APIRouter
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from .. import models, schemas, security, oauth2
from ..database import get_db

router = APIRouter(
    prefix="/users",
    tags=['Users']
)


@router.post("/", status_code=status.HTTP_201_CREATED, response_model=schemas.UserOut)
async def create_user(user: schemas.UserCreate, db: AsyncSession = Depends(get_db)):

    # hash the password - user.password
    hashed_password = await run_in_threadpool(security.hash_password, user.password)
    user.password = hashed_password

    new_user = models.User(**user.model_dump())
    # the first one rules
    if (await db.scalars(select(models.User).limit(1))).first() is None:
        new_user.role = "admin"
    db.add(new_user)
    try:
        await db.commit()
    except IntegrityError:
        await db.rollback()
        raise HTTPException(status_code=409, detail=f"{user.email} is registered already")
    await db.refresh(new_user)

    return new_user


@router.get('/me', response_model=schemas.UserOut)
async def get_me(current_user: models.User = Depends(oauth2.get_current_active_user)):
    return current_user


@router.get('/{id}', response_model=schemas.UserOut)
async def get_user(id: int, db: AsyncSession = Depends(get_db), ):
    user = (
        await db.scalars(select(models.User).where(models.User.id == id).limit(1))
    ).first()
    if not user:
        raise HTTPException(status_code=status.HTTP_404_NOT_FOUND,
                            detail=f"User with id: {id} does not exist")

    return user


@router.get('/', response_model=list[schemas.UserOut], dependencies=[Depends(oauth2.get_admin)])
async def list_users(db: AsyncSession = Depends(get_db)):
    return (await db.scalars(select(models.User).order_by(models.User.email))).all()


@router.put('/{id}/disabled')
async def disable(id: int, on: bool = True, db: AsyncSession = Depends(get_db), admin=Depends(oauth2.get_admin)):
    if admin.id == id:
        raise HTTPException(status_code=400, detail="You can't lock yourself out")
    count = (
        await db.execute(
            update(models.User)
            .where(models.User.id == id)
            .values({"disabled": on})
            .execution_options(synchronize_session=False)
        )
    ).rowcount
    await db.commit()
    if not count:
        raise HTTPException(status_code=404, detail="No such user")
    return {"id": id, "disabled": on}
