from fastapi import APIRouter, Depends

from pantry.kitchen import Kitchen
from pantry.schemas import CookIn, RecipeIn
from pantry.services import RecipeService

router = APIRouter(prefix="/kitchen")


@router.get("")
async def read_kitchen(kitchen: Kitchen = Depends()):
    return {
        "title": await kitchen.title,
        "chef": await kitchen.chef,
        "dishes": await kitchen.dishes,
    }


@router.post("/cooks")
async def hire(data: CookIn, kitchen: Kitchen = Depends()):
    return await kitchen.attempt(lambda: RecipeService(kitchen.repos).hire(data.name))


@router.post("/dishes")
async def cook(data: RecipeIn, kitchen: Kitchen = Depends()):
    return await kitchen.attempt(lambda: RecipeService(kitchen.repos).add(data))
