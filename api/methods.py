"""Methods of a path: HEAD wherever there is GET, and an Allow header that names them all."""

from functools import cache

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import answer_problem
from api.routes import ROUTERS

_STREAMS = "/events"  # the head of a stream would be a stream without an end


class Heads:
    """ASGI middleware: a HEAD is served as its GET; the server below leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request under the method that its route knows."""
        if scope["type"] == "http" and scope["method"] == "HEAD" and not scope["path"].endswith(_STREAMS):
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


async def name_methods(request: Request, _: Exception) -> Response:
    """Answer 405 with every method of the path, whichever of its routes was tried first."""
    error = HTTPException(405, headers={"Allow": allowed(request.url.path)})
    return await answer_problem(request, error)


def allowed(path: str) -> str:
    """Return the methods of a path as an Allow header lists them."""
    found = {method for route in _routes() if route.path_regex.fullmatch(path) for method in route.methods or ()}
    if "GET" in found and not path.endswith(_STREAMS):
        found.add("HEAD")
    return ", ".join(sorted(found))


@cache
def _routes() -> tuple[APIRoute, ...]:
    return tuple(route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute))
