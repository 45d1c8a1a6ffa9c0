from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

from clinic import crud
from clinic.database import Base, engine, get_db
from clinic.routers import appointments

app = FastAPI(title="Clinic")
app.include_router(appointments.router)


@app.on_event("startup")
def create_tables():
    Base.metadata.create_all(engine)


@app.get("/busiest")
def busiest(db: Session = Depends(get_db)):
    return {"doctor": crud.busiest(db)}
