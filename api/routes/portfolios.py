"""`/api/v1/portfolios`: store, read, list and delete portfolios; entity tags keep writers apart."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from api.answers import answer, etag, tags_in
from api.auth import caller
from api.bodies import Body
from api.context import context_of
from api.examples import MIXED_PORTFOLIO, SPEC_PORTFOLIO
from api.files import at_address, described, read_content
from api.once import Post, once_then, post_of, response_of
from api.pages import Cursor, Limit
from api.presenting import document_answer, page_document
from api.routing import StrictRoute
from api.schemas import IDEMPOTENCY, header
from api.schemas import body as schema_of
from core.names import Permission
from core.security import Principal
from services import portfolios
from services.idempotency import Answer
from services.intake.decode import decode_portfolio
from services.intake.files import Rows, check_document, check_file
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
    openapi_extra=described(
        {
            **schema_of("Portfolio", long_and_short_in_two_currencies=MIXED_PORTFOLIO),
            "parameters": [_IF_MATCH, _IF_NONE_MATCH],
        },
        given={},
    ),
)
async def put(request: Request, portfolio_id: PortfolioId) -> Response:
    """Store a version: 201 for a new portfolio, 200 else; equal content makes no new version."""
    principal = caller(request, Permission.SUBMIT)
    context = context_of(request)
    given = at_address(await read_content(request), portfolio_id)
    tags = tags_in(request.headers.get("if-match")), tags_in(request.headers.get("if-none-match"))
    stored, new, read_as = await context.crew.run_sized(
        given.weight, _store, context.runtime, principal, portfolio_id, given, tags
    )
    headers = {"ETag": etag(stored.version), "Location": f"/api/v1/portfolios/{quote(portfolio_id, safe='')}"}
    return answer({**portfolios.info_document(stored), **read_as}, 201 if new else 200, headers)


@router.post(
    "/check",
    summary="Check a file of positions",
    openapi_extra=described(
        {**schema_of("Portfolio", two_equities=SPEC_PORTFOLIO), "parameters": [IDEMPOTENCY]}, given={}
    ),
)
async def check(request: Request) -> Response:
    """Say how a file would be read, its mapping and every row that would not do; store nothing."""
    principal = caller(request, Permission.SUBMIT)
    context = context_of(request)
    post = post_of(request, principal, await read_content(request))
    return response_of(await context.crew.run_sized(post.body.weight, _check, context.runtime, post))


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
) -> tuple[StoredPortfolio, bool, dict[str, Any]]:
    portfolio = decode_portfolio(body.content(), portfolio_id=portfolio_id, unpriced=True)
    stored, new = portfolios.store(runtime, principal, portfolio, if_match=tags[0], if_none_match=tags[1])
    read_as = {"input": dict(portfolio.notes)} if body.options is not None else {}
    return stored, new, read_as


def _check(runtime: Runtime, post: Post) -> Answer:
    return once_then(runtime, post, lambda: document_answer(_checked(post.body)))


def _checked(body: Body) -> dict[str, Any]:
    content = body.content()
    if isinstance(content, Rows):
        return check_document(check_file(content.body, content.options))
    portfolio = decode_portfolio(content, unpriced=True)
    return {"acceptable": True, "format": "json", "portfolios": [{"id": portfolio.id, "positions": len(portfolio)}]}
