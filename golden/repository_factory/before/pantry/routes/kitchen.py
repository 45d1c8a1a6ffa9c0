from fastapi import APIRouter, Depends

from pantry.kitchen import Kitchen
from pantry.schemas import CookIn, RecipeIn
from pantry.services import RecipeService

router = APIRouter(prefix="/kitchen")


@router.get("")
def read_kitchen(kitchen: Kitchen = Depends()):
    return {"title": kitchen.title, "chef": kitchen.chef, "dishes": kitchen.dishes}


@router.post("/cooks")
def hire(data: CookIn, kitchen: Kitchen = Depends()):
    return kitchen.attempt(lambda: RecipeService(kitchen.repos).hire(data.name))


@router.post("/dishes")
def cook(data: RecipeIn, kitchen: Kitchen = Depends()):
    return kitchen.attempt(lambda: RecipeService(kitchen.repos).add(data))
