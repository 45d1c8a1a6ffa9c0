from fastapi import APIRouter, Depends, status, HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.security.oauth2 import OAuth2PasswordRequestForm
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .. import database, schemas, models, security, oauth2

router = APIRouter(tags=['Authentication'])


async def authenticate(db: AsyncSession, email: str, password: str):
    user = (
        await db.scalars(select(models.User).where(models.User.email == email).limit(1))
    ).first()
    if not user or not await run_in_threadpool(
        security.verify_password, password, user.password
    ):
        return None
    return user


@router.post('/login', response_model=schemas.Token)
async def login(user_credentials: OAuth2PasswordRequestForm = Depends(), db: AsyncSession = Depends(database.get_db)):

    user = await authenticate(db, user_credentials.username, user_credentials.password)

    if not user:
        raise HTTPException(
            status_code=status.HTTP_403_FORBIDDEN, detail=f"Invalid Credentials")

    # create a token
    # return token

    access_token = oauth2.create_access_token(data={"user_id": user.id})

    return {"access_token": access_token, "token_type": "bearer"}
