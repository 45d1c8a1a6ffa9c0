"""Who asked for what: one line that nobody waits for, and one that the answer needs."""

import asyncio

lines: list[str] = []


async def write(line: str) -> int:
    await asyncio.sleep(0.01)
    lines.append(line)
    return len(lines)


class Journal:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        await self.app(scope, receive, send)
        await write(f"{scope['method']} {path}")


async def number_answers(request, call_next):
    response = await call_next(request)
    if request.url.path.startswith("/partner/prices"):
        # The header needs the number.
        response.headers["x-number"] = str(await write("a price"))
    return response
