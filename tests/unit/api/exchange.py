"""One ASGI exchange in memory, with the body in as many chunks as a test wants."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.problems import answer_problem
from core.errors import CollateralError


def app_of(endpoint: Callable[[Request], Awaitable[Response]]) -> Starlette:
    """Return an application with one route at `/` that answers problems."""
    return Starlette(
        routes=[Route("/", endpoint, methods=["GET", "POST"])],
        exception_handlers={CollateralError: answer_problem},
    )


async def chunks(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def client_of(app: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://api.test")
