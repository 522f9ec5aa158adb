"""`/api/v1/prices`: the latest price of each symbol, and daily histories."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.answers import answer
from api.auth import caller
from api.bodies import CSV, FILE_LIMIT, read_body
from api.context import context_of
from api.examples import HISTORY, PRICES
from api.once import Post, once, post_of, response_of
from api.pages import Cursor, Limit
from api.presenting import page_document
from api.routing import StrictRoute
from api.schemas import IDEMPOTENCY, body
from core.names import Permission
from services import prices
from services.history_file import decode_history
from services.idempotency import Answer
from services.runtime import Runtime

router = APIRouter(prefix="/api/v1/prices", tags=["prices"], route_class=StrictRoute)
Symbols = Annotated[str | None, Query(max_length=16_384, description="Only these, by comma.")]


@router.post(
    "",
    summary="Store prices",
    openapi_extra={**body("Prices", two_prices=PRICES), "parameters": [IDEMPOTENCY]},
)
async def store(request: Request) -> Response:
    """Store the latest price of some symbols; one that is older than the stored one is named and left out."""
    principal = caller(request, Permission.MARKET)
    context = context_of(request)
    post = post_of(request, principal, await read_body(request))
    return response_of(await context.crew.run_sized(len(post.body), _store, context.runtime, post))


@router.get("", summary="List prices by symbol")
async def listing(request: Request, symbols: Symbols = None, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Return a page of the tenant's prices, or certain ones."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    if symbols is not None:
        wanted = [symbol.strip() for symbol in symbols.split(",")]
        items = await context.crew.run(prices.named, context.runtime, principal, wanted)
        return answer(page_document([prices.price_document(item) for item in items], None))
    items, following = await context.crew.run(prices.listing, context.runtime, principal, cursor=cursor, limit=limit)
    return answer(page_document([prices.price_document(item) for item in items], following))


@router.post(
    "/history",
    summary="Store daily closes",
    openapi_extra={**body("text", media="text/csv", three_days=HISTORY), "parameters": [IDEMPOTENCY]},
)
async def store_history(request: Request) -> Response:
    """Store a wide CSV (Date,SYM1,SYM2…), plain or gzipped, up to 256 MiB; empty cells are missing days."""
    principal = caller(request, Permission.MARKET)
    context = context_of(request)
    post = post_of(request, principal, await read_body(request, accept=CSV, limit=FILE_LIMIT))
    size = 10 * len(post.body) if post.body.packed else len(post.body)
    return response_of(await context.crew.run_sized(size, _store_history, context.runtime, post))


@router.get("/history", summary="List the stored histories")
async def history(request: Request) -> Response:
    """Return the newest version of every symbol's history, without its closes."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    found = await context.crew.run(prices.history_listing, context.runtime, principal)
    return answer(page_document([prices.history_document(item) for item in found], None))


def _store(runtime: Runtime, post: Post) -> Answer:
    given = prices.decode_prices(post.body.plain())
    return once(runtime, post, lambda held: prices.store_prices(runtime, post.principal, given, claim=held))


def _store_history(runtime: Runtime, post: Post) -> Answer:
    given = decode_history(post.body.plain())
    return once(runtime, post, lambda held: prices.store_histories(runtime, post.principal, given, claim=held))
