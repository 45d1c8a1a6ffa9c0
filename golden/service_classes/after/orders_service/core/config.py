"""Settings, read once from the environment."""

import os
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True)
class Settings:
    database_url: str = field(
        default_factory=lambda: os.environ.get("DATABASE_URL", "sqlite:///orders.db")
    )
    low_stock: int = field(default_factory=lambda: int(os.environ.get("LOW_STOCK", "3")))
    echo: bool = False


@lru_cache
def get_settings() -> Settings:
    return Settings()
