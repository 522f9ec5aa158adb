"""Reading jobs: one, several, a page, inputs, results."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, func, literal, select, tuple_

from core.names import JobState, Measure
from storage.jobs.records import Inputs, Job, Stored, job_from, jobs_from
from storage.jobs.states import UNFINISHED, is_in
from storage.paging import read_moment, write_moment
from storage.schema import job_inputs, jobs, portfolios, results

_OWN = and_(jobs.c.id == bindparam("job_id"), jobs.c.tenant == bindparam("of_tenant"))
_GET = select(*jobs.c).where(_OWN)
_RESULT = select(results.c["columns"]).where(
    results.c.job_id == bindparam("job_id"), results.c.tenant == bindparam("of_tenant")
)
_INPUTS = (
    select(
        job_inputs.c.parameters,
        job_inputs.c.market,
        func.coalesce(job_inputs.c.content_hash, portfolios.c.content_hash),
        func.coalesce(job_inputs.c.columns, portfolios.c["columns"]),
        job_inputs.c.columns.is_not(None),
    )
    .select_from(
        jobs.join(job_inputs, job_inputs.c.job_id == jobs.c.id).outerjoin(
            portfolios,
            and_(
                portfolios.c.tenant == jobs.c.tenant,
                portfolios.c.id == jobs.c.portfolio_id,
                portfolios.c.version == jobs.c.portfolio_version,
            ),
        )
    )
    .where(_OWN)
)
_STORED = select(results.c.content_hash, results.c["columns"], results.c.environment).where(
    results.c.job_id == bindparam("job_id"), results.c.tenant == bindparam("of_tenant")
)
_LATEST_REPLAY = (
    select(*jobs.c)
    .where(jobs.c.replay_of == bindparam("job_id"), jobs.c.tenant == bindparam("of_tenant"))
    .order_by(jobs.c.submitted_at.desc(), jobs.c.id.desc())
    .limit(1)
)
_UNFINISHED = select(func.count()).where(jobs.c.tenant == bindparam("of_tenant"), UNFINISHED)


def get(connection: Connection, tenant: str, job_id: UUID) -> Job | None:
    """Return a tenant's job, or None."""
    row = connection.execute(_GET, {"job_id": job_id, "of_tenant": tenant}).one_or_none()
    return None if row is None else job_from(row)


def get_many(connection: Connection, tenant: str, job_ids: Sequence[UUID]) -> dict[UUID, Job]:
    """Return a tenant's jobs by id; those that do not exist are left out."""
    statement = select(*jobs.c).where(jobs.c.tenant == tenant, jobs.c.id.in_(job_ids))
    return {job.id: job for job in jobs_from(connection.execute(statement))}


def result(connection: Connection, tenant: str, job_id: UUID) -> bytes | None:
    """Return the packed result of a tenant's job, or None while there is none."""
    return connection.execute(_RESULT, {"job_id": job_id, "of_tenant": tenant}).scalar_one_or_none()


def inputs(connection: Connection, tenant: str, job_id: UUID) -> Inputs | None:
    """Return what a tenant's job was given to read, or None if there is no such job."""
    row = connection.execute(_INPUTS, {"job_id": job_id, "of_tenant": tenant}).one_or_none()
    if row is None:
        return None
    return Inputs(parameters=row[0], market=row[1], content_hash=row[2], columns=row[3], own=row[4])


def stored(connection: Connection, tenant: str, job_id: UUID) -> Stored | None:
    """Return a tenant's result with what it was computed in, or None while there is none."""
    row = connection.execute(_STORED, {"job_id": job_id, "of_tenant": tenant}).one_or_none()
    return None if row is None else Stored(content_hash=row[0], columns=row[1], environment=row[2])


def latest_replay(connection: Connection, tenant: str, job_id: UUID) -> Job | None:
    """Return the job that replayed a tenant's job last, or None if none has."""
    row = connection.execute(_LATEST_REPLAY, {"job_id": job_id, "of_tenant": tenant}).one_or_none()
    return None if row is None else job_from(row)


def unfinished(connection: Connection, tenant: str) -> int:
    """Return how many of a tenant's jobs are queued or running."""
    return connection.execute(_UNFINISHED, {"of_tenant": tenant}).scalar_one()


def page(
    connection: Connection,
    tenant: str,
    *,
    state: JobState | None = None,
    measure: Measure | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[Job], str | None]:
    """Return a tenant's jobs, newest first, and the cursor of the next page; raise CursorError."""
    statement = select(*jobs.c).where(jobs.c.tenant == tenant)
    if state is not None:
        statement = statement.where(is_in(jobs, state))
    if measure is not None:
        statement = statement.where(jobs.c.measure == measure.value)
    if cursor is not None:
        moment, job_id = read_moment(cursor)
        position = tuple_(literal(moment, jobs.c.submitted_at.type), literal(job_id, jobs.c.id.type))
        statement = statement.where(tuple_(jobs.c.submitted_at, jobs.c.id) < position)
    statement = statement.order_by(jobs.c.submitted_at.desc(), jobs.c.id.desc()).limit(limit + 1)
    found = jobs_from(connection.execute(statement))
    more = len(found) > limit
    return found[:limit], write_moment(found[limit - 1].submitted_at, found[limit - 1].id) if more else None
