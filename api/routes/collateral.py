"""`/api/v1/collateral`: the earlier engine's routes, on its wire shapes."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.answers import answer
from api.auth import caller
from api.calculating import Calculation, Outcome, answer_of_queued, read_margin, read_optimise, run_calculation
from api.context import Context, context_of
from api.examples import MARGIN_CALCULATE, SPEC_PORTFOLIO
from api.files import MARGIN, described, read_content
from api.health import health_document
from api.once import Post, post_of, response_of
from api.preferences import Preference, preference_of
from api.routing import StrictRoute
from api.schemas import IDEMPOTENCY, PREFER, body
from api.waiting import until_final
from core.names import Permission
from services import spec_shapes, status
from services.idempotency import Answer
from services.intake.files import Rows

router = APIRouter(prefix="/api/v1/collateral", tags=["collateral"], route_class=StrictRoute)
Include = Annotated[str | None, Query(pattern="^positions$", description="`positions`: also beyond 1,000 of them.")]
Read = Callable[[bytes | Rows], Calculation]


@router.post(
    "/margin/calculate",
    summary="Calculate the margin of a portfolio",
    openapi_extra=described(
        {
            **body("MarginRequest", the_example_of_the_earlier_engine=MARGIN_CALCULATE),
            "parameters": [IDEMPOTENCY, PREFER],
        },
        MARGIN,
        given={},
    ),
)
async def calculate_margin(request: Request, include: Include = None) -> Response:
    """Return initial, variation and maintenance margin, and with `optimize` the offsets recognised."""
    return await calculate_and_answer(request, partial(read_margin, positions=include is not None), MARGIN)


@router.post(
    "/margin/optimize",
    summary="Show the offsets of a portfolio",
    openapi_extra=described(
        {**body("Portfolio", two_equities=SPEC_PORTFOLIO), "parameters": [IDEMPOTENCY, PREFER]}, given={}
    ),
)
async def optimize_margin(request: Request) -> Response:
    """Return the offsets recognised, each benefit, and what remains gross."""
    return await calculate_and_answer(request, read_optimise)


@router.get("/health", summary="Health, for old clients")
async def health(request: Request) -> Response:
    """Answer in the earlier engine's fields; `active_portfolios` is null without a token."""
    return answer(await health_document(request))


@router.get("/status", summary="Status, for old clients")
async def engine_status(request: Request) -> Response:
    """Answer in the earlier engine's fields, over the tenant's own jobs."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    figures = await context.crew.run(status.figures, context.runtime, principal)
    word = "running" if context.warm else "starting"
    return answer(spec_shapes.status_document(**figures, engine_status=word, uptime_seconds=context.uptime))


@router.get("/performance/metrics", summary="Performance, for old clients")
async def performance(request: Request) -> Response:
    """Answer in the earlier engine's fields, over the tenant's own jobs."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    figures = await context.crew.run(status.figures, context.runtime, principal)
    data = spec_shapes.performance_document(**figures, uptime_seconds=context.uptime)
    return answer({"success": True, "data": data})


async def calculate_and_answer(request: Request, read: Read, fields: Mapping[str, str] | None = None) -> Response:
    """Answer 200, or 202 if the caller asked for it or the time to wait ran out."""
    principal = caller(request, Permission.SUBMIT)
    context = context_of(request)
    preference = preference_of(request)
    with context.calculations.enter():
        post = post_of(request, principal, await read_content(request, fields))
        wanted, outcome = await context.crew.run_sized(post.body.weight, _run, context, post, read, preference)
        found = outcome.answer
        if outcome.waiting:
            found = await _wait(context, post, wanted, outcome, preference)
    return response_of(found, **preference.headers)


def _run(context: Context, post: Post, read: Read, preference: Preference) -> tuple[Calculation, Outcome]:
    wanted = read(post.body.content())
    return wanted, run_calculation(context.runtime, post, wanted, respond_async=preference.respond_async)


async def _wait(context: Context, post: Post, wanted: Calculation, outcome: Outcome, preference: Preference) -> Answer:
    """Return the answer of a calculation that went to a queue, or its 202 once the time to wait is over."""
    longest = context.settings.calculation_timeout
    until = time.monotonic() + (longest if preference.wait is None else min(longest, preference.wait))
    ended = []
    for job in outcome.waiting:
        ended.append(await until_final(context, post.principal, job.id, until - time.monotonic()))
        if not ended[-1].state.is_final:
            return outcome.answer
    return await context.crew.run(answer_of_queued, context.runtime, post.principal, wanted, ended)
