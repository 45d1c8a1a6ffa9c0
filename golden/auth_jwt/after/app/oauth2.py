import time

from fastapi import Depends, HTTPException, status
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from . import database, models, schemas, security
from .config import settings

oauth2_scheme = OAuth2PasswordBearer(tokenUrl='login')


def create_access_token(data: dict):
    to_encode = data.copy()
    to_encode.update({"exp": time.time() + settings.access_token_expire_minutes * 60})
    return security.encode(to_encode)


def verify_access_token(token: str, credentials_exception):
    try:
        id = security.decode(token).get("user_id")
        if id is None:
            raise credentials_exception
        token_data = schemas.TokenData(id=id)
    except (security.InvalidToken, ValueError, IndexError):
        raise credentials_exception

    return token_data


async def get_current_user(token: str = Depends(oauth2_scheme), db: AsyncSession = Depends(database.get_db)):
    credentials_exception = HTTPException(status_code=status.HTTP_401_UNAUTHORIZED,
                                          detail="Could not validate credentials",
                                          headers={"WWW-Authenticate": "Bearer"})

    token = verify_access_token(token, credentials_exception)

    user = (
        await db.scalars(select(models.User).where(models.User.id == token.id).limit(1))
    ).first()
    if user is None:
        raise credentials_exception

    return user


def get_current_active_user(current_user: models.User = Depends(get_current_user)):
    if current_user.disabled:
        raise HTTPException(status_code=403, detail="This account is disabled")
    return current_user


class RequireRole:
    def __init__(self, role: str):
        self.role = role

    def __call__(self, user: models.User = Depends(get_current_active_user)):
        if user.role != self.role:
            raise HTTPException(status_code=403, detail=f"Only for {self.role}s")
        return user


get_admin = RequireRole("admin")
