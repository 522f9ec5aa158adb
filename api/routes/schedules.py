"""`/api/v1/schedules`: recompute these portfolios every N seconds."""

from fastapi import APIRouter, Request, Response

from api.answers import answer
from api.auth import caller
from api.bodies import read_body, read_optional_body
from api.context import context_of
from api.examples import SCHEDULE
from api.once import Post, once_then, post_of, response_of
from api.presenting import document_answer, page_document
from api.routing import StrictRoute
from api.schemas import IDEMPOTENCY, body
from core.names import Permission
from services import schedules
from services.idempotency import Answer
from services.runtime import Runtime
from services.schedule_request import decode_schedule

router = APIRouter(prefix="/api/v1/schedules", tags=["schedules"], route_class=StrictRoute)


@router.post(
    "",
    status_code=201,
    summary="Add a schedule",
    openapi_extra={**body("Schedule", every_five_seconds=SCHEDULE), "parameters": [IDEMPOTENCY]},
)
async def add(request: Request) -> Response:
    """Add a schedule; beat picks it up within a second or two."""
    principal = caller(request, Permission.SCHEDULE)
    context = context_of(request)
    post = post_of(request, principal, await read_body(request))
    return response_of(await context.crew.run(_add, context.runtime, post))


@router.get("", summary="List schedules by name")
async def listing(request: Request) -> Response:
    """Return the tenant's schedules."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    found = await context.crew.run(schedules.listing, context.runtime, principal)
    return answer(page_document([schedules.schedule_document(item) for item in found], None))


@router.get("/{name}", summary="Show a schedule")
async def show(request: Request, name: str) -> Response:
    """Return one schedule by its id or its name."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    found = await context.crew.run(schedules.show, context.runtime, principal, name)
    return answer(schedules.schedule_document(found))


@router.delete("/{name}", status_code=204, summary="Remove a schedule")
async def remove(request: Request, name: str) -> Response:
    """Remove a schedule by its id or its name; it stops at once."""
    principal = caller(request, Permission.SCHEDULE)
    context = context_of(request)
    await context.crew.run(schedules.remove, context.runtime, principal, name)
    return Response(status_code=204)


@router.post(
    "/{name}/run", status_code=202, summary="Run a schedule once, now", openapi_extra={"parameters": [IDEMPOTENCY]}
)
async def run(request: Request, name: str) -> Response:
    """Submit the schedule's portfolios now, beside its ticks."""
    principal = caller(request, Permission.SCHEDULE)
    context = context_of(request)
    post = post_of(request, principal, await read_optional_body(request))
    return response_of(await context.crew.run(_run, context.runtime, post, name))


def _add(runtime: Runtime, post: Post) -> Answer:
    every = runtime.settings.monitoring_interval_seconds
    wanted = decode_schedule(post.body.plain(), default_every=every)

    def work() -> Answer:
        added = schedules.add(runtime, post.principal, wanted)
        return document_answer(schedules.schedule_document(added), 201, {"Location": f"/api/v1/schedules/{added.id}"})

    return once_then(runtime, post, work)


def _run(runtime: Runtime, post: Post, name: str) -> Answer:
    def work() -> Answer:
        ticked = schedules.run(runtime, post.principal, name, trace=post.trace)
        return document_answer(schedules.ticked_document(ticked), 202)

    return once_then(runtime, post, work)
