"""`/api/v1/parameter-sets`: drafts, approval by a second person, activation, roll back, and a preview of the impact."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime

from api import parameter_set_schemas as schemas
from api.answers import answer, tags_in
from api.auth import caller
from api.bodies import Body, read_body, read_optional_body
from api.context import context_of
from api.once import Post, once, post_of, response_of
from api.pages import Cursor, Limit
from api.presenting import accepted_answer, page_document
from api.routing import StrictRoute
from api.schemas import IDEMPOTENCY, header
from api.schemas import body as schema_of
from core.names import Permission
from core.security import Principal
from services import parameter_set_activations as activations
from services import parameter_set_preview, parameter_sets
from services.idempotency import Answer, Held
from services.parameter_set_request import SET_LIMIT, Wish, decode_draft, decode_wish
from services.runtime import Runtime

router = APIRouter(prefix="/api/v1", tags=["parameter sets"], route_class=StrictRoute)
Name = Annotated[str, Path(max_length=128, description="Name of the set.")]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="A certain version; default: the newest.")]
Model = Annotated[str | None, Query(max_length=64, description="Sets of this model only.")]
Reference = Annotated[str, Query(max_length=128, description="A version, NAME@VERSION, packaged@VERSION or active.")]
Tags = frozenset[str] | None
_IF_MATCH = header("If-Match", "Only as it stands: the ETag of a GET, or `*` for any.")
_IF_NONE_MATCH = header("If-None-Match", "`*`: only if there is none yet. On a GET: 304 if unchanged.")
_STEP = {"parameters": [IDEMPOTENCY, _IF_MATCH]}
Work = Callable[[Wish, Held | None], Answer]


@router.put(
    "/parameter-sets/{name}",
    summary="Store a draft of a parameter set",
    openapi_extra={
        **schema_of("ParameterSet", our_own_schedule=schemas.DRAFT),
        "parameters": [_IF_MATCH, _IF_NONE_MATCH],
    },
)
async def put(request: Request, name: Name) -> Response:
    """Store a version: 201 for a new one, 200 where the newest says the same already."""
    principal = caller(request, Permission.PROPOSE)
    context = context_of(request)
    given = await read_body(request, limit=SET_LIMIT)
    tags = tags_in(request.headers.get("if-match")), tags_in(request.headers.get("if-none-match"))
    found, new = await context.crew.run_sized(len(given), _store, context.runtime, principal, name, given, tags)
    headers = {"ETag": f'"{found.tag}"', "Location": f"/api/v1/parameter-sets/{name}?version={found.version}"}
    return answer(parameter_sets.info_document(found), 201 if new else 200, headers)


@router.get("/parameter-sets/{name}", summary="Read a parameter set", openapi_extra={"parameters": [_IF_NONE_MATCH]})
async def show(request: Request, name: Name, version: Version = None) -> Response:
    """Return one version with its document; version and state are the ETag."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    known = tags_in(request.headers.get("if-none-match"))
    found = await context.crew.run(parameter_sets.show, context.runtime, principal, name, version)
    headers = {"ETag": f'"{found.tag}"'}
    if known is not None and known & {"*", found.tag}:
        return Response(status_code=304, headers=headers)
    return answer(parameter_sets.set_document(found), 200, headers)


@router.get("/parameter-sets", summary="List parameter sets by name")
async def listing(request: Request, model: Model = None, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Return a page of the tenant's sets, the newest version of each, without documents."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    found, following = await context.crew.run(
        parameter_sets.listing, context.runtime, principal, model=model, cursor=cursor, limit=limit
    )
    return answer(page_document([parameter_sets.info_document(item) for item in found], following))


@router.get("/parameter-sets/{name}/versions", summary="List the versions of a parameter set")
async def versions(request: Request, name: Name, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Return a page of versions, newest first, each with its author, approver and state."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    found, following = await context.crew.run(
        parameter_sets.versions, context.runtime, principal, name, cursor=cursor, limit=limit
    )
    return answer(page_document([parameter_sets.info_document(item) for item in found], following))


@router.get("/parameter-sets/{name}/diff", summary="Compare two versions")
async def diff(
    request: Request,
    name: Name,
    source: Annotated[Reference, Query(alias="from")] = "active",
    target: Annotated[Reference, Query(alias="to")] = "",
) -> Response:
    """Return each difference with its JSON pointer, old and new; by default from what is active to the newest."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    found = await context.crew.run(parameter_sets.diff, context.runtime, principal, name, source=source, target=target)
    return answer(found)


@router.post(
    "/parameter-sets/{name}/submit",
    summary="Submit a draft for approval",
    openapi_extra={**schema_of("ParameterSetStep", required=False, the_first_version=schemas.STEP), **_STEP},
)
async def submit(request: Request, name: Name) -> Response:
    """Hand a draft to a second person."""
    return await _step(request, name, Permission.PROPOSE, parameter_sets.submit)


@router.post(
    "/parameter-sets/{name}/approve",
    summary="Approve a submitted version",
    openapi_extra={**schema_of("ParameterSetStep", required=False, the_first_version=schemas.STEP), **_STEP},
)
async def approve(request: Request, name: Name) -> Response:
    """Approve a submitted version as a second person: its author is refused."""
    return await _step(request, name, Permission.APPROVE, parameter_sets.approve)


@router.post(
    "/parameter-sets/{name}/activate",
    status_code=201,
    summary="Activate an approved version",
    openapi_extra={
        **schema_of(
            "ParameterSetActivation",
            required=False,
            from_a_later_date=schemas.ACTIVATION,
            from_today=schemas.ACTIVATION_NOW,
        ),
        **_STEP,
    },
)
async def activate(request: Request, name: Name) -> Response:
    """Make an approved version what its model computes with, from today or a later date."""
    fields = ("version", "active_from", "reason")
    return await _step(request, name, Permission.APPROVE, activations.activate, fields)


@router.post("/parameter-sets/{name}/withdraw", summary="Withdraw a version", openapi_extra=_STEP)
async def withdraw(request: Request, name: Name) -> Response:
    """Give up a version that was never activated; the body is as for submit, and the jobs that used it keep it."""
    return await _step(request, name, Permission.PROPOSE, parameter_sets.withdraw)


@router.post(
    "/parameter-sets/{name}/preview",
    status_code=202,
    summary="Preview a version on all portfolios",
    openapi_extra={
        **schema_of("ParameterSetPreview", required=False, against_what_is_active=schemas.PREVIEW),
        "parameters": [IDEMPOTENCY],
    },
)
async def preview(request: Request, name: Name) -> Response:
    """Submit a bulk job: every stored portfolio under this version and under the active one, before and after."""

    def work(runtime: Runtime, post: Post, wish: Wish, held: Held | None) -> Answer:
        return parameter_set_preview.preview(
            runtime, post.principal, name, wish, trace=post.trace, held=held, answering=accepted_answer
        )

    fields = ("version", "against", "parameters", "deadline_seconds")
    return await _posted(request, Permission.SUBMIT, fields, work)


@router.get("/packaged-parameter-sets", summary="List the packaged parameter sets")
async def packaged(request: Request) -> Response:
    """Return the versions that come with this release, by model."""
    caller(request, Permission.READ)
    return answer(page_document(parameter_sets.packaged_listing(), None))


@router.get("/packaged-parameter-sets/{model}/{version}", summary="Read a packaged parameter set")
async def packaged_one(
    request: Request,
    model: Annotated[str, Path(max_length=64, description="Name of the model.")],
    version: Annotated[str, Path(max_length=64, description="Version of the set.")],
) -> Response:
    """Return a packaged set as the document that a draft can start from."""
    caller(request, Permission.READ)
    context = context_of(request)
    return answer(await context.crew.run(parameter_sets.packaged_set, model, version))


@router.get("/parameter-set-activations", summary="List activations")
async def history(request: Request, model: Model = None, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Return a page of activations, newest first, roll backs and withdrawn ones included."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    found, following = await context.crew.run(
        activations.history, context.runtime, principal, model=model, cursor=cursor, limit=limit
    )
    return answer(page_document([activations.activation_document(item) for item in found], following))


@router.get("/parameter-set-activations/active", summary="What is active on a date")
async def active(
    request: Request,
    on: Annotated[date | None, Query(description="The date; default: today, in UTC.")] = None,
    known_at: Annotated[AwareDatetime | None, Query(description="As it stood at this moment; default: now.")] = None,
) -> Response:
    """Return for each model what it computes with on a date."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    return answer(await context.crew.run(activations.active, context.runtime, principal, on=on, known_at=known_at))


@router.post(
    "/parameter-set-activations/rollback",
    status_code=201,
    summary="Roll back",
    openapi_extra={
        **schema_of("ParameterSetRollBack", to_what_was_active_before=schemas.ROLL_BACK),
        "parameters": [IDEMPOTENCY],
    },
)
async def roll_back(request: Request) -> Response:
    """Make active again what was active before, or an earlier activation by name: a new activation."""

    def work(runtime: Runtime, post: Post, wish: Wish, held: Held | None) -> Answer:
        return activations.roll_back(runtime, post.principal, wish, held=held)

    return await _posted(request, Permission.APPROVE, ("model", "to", "active_from", "reason"), work)


@router.post(
    "/parameter-set-activations/{activation_id}/withdraw",
    summary="Withdraw a planned activation",
    openapi_extra={"parameters": [IDEMPOTENCY]},
)
async def withdraw_activation(
    request: Request, activation_id: Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the activation.")]
) -> Response:
    """Withdraw an activation whose date is still to come; it stays in the history."""

    def work(runtime: Runtime, post: Post, _wish: Wish, held: Held | None) -> Answer:
        return activations.withdraw(runtime, post.principal, activation_id, held=held)

    return await _posted(request, Permission.APPROVE, (), work)


async def _step(
    request: Request,
    name: str,
    permission: Permission,
    step: Callable[..., Answer],
    fields: tuple[str, ...] = ("version", "reason"),
) -> Response:
    tags = tags_in(request.headers.get("if-match"))

    def work(runtime: Runtime, post: Post, wish: Wish, held: Held | None) -> Answer:
        return step(runtime, post.principal, name, wish, held=held, if_match=tags)

    return await _posted(request, permission, fields, work)


async def _posted(
    request: Request,
    permission: Permission,
    fields: tuple[str, ...],
    work: Callable[[Runtime, Post, Wish, Held | None], Answer],
) -> Response:
    principal = caller(request, permission)
    context = context_of(request)
    post = post_of(request, principal, await read_optional_body(request))

    def run() -> Answer:
        wish = decode_wish(post.body.plain(), fields)
        return once(context.runtime, post, lambda held: work(context.runtime, post, wish, held))

    return response_of(await context.crew.run(run))


def _store(runtime: Runtime, principal: Principal, name: str, body: Body, tags: tuple[Tags, Tags]) -> tuple[Any, bool]:
    draft = decode_draft(body.plain())
    return parameter_sets.store(runtime, principal, name, draft, if_match=tags[0], if_none_match=tags[1])
