from collections.abc import Callable
from functools import cached_property

from fastapi import Depends
from sqlalchemy.orm import Session

from pantry.database import generate_session
from pantry.repos.factory import AllRepositories
from pantry.schemas import CookOut


class Kitchen:
    """What the routes of the kitchen share; made for each request."""

    def __init__(self, session: Session = Depends(generate_session)) -> None:
        self.session = session

    @cached_property
    def repos(self) -> AllRepositories:
        return AllRepositories(self.session)

    @cached_property
    def chef(self) -> CookOut | None:
        """Who came first."""
        cooks = self.repos.cooks.page_all(per_page=1).items
        return cooks[0] if cooks else None

    @property
    def dishes(self) -> int:
        return self.repos.recipes.page_all(per_page=1).total

    @property
    def title(self) -> str:
        return f"{self.chef.name}'s kitchen" if self.chef else "An empty kitchen"

    def attempt(self, action: Callable[[], object]) -> dict[str, str]:
        try:
            action()
        except ValueError as error:
            self.session.rollback()
            return {"failed": str(error)}
        return {"done": self.title}
