"""Who asked for which file."""

import asyncio

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse

from files.background_tasks import background

seen: list[str] = []


async def remember(method: str, path: str, status: int) -> None:
    await asyncio.sleep(0.01)
    seen.append(f"{method} {path} {status}")


class AccessLog(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        await background.run(
            remember(request.method, request.url.path, response.status_code),
            name="remember",
        )
        return response


class Quota(BaseHTTPMiddleware):
    def __init__(self, app, limit: int):
        super().__init__(app)
        self.limit = limit
        self.used = 0

    async def spend(self, amount: int) -> int:
        await asyncio.sleep(0)
        self.used += amount
        return self.used

    async def dispatch(self, request, call_next):
        # Before the request: it decides whether there is one.
        if await self.spend(1) > self.limit:
            return JSONResponse({"detail": "Too many"}, status_code=429)
        try:
            response = await call_next(request)
        except RuntimeError:
            await self.spend(10)
            raise
        # Its error is answered.
        try:
            await self.spend(int(response.headers.get("x-cost", "0")))
        except ValueError:
            return JSONResponse({"detail": "What a price"}, status_code=500)
        return response
