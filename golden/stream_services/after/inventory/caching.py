from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

_kept: dict[str, Any] = {}


def cached(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        if function.__name__ not in _kept:
            _kept[function.__name__] = await function(*args, **kwargs)
        return _kept[function.__name__]

    return wrapper
