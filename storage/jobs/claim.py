"""A worker's hold on a job: claim, heartbeat, release. Each is one statement, so that of two workers one wins."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Connection, Select, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE

from core.names import JobState
from storage.jobs.records import Claim, Heartbeat, Inputs, job_from
from storage.jobs.states import QUEUED, RUNNING
from storage.schema import job_inputs, jobs, portfolios
from storage.sql import interval, now


def _claim() -> Select[Any]:
    claimed = (
        update(jobs)
        .where(
            jobs.c.id == bindparam("job_id"),
            QUEUED,
            jobs.c.available_at <= now(),
            or_(jobs.c.deadline_at.is_(None), jobs.c.deadline_at > now()),
        )
        .values(
            state=JobState.RUNNING.value,
            attempt=jobs.c.attempt + 1,
            token=func.gen_random_uuid(),
            worker=bindparam("by_worker"),
            code_version=bindparam("by_code_version"),
            lease_expires_at=now() + interval("lease_seconds"),
            started_at=now(),
            progress_done=0,
            progress_total=0,
        )
        .returning(*jobs.c)
        .cte("claimed")
    )
    stored = and_(
        portfolios.c.tenant == claimed.c.tenant,
        portfolios.c.id == claimed.c.portfolio_id,
        portfolios.c.version == claimed.c.portfolio_version,
    )
    return select(
        *claimed.c,
        job_inputs.c.parameters,
        job_inputs.c.market,
        func.coalesce(job_inputs.c.content_hash, portfolios.c.content_hash),
        func.coalesce(job_inputs.c.columns, portfolios.c["columns"]),
    ).select_from(claimed.join(job_inputs, job_inputs.c.job_id == claimed.c.id).outerjoin(portfolios, stored))


def held(job_id: str = "job_id", token: str = "held_token") -> Any:  # noqa: S107 - the name of a bound parameter
    """Return the condition under which an attempt may write: it still runs under the token of its claim."""
    return and_(
        jobs.c.id == bindparam(job_id, type_=UUID_TYPE(as_uuid=True)),
        jobs.c.token == bindparam(token, type_=UUID_TYPE(as_uuid=True)),
        RUNNING,
    )


_CLAIM = _claim()
_HEARTBEAT = (
    update(jobs)
    .where(held())
    .values(
        lease_expires_at=now() + interval("lease_seconds"),
        progress_done=bindparam("done", type_=BigInteger),
        progress_total=bindparam("total", type_=BigInteger),
    )
    .returning(jobs.c.cancel_requested, func.coalesce(jobs.c.deadline_at <= now(), False))
)
_RELEASE = (
    update(jobs)
    .where(held())
    .values(
        state=JobState.QUEUED.value,
        attempt=jobs.c.attempt - 1,
        token=None,
        worker=None,
        lease_expires_at=None,
        available_at=now(),
        sent_at=None,
    )
    .returning(jobs.c.id)
)


def claim(
    connection: Connection, job_id: UUID, *, worker: str, lease_seconds: float, code_version: str
) -> Claim | None:
    """Take a queued job under a lease, with its inputs; None if it is not there to be taken."""
    bound = {
        "job_id": job_id,
        "by_worker": worker,
        "lease_seconds": lease_seconds,
        "by_code_version": code_version,
    }
    row = connection.execute(_CLAIM, bound).one_or_none()
    if row is None:
        return None
    job = job_from(row)
    assert job.token is not None  # noqa: S101 - the table's own check
    parameters, market, content_hash, columns = row[-4:]
    inputs = Inputs(parameters=parameters, market=market, content_hash=content_hash, columns=columns)
    return Claim(job=job, token=job.token, inputs=inputs)


def heartbeat(
    connection: Connection, job_id: UUID, token: UUID, *, lease_seconds: float, done: int, total: int
) -> Heartbeat:
    """Extend the lease and report progress; learn whether to stop."""
    bound = {"job_id": job_id, "held_token": token, "lease_seconds": lease_seconds, "done": done, "total": total}
    row = connection.execute(_HEARTBEAT, bound).one_or_none()
    if row is None:
        return Heartbeat(held=False)
    return Heartbeat(held=True, cancel_requested=row[0], deadline_passed=row[1])


def release(connection: Connection, job_id: UUID, token: UUID) -> bool:
    """Put a job back in its queue without using up the attempt; False if the token no longer holds."""
    return connection.execute(_RELEASE, {"job_id": job_id, "held_token": token}).one_or_none() is not None
