import time

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.middleware.base import BaseHTTPMiddleware

from audit.background_tasks import background, values_of_request
from audit.database import SessionLocal
from audit.journal import check_quota, count_visit, log_size, tidy
from audit.models import AuditRow, ErrorRow


class QuotaMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        owner = request.headers.get("x-user", "anonymous")
        if request.method == "POST":
            try:
                await check_quota(owner)
            except Exception:
                return JSONResponse({"detail": "quota used up"}, status_code=429)
        response = await call_next(request)
        if request.method == "POST" and response.status_code < 400:
            await background.run(tidy(owner), name="tidy")
        return response


class VisitsMiddleware(BaseHTTPMiddleware):
    """The number of the visit is a header: it has to be known before the answer."""

    def __init__(self, app, header: str = "X-Visit"):
        super().__init__(app)
        self.header = header

    async def dispatch(self, request: Request, call_next):
        response = await call_next(request)
        visit = await count_visit(request.url.path)
        response.headers[self.header] = str(visit)
        await background.run(self.slow(values_of_request(request), 0.5), name="slow")
        return response

    async def slow(self, request: Request, limit: float):
        if time.time() < limit:
            async with SessionLocal() as db:
                db.add(AuditRow(method="SLOW", path=request.url.path, status=0, user=""))
                await db.commit()


class SizeMiddleware(BaseHTTPMiddleware):
    """Reads the body, which is gone after the response."""

    async def dispatch(self, request: Request, call_next):
        await request.body()
        response = await call_next(request)
        if request.method == "POST":
            await log_size(request)
        return response


class ErrorsMiddleware:
    """Pure ASGI: writes down every answer that is an error."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def send_and_see(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self.app(scope, receive, send_and_see)
        if status >= 400:
            await background.run(self.write(scope["path"], status), name="write")

    async def write(self, path, status):
        async with SessionLocal() as db:
            db.add(ErrorRow(path=path, status=status))
            await db.commit()
