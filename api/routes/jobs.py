"""`/api/v1/jobs`: submit, look, wait, cancel, follow."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.accepting import SVG, wants_picture
from api.answers import answer
from api.auth import caller
from api.bodies import read_optional_body
from api.context import Context, context_of
from api.examples import DRILL_JOB, MARGIN_JOB, STORED_JOB
from api.files import JOB, described, read_content
from api.once import Post, once, post_of, response_of
from api.pages import Cursor, Limit
from api.paths import job_id_of
from api.preferences import preference_of
from api.presenting import accepted_answer, document_answer, job_answer, page_document, replay_answer
from api.routing import StrictRoute
from api.schemas import IDEMPOTENCY, PREFER, body
from api.sse import event_stream
from api.submitting import submit_job
from api.waiting import settled
from core.names import JobState, Measure, Permission
from core.security import Principal
from services import job_inputs, jobs
from services import replay as replays
from services.idempotency import Answer, Held
from services.pictures import draw, require_picture
from services.wire import job_document

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], route_class=StrictRoute)


@router.post(
    "",
    status_code=202,
    summary="Submit a job",
    openapi_extra=described(
        {
            **body(
                "JobRequest",
                margin_of_a_portfolio=MARGIN_JOB,
                offsets_of_a_stored_portfolio=STORED_JOB,
                drill=DRILL_JOB,
            ),
            "parameters": [IDEMPOTENCY, PREFER],
        },
        JOB,
        given={"measure": "margin"},
    ),
)
async def submit(request: Request) -> Response:
    """Accept a job: 202 with its address; with `Prefer: wait=N` once it has finished or N seconds are over."""
    principal = caller(request, Permission.SUBMIT)
    context = context_of(request)
    preference = preference_of(request)
    post = post_of(request, principal, await read_content(request, JOB))
    found = await context.crew.run_sized(post.body.weight, submit_job, context.runtime, post)
    if preference.wait is None:
        return response_of(found, **preference.headers)
    job_id = UUID(found.headers["Location"].rpartition("/")[2])
    await settled(context, principal, job_id, preference.wait)
    current = await context.crew.run(_current, context, principal, job_id, 202)
    return response_of(current, **{**found.headers, **preference.headers})


@router.get("", summary="List jobs, newest first")
async def listing(
    request: Request,
    state: JobState | None = None,
    measure: Measure | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return a page of the tenant's jobs."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    items, following = await context.crew.run(
        jobs.listing, context.runtime, principal, state=state, measure=measure, cursor=cursor, limit=limit
    )
    return answer(page_document([job_document(job) for job in items], following))


@router.get("/{job_id}", summary="Show a job", openapi_extra={"parameters": [PREFER]})
async def show(request: Request, job_id: str) -> Response:
    """Return a job as it stands, with its result once it is done; `Prefer: wait=N` waits for its end."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    preference = preference_of(request)
    found = job_id_of(job_id)
    if preference.wait is not None:
        await settled(context, principal, found, preference.wait)
    current = await context.crew.run(_current, context, principal, found, 200)
    return response_of(current, **preference.headers)


@router.get("/{job_id}/result", summary="The result alone")
async def result(request: Request, job_id: str) -> Response:
    """Return a finished job's result, or with `Accept: image/svg+xml` the picture of it."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    if wants_picture(request):
        return await context.crew.run(_picture, context, principal, job_id_of(job_id))
    return answer(await context.crew.run(jobs.result, context.runtime, principal, job_id_of(job_id)))


@router.get("/{job_id}/inputs", summary="What a job's number was made from")
async def inputs(request: Request, job_id: str) -> Response:
    """Return the pinned inputs: `measure`, `parameters` and `portfolio` or `crif`, sent again, are the same job."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    return answer(await context.crew.run(job_inputs.show, context.runtime, principal, job_id_of(job_id)))


@router.post(
    "/{job_id}/replay",
    status_code=202,
    summary="Compute a stored number again",
    openapi_extra={"parameters": [IDEMPOTENCY, PREFER]},
)
async def replay(request: Request, job_id: str) -> Response:
    """Compute a done job's pinned inputs again in a job of its own; with `Prefer: wait=N` answer with the verdict."""
    principal = caller(request, Permission.SUBMIT)
    context = context_of(request)
    preference = preference_of(request)
    post = post_of(request, principal, await read_optional_body(request))
    found = await context.crew.run(_replayed, context, post, job_id_of(job_id))
    if preference.wait is None:
        return response_of(found, **preference.headers)
    replay_id = UUID(found.headers["Location"].rpartition("/")[2])
    await settled(context, principal, replay_id, preference.wait)
    current = await context.crew.run(_verdict, context, principal, replay_id, 202)
    return response_of(current, **{**found.headers, **preference.headers})


@router.get("/{job_id}/replay", summary="What came of the latest replay", openapi_extra={"parameters": [PREFER]})
async def verdict(request: Request, job_id: str) -> Response:
    """Return the verdict: equal, equal within a stated bound, or different and why."""
    principal = caller(request, Permission.READ)
    context = context_of(request)
    preference = preference_of(request)
    found = job_id_of(job_id)
    current = await context.crew.run(_verdict, context, principal, found, 200)
    replay_id = current.headers.get("Location", "").rpartition("/")[2]
    if preference.wait is not None and replay_id:
        await settled(context, principal, UUID(replay_id), preference.wait)
        current = await context.crew.run(_verdict, context, principal, found, 200)
    return response_of(current, **preference.headers)


@router.get("/{job_id}/events", summary="Follow a job (SSE)")
async def events(request: Request, job_id: str) -> Response:
    """Stream the job's state and progress until it is final; resumes after `Last-Event-ID`."""
    principal = caller(request, Permission.READ)
    return await event_stream(request, principal, job_id_of(job_id))


@router.post("/{job_id}/cancel", summary="Cancel a job", openapi_extra={"parameters": [IDEMPOTENCY]})
async def cancel(request: Request, job_id: str) -> Response:
    """Cancel a queued job at once, ask a running one to stop; a finished one is a conflict."""
    principal = caller(request, Permission.SUBMIT)
    post = post_of(request, principal, await read_optional_body(request))
    context = context_of(request)
    return response_of(await context.crew.run(_cancel, context, post, job_id_of(job_id)))


@router.post("/{job_id}/retry", summary="Replay a dead job", openapi_extra={"parameters": [IDEMPOTENCY]})
async def retry(request: Request, job_id: str) -> Response:
    """Queue a dead job again with its attempts renewed; the replay is audited."""
    return await replay_dead(request, job_id)


async def replay_dead(request: Request, job_id: str) -> Response:
    """Serve a replay under whatever address it is asked for."""
    principal = caller(request, Permission.OPERATE)
    post = post_of(request, principal, await read_optional_body(request))
    context = context_of(request)
    return response_of(await context.crew.run(_replay, context, post, job_id_of(job_id)))


def _current(context: Context, principal: Principal, job_id: UUID, status: int) -> Answer:
    job, found = jobs.finished(context.runtime, principal, job_id)
    return job_answer(job, found, status)


def _cancel(context: Context, post: Post, job_id: UUID) -> Answer:
    def work(held: Held | None) -> Answer:
        return job_answer(jobs.cancel(context.runtime, post.principal, job_id, claim=held, answer=job_answer), None)

    return once(context.runtime, post, work)


def _picture(context: Context, principal: Principal, job_id: UUID) -> Response:
    job = jobs.show(context.runtime, principal, job_id)
    require_picture(job.measure)
    found = jobs.result(context.runtime, principal, job_id)
    return Response(draw(job.measure, found, portfolio_id=job.portfolio_id or ""), media_type=SVG)


def _replayed(context: Context, post: Post, job_id: UUID) -> Answer:
    def work(held: Held | None) -> Answer:
        return replay_answer(
            replays.replay(context.runtime, post.principal, job_id, trace=post.trace, claim=held, answer=replay_answer)
        )

    return once(context.runtime, post, work)


def _verdict(context: Context, principal: Principal, job_id: UUID, status: int) -> Answer:
    found = replays.verdict(context.runtime, principal, job_id)
    headers = {} if JobState(found["state"]).is_final else {"Location": found["links"]["self"], "Retry-After": "1"}
    return document_answer(found, status, headers)


def _replay(context: Context, post: Post, job_id: UUID) -> Answer:
    def work(held: Held | None) -> Answer:
        return accepted_answer(jobs.replay(context.runtime, post.principal, job_id, claim=held, answer=accepted_answer))

    return once(context.runtime, post, work)
