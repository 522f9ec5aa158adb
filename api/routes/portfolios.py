"""`/api/v1/portfolios`: store, read, list and delete portfolios; entity tags keep writers apart."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from api.answers import answer, etag, tags_in
from api.auth import caller
from api.bodies import Body, read_body
from api.context import context_of
from api.examples import MIXED_PORTFOLIO
from api.pages import Cursor, Limit
from api.presenting import page_document
from api.routing import StrictRoute
from api.schemas import body as schema_of
from api.schemas import header
from core.names import Permission
from core.security import Principal
from services import portfolios
from services.intake.decode import decode_portfolio
from services.runtime import Runtime
from storage.portfolios import StoredPortfolio

router = APIRouter(prefix="/api/v1/portfolios", tags=["portfolios"], route_class=StrictRoute)
PortfolioId = Annotated[str, Path(max_length=128, description="Id of the portfolio.")]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="A certain version; default: the newest.")]
Tags = frozenset[str] | None
_IF_MATCH = header("If-Match", "Only over this version: the ETag of a GET, or `*` for any.")
_IF_NONE_MATCH = header("If-None-Match", "`*`: only if there is none yet. On a GET: 304 if unchanged.")


@router.put(
    "/{portfolio_id}",
    summary="Store a portfolio",
    openapi_extra={
        **schema_of("Portfolio", long_and_short_in_two_currencies=MIXED_PORTFOLIO),
        "parameters": [_IF_MATCH, _IF_NONE_MATCH],
    },
)
async def put(request: Request, portfolio_id: PortfolioId) -> Response:
    """Store a version: 201 for a new portfolio, 200 else; equal content makes no new version."""
    principal = caller(request, Permission.SUBMIT)
    context = context_of(request)
    given = await read_body(request)
    tags = tags_in(request.headers.get("if-match")), tags_in(request.headers.get("if-none-match"))
    stored, new = await context.crew.run_sized(
        len(given), _store, context.runtime, principal, portfolio_id, given, tags
    )
    headers = {"ETag": etag(stored.version), "Location": f"/api/v1/portfolios/{quote(portfolio_id, safe='')}"}
    return answer(portfolios.info_document(stored), 201 if new else 200, headers)


@router.get("/{portfolio_id}", summary="Read a portfolio", openapi_extra={"parameters": [_IF_NONE_MATCH]})
async def show(request: Request, portfolio_id: PortfolioId, version: Version = None) -> Response:
    """Return the portfolio in the shape that stores it again; its version is the ETag."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    known = tags_in(request.headers.get("if-none-match"))
    stored = await context.crew.run(portfolios.show, context.runtime, principal, portfolio_id, version)
    headers = {"ETag": etag(stored.version)}
    if known is not None and known & {"*", str(stored.version)}:
        return Response(status_code=304, headers=headers)
    size = len(stored.columns or b"")
    document = await context.crew.run_sized(10 * size, portfolios.portfolio_document, stored)
    return answer(document, 200, headers)


@router.get("", summary="List portfolios by id")
async def listing(request: Request, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Return a page of the tenant's portfolios, without their positions."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    items, following = await context.crew.run(
        portfolios.listing, context.runtime, principal, cursor=cursor, limit=limit
    )
    return answer(page_document([portfolios.info_document(item) for item in items], following))


@router.get("/{portfolio_id}/versions", summary="List the versions of a portfolio")
async def versions(request: Request, portfolio_id: PortfolioId) -> Response:
    """Return every version, newest first, deletions included."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    found = await context.crew.run(portfolios.versions, context.runtime, principal, portfolio_id)
    return answer(page_document([portfolios.info_document(item) for item in found], None))


@router.delete(
    "/{portfolio_id}", status_code=204, summary="Delete a portfolio", openapi_extra={"parameters": [_IF_MATCH]}
)
async def delete(request: Request, portfolio_id: PortfolioId) -> Response:
    """Delete a portfolio; its versions stay for the jobs that used them."""
    principal = caller(request, Permission.SUBMIT)
    context = context_of(request)
    tags = tags_in(request.headers.get("if-match"))
    await context.crew.run(portfolios.remove, context.runtime, principal, portfolio_id, if_match=tags)
    return Response(status_code=204)


def _store(
    runtime: Runtime, principal: Principal, portfolio_id: str, body: Body, tags: tuple[Tags, Tags]
) -> tuple[StoredPortfolio, bool]:
    portfolio = decode_portfolio(body.plain(), portfolio_id=portfolio_id, unpriced=True)
    return portfolios.store(runtime, principal, portfolio, if_match=tags[0], if_none_match=tags[1])
