"""`/api/v1/collateral`: the earlier engine's routes, on its wire shapes."""

from fastapi import APIRouter, Request, Response

from api.answers import answer
from api.health import health_document
from api.routing import StrictRoute

router = APIRouter(prefix="/api/v1/collateral", tags=["collateral"], route_class=StrictRoute)


@router.get("/health", summary="Health, for old clients")
async def health(request: Request) -> Response:
    """Answer in the earlier engine's fields; `active_portfolios` is null without a token."""
    return answer(await health_document(request))
