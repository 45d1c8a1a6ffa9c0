import hashlib
import time
from functools import lru_cache

from pydantic import BaseModel


class Settings(BaseModel):
    delay: float = 0.005
    retries: int = 3


@lru_cache
def get_settings() -> Settings:
    return Settings()


class Upstream:
    """A slow service, asked over and over again."""

    def __init__(self, name: str):
        self.name = name
        self.failures = 0

    def fetch(self, key: str) -> str:
        time.sleep(get_settings().delay)
        return hashlib.md5(f"{self.name}/{key}".encode()).hexdigest()

    def unreliable(self, key: str) -> str:
        time.sleep(get_settings().delay)
        self.failures += 1
        if self.failures % 2:
            raise ConnectionError(f"{self.name} is away")
        return self.fetch(key)


class Mirror(Upstream):
    def fetch(self, key: str) -> str:
        return super().fetch(key)[::-1]


def with_retries(upstream: Upstream, key: str, *, retries: int) -> str:
    for attempt in range(retries):
        if attempt:
            pause(attempt)
        return upstream.fetch(key)
    raise TimeoutError(key)


def pause(attempt: int) -> None:
    time.sleep(0.001 * attempt)
