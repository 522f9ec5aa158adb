"""For operators, auditors and administrators: dead letters, workers, audit rows, tenants."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.answers import answer
from api.auth import caller
from api.bodies import read_body
from api.context import context_of
from api.examples import TENANT
from api.once import Post, once_then, post_of, response_of
from api.pages import Cursor, Limit
from api.presenting import document_answer, page_document
from api.routes.jobs import replay_dead
from api.routing import StrictRoute
from api.schemas import IDEMPOTENCY, body
from core.names import Permission
from services import audits, jobs, status, tenants
from services.idempotency import Answer
from services.runtime import Runtime
from services.tenant_request import decode_tenant
from services.wire import job_document

router = APIRouter(prefix="/api/v1", tags=["operations"], route_class=StrictRoute)


@router.get("/dead-letters", summary="List dead jobs, newest first")
async def dead_letters(request: Request, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Return a page of the jobs whose attempts are used up."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    items, following = await context.crew.run(jobs.dead, context.runtime, principal, cursor=cursor, limit=limit)
    return answer(page_document([job_document(item) for item in items], following))


@router.post(
    "/dead-letters/{job_id}/replay",
    status_code=202,
    summary="Replay a dead job",
    openapi_extra={"parameters": [IDEMPOTENCY]},
)
async def replay(request: Request, job_id: str) -> Response:
    """Queue a dead job again with its attempts renewed; the replay is audited."""
    return await replay_dead(request, job_id)


@router.get("/cluster", summary="Workers and queues")
async def cluster(request: Request) -> Response:
    """Return every remembered worker, whether it lives, what it serves, and how the queues stand."""
    principal = caller(request, Permission.OPERATE)
    context = context_of(request)
    return answer(await context.crew.run(status.cluster, context.runtime, principal))


@router.get("/audit", summary="Audit rows, newest first")
async def audit(
    request: Request,
    subject: Annotated[str | None, Query(max_length=256)] = None,
    job_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of who did what."""
    principal = caller(request, Permission.AUDIT)
    context = context_of(request)
    items, following = await context.crew.run(
        audits.listing, context.runtime, principal, subject=subject, job_id=job_id, cursor=cursor, limit=limit
    )
    return answer(page_document([audits.audit_document(item) for item in items], following))


@router.get("/tenants", summary="List tenants")
async def list_tenants(request: Request) -> Response:
    """Return every tenant of the cluster."""
    caller(request, Permission.ADMINISTER)
    context = context_of(request)
    found = await context.crew.run(tenants.list_tenants, context.runtime.database)
    return answer(page_document([tenants.tenant_document(item) for item in found], None))


@router.post(
    "/tenants",
    status_code=201,
    summary="Add a tenant",
    openapi_extra={**body("Tenant", one_desk=TENANT), "parameters": [IDEMPOTENCY]},
)
async def add_tenant(request: Request) -> Response:
    """Add a tenant; its tokens are issued at the machine (`collateral token --tenant ID`)."""
    principal = caller(request, Permission.ADMINISTER)
    context = context_of(request)
    post = post_of(request, principal, await read_body(request))
    return response_of(await context.crew.run(_add_tenant, context.runtime, post))


def _add_tenant(runtime: Runtime, post: Post) -> Answer:
    tenant, name = decode_tenant(post.body.plain())

    def work() -> Answer:
        added = tenants.add_tenant(runtime.database, tenant, name, actor=post.principal.subject)
        return document_answer(tenants.tenant_document(added), 201)

    return once_then(runtime, post, work)
