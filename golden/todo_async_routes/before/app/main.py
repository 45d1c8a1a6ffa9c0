from fastapi import FastAPI

from app import models
from app.database import engine
from app.routers import todos, users

app = FastAPI(title="Todo")

models.Base.metadata.create_all(bind=engine)


@app.get("/healthy")
def health_check():
    return {"status": "Healthy"}


app.include_router(users.router)
app.include_router(todos.router)
