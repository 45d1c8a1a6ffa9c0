from fastapi import FastAPI, Response, status, HTTPException, Depends, APIRouter
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from .. import schemas, database, models, oauth2

router = APIRouter(
    prefix="/vote",
    tags=['Vote']
)


@router.post("/", status_code=status.HTTP_201_CREATED)
async def vote(vote: schemas.Vote, db: AsyncSession = Depends(database.get_db), current_user: models.User = Depends(oauth2.get_current_active_user)):

    post = (
        await db.scalars(
            select(models.Post).where(models.Post.id == vote.post_id).limit(1)
        )
    ).first()
    if not post:
        raise HTTPException(status_code=status.HTTP_404_NOT_FOUND,
                            detail=f"Post with id: {vote.post_id} does not exist")

    vote_query = select(models.Vote).where(
        models.Vote.post_id == vote.post_id, models.Vote.user_id == current_user.id
    )

    found_vote = (await db.scalars(vote_query.limit(1))).first()
    if (vote.dir == 1):
        if found_vote:
            raise HTTPException(status_code=status.HTTP_409_CONFLICT,
                                detail=f"user {current_user.id} has already voted on post {vote.post_id}")
        new_vote = models.Vote(post_id=vote.post_id, user_id=current_user.id)
        db.add(new_vote)
        await db.commit()
        return {"message": "successfully added vote"}
    else:
        if not found_vote:
            raise HTTPException(status_code=status.HTTP_404_NOT_FOUND,
                                detail="Vote does not exist")

        await db.execute(
            delete(models.Vote)
            .where(vote_query.whereclause)
            .execution_options(synchronize_session=False)
        )
        await db.commit()

        return {"message": "successfully deleted vote"}
