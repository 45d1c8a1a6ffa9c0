from fastapi import APIRouter, Depends, HTTPException

from pantry.repos.factory import AllRepositories
from pantry.routes.recipes import repositories
from pantry.schemas import CookIn, CookOut, TagIn, TagOut
from pantry.services import RecipeService

router = APIRouter()


@router.post("/tags", response_model=list[TagOut], status_code=201)
def add_tags(data: list[TagIn], repos: AllRepositories = Depends(repositories)):
    return repos.tags.create_many(data)


@router.get("/tags/unused", response_model=list[TagOut])
def read_unused_tags(repos: AllRepositories = Depends(repositories)):
    return repos.tags.unused()


@router.patch("/tags/{name}")
def rename_tag(name: str, data: TagIn, repos: AllRepositories = Depends(repositories)):
    if not RecipeService(repos).rename_tag(name, data.name):
        raise HTTPException(404, "no such tag")
    return {"renamed": data.name}


@router.patch("/cooks/{cook_id}", response_model=CookOut)
def change_cook(cook_id: int, data: CookIn, repos: AllRepositories = Depends(repositories)):
    if repos.cooks.get_one(cook_id) is None:
        raise HTTPException(404, "no such cook")
    return repos.cooks.patch(cook_id, data.model_dump())
