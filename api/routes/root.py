"""Where everybody starts: the root document, health, the API's own pages."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.answers import answer
from api.auth import caller
from api.catalogue import CATALOGUE
from api.context import context_of
from api.docs_page import docs_page
from api.health import health_document, readiness
from api.problem_pages import html, index_html
from api.routing import StrictRoute
from core.names import Permission
from services.errors import NotFoundError

router = APIRouter(route_class=StrictRoute)
_PAGE_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
_FEATURES = ("margin", "optimise", "var", "portfolios", "prices", "jobs", "schedules", "audit")


@router.get("/", summary="What this service is and where its parts are", tags=["root"])
async def root(request: Request) -> Response:
    """Name the service, its version and its endpoints."""
    caller(request, Permission.READ)
    paths: dict[str, Any] = request.app.openapi()["paths"]
    return answer(
        {
            "service": "Nautilus Collateral",
            "version": version("nautilus-collateral"),
            "status": "operational" if context_of(request).warm else "starting",
            "documentation": "/docs",
            "endpoints": sorted(paths),
            "features": list(_FEATURES),
        }
    )


@router.get("/livez", summary="Whether the process answers", tags=["health"])
async def livez() -> Response:
    """Say that the process answers; nothing else is asked."""
    return answer({"status": "alive"})


@router.get("/readyz", summary="Whether the process can do its work", tags=["health"])
async def readyz(request: Request) -> Response:
    """Say what is missing: 503 without the database or warm kernels, 200 and `degraded` without the rest."""
    ready, document = await readiness(context_of(request))
    return answer(document, 200 if ready else 503, {} if ready else {"Retry-After": "1"})


@router.get("/health", summary="Health, for old clients", tags=["health"])
async def health(request: Request) -> Response:
    """Answer in the earlier engine's fields; `active_portfolios` is null without a token."""
    return answer(await health_document(request))


@router.get("/docs", summary="The API for people", tags=["root"])
async def docs(request: Request) -> Response:
    """Show the OpenAPI document as one page."""
    return HTMLResponse(docs_page(request.app.openapi()), headers=_PAGE_POLICY)


@router.get("/openapi.json", summary="The API for machines", tags=["root"])
async def openapi(request: Request) -> Response:
    """Return the OpenAPI document."""
    return answer(request.app.openapi())


@router.get("/problems/{code}", summary="What a problem code means", tags=["root"])
async def problem_page(code: str) -> Response:
    """Explain one problem code, or list all under `index`."""
    if code == "index":
        return HTMLResponse(index_html(), headers=_PAGE_POLICY)
    if code not in CATALOGUE:
        raise NotFoundError("problem code", code[:64])
    return HTMLResponse(html(code), headers=_PAGE_POLICY)
