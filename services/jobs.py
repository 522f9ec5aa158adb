"""Looking after jobs: show, list, result, cancel, dead letters."""

from typing import Any
from uuid import UUID

from core.names import JobState, Measure, Permission
from core.security import Principal
from services.errors import ConflictError, NotFoundError
from services.hints import hint
from services.idempotency import Answering, Held, complete
from services.outcomes import record_ended
from services.runtime import Runtime
from services.wire import unpacked_result
from storage import audit, jobs
from storage.database import Connection


def show(runtime: Runtime, principal: Principal, job_id: UUID) -> jobs.Job:
    """Return a job of the caller's tenant; another tenant's does not exist."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        return _known(jobs.get(conn, principal.tenant, job_id), job_id)


def listing(
    runtime: Runtime,
    principal: Principal,
    *,
    state: JobState | None = None,
    measure: Measure | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[jobs.Job], str | None]:
    """Return a page of the tenant's jobs, newest first, and the cursor of the next."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        return jobs.page(conn, principal.tenant, state=state, measure=measure, cursor=cursor, limit=limit)


def result(runtime: Runtime, principal: Principal, job_id: UUID) -> dict[str, Any]:
    """Return a finished job's result as it goes over the wire."""
    return unpacked_result(packed_result(runtime, principal, job_id))


def packed_result(runtime: Runtime, principal: Principal, job_id: UUID) -> bytes:
    """Return a finished job's result as stored: from the cache, else from Postgres."""
    principal.require(Permission.READ)
    cached = runtime.cache.get_result(principal.tenant, job_id)
    if cached is not None:
        return cached
    with runtime.database.read() as conn:
        data = jobs.result(conn, principal.tenant, job_id)
        if data is None:
            job = _known(jobs.get(conn, principal.tenant, job_id), job_id)
            raise ConflictError(f"The job {job_id} is {job.state.value} and has no result.", remedy=_remedy(job))
    runtime.keep_result(principal.tenant, job_id, data)
    return data


def finished(runtime: Runtime, principal: Principal, job_id: UUID) -> tuple[jobs.Job, dict[str, Any] | None]:
    """Return a job and, once it is done, its result: the body of a GET."""
    job = show(runtime, principal, job_id)
    return job, result(runtime, principal, job_id) if job.state is JobState.DONE else None


def cancel(
    runtime: Runtime,
    principal: Principal,
    job_id: UUID,
    *,
    claim: Held | None = None,
    answer: Answering | None = None,
) -> jobs.Job:
    """Cancel a queued job at once, ask a running one to stop; a finished one is a conflict."""
    principal.require(Permission.SUBMIT)
    with runtime.database.unit_of_work() as conn:
        before = _known(jobs.get(conn, principal.tenant, job_id), job_id)
        _require_own(principal, before)
        job = jobs.request_cancel(conn, principal.tenant, job_id)
        if job is None:
            state = _known(jobs.get(conn, principal.tenant, job_id), job_id).state.value
            raise ConflictError(f"The job {job_id} is {state} already.", remedy="Nothing is left to cancel.")
        _audited(conn, principal, "job.cancel", job)
        complete(conn, claim, answer, job)
        record_ended(conn, job)
    hint(runtime, job)
    return job


def dead(
    runtime: Runtime, principal: Principal, *, cursor: str | None = None, limit: int = 50
) -> tuple[list[jobs.Job], str | None]:
    """Return a page of the tenant's dead letters, newest first."""
    return listing(runtime, principal, state=JobState.DEAD, cursor=cursor, limit=limit)


def replay(
    runtime: Runtime,
    principal: Principal,
    job_id: UUID,
    *,
    claim: Held | None = None,
    answer: Answering | None = None,
) -> jobs.Job:
    """Queue a dead job again with its attempts renewed, and write down who wanted it."""
    principal.require(Permission.OPERATE)
    with runtime.database.unit_of_work() as conn:
        job = jobs.replay_dead(conn, principal.tenant, job_id)
        if job is None:
            state = _known(jobs.get(conn, principal.tenant, job_id), job_id).state.value
            raise ConflictError(f"The job {job_id} is {state}, not dead.", remedy="Submit it again instead.")
        _audited(conn, principal, "job.replay", job)
        complete(conn, claim, answer, job)
    runtime.dispatch(job)
    hint(runtime, job)
    return job


def _known(job: jobs.Job | None, job_id: UUID) -> jobs.Job:
    if job is None:
        raise NotFoundError("job", str(job_id))
    return job


def _require_own(principal: Principal, job: jobs.Job) -> None:
    if job.submitted_by != principal.subject:
        principal.require(Permission.SCHEDULE)  # whoever runs the desk cancels others' jobs too


def _audited(conn: Connection, principal: Principal, action: str, job: jobs.Job) -> None:
    audit.write(
        conn,
        tenant=job.tenant,
        actor=principal.subject,
        action=action,
        subject=str(job.id),
        job_id=job.id,
        detail={"measure": job.measure.value, "state": job.state.value},
    )


def _remedy(job: jobs.Job) -> str:
    return "Its `error` says why." if job.state.is_final else "Poll the job until it is done."
