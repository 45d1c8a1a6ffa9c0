from datetime import date
from typing import Any, List, Optional

from pydantic import BaseModel, ConfigDict, computed_field, field_validator, model_validator


class BookIn(BaseModel):
    title: str
    author: str


class BookOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    label: str
    author: str
    loans: int
    lent_to: Optional[str] = None

    @model_validator(mode="before")
    @classmethod
    def flatten(cls, book: Any) -> Any:
        if isinstance(book, dict):
            return book
        loan = book.current_loan
        return {
            "id": book.id,
            "label": book.label,
            "author": book.author,
            "loans": book.loans,
            "lent_to": loan.member.name if loan else None,
        }

    @field_validator("author", mode="before")
    @classmethod
    def author_name(cls, author: Any) -> str:
        return author if isinstance(author, str) else author.name

    @field_validator("loans", mode="before")
    @classmethod
    def count(cls, loans: Any) -> int:
        return loans if isinstance(loans, int) else len(loans)

    @computed_field
    @property
    def popular(self) -> bool:
        return self.loans > 1


class LoanIn(BaseModel):
    book_id: int
    member_id: int
    due: date


class LoanOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    due: date
    returned: Optional[date]
    book: BookOut


class MemberIn(BaseModel):
    name: str


class MemberOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    open_loans: List[LoanOut] = []
