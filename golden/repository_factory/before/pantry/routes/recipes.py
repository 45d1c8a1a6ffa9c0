from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlalchemy.orm import Session

from pantry.database import generate_session
from pantry.repos.factory import AllRepositories, get_repositories
from pantry.schemas import Page, RecipeIn, RecipeOut, RecipeSummary
from pantry.services import RecipeService

router = APIRouter(prefix="/recipes")


def repositories(session: Session = Depends(generate_session)) -> AllRepositories:
    return get_repositories(session)


@router.get("", response_model=Page[RecipeSummary])
def read_recipes(page: int = 1, repos: AllRepositories = Depends(repositories)):
    return repos.recipes.page_all(page, per_page=2, override_schema=RecipeSummary)


@router.post("", response_model=RecipeOut, status_code=201)
def add_recipe(data: RecipeIn, session: Session = Depends(generate_session)):
    service = RecipeService.with_session(session)
    try:
        return service.add(data)
    except IntegrityError as error:
        raise HTTPException(409, f"{data.title} is there already") from error


@router.get("/tagged/{name}", response_model=list[RecipeSummary])
def read_tagged(name: str, repos: AllRepositories = Depends(repositories)):
    return repos.recipes.tagged(name)


@router.get("/{recipe_id}", response_model=RecipeOut)
def read_recipe(recipe_id: int, repos: AllRepositories = Depends(repositories)):
    recipe = repos.recipes.get_one(recipe_id)
    if recipe is None:
        raise HTTPException(404, "no such recipe")
    return recipe


@router.put("/{recipe_id}", response_model=RecipeOut)
def change_recipe(
    recipe_id: int, data: RecipeIn, repos: AllRepositories = Depends(repositories)
):
    try:
        return repos.recipes.update(recipe_id, data)
    except NoResultFound as error:
        raise HTTPException(404, "no such recipe") from error


@router.delete("/{recipe_id}", response_model=RecipeOut)
def remove_recipe(recipe_id: int, repos: AllRepositories = Depends(repositories)):
    try:
        return repos.recipes.delete(recipe_id)
    except NoResultFound as error:
        raise HTTPException(404, "no such recipe") from error
