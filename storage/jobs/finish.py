"""How an attempt ends: with a result, a failure or a cancellation; every write needs the token of the claim."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    LargeBinary,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from core.names import JobState
from storage.jobs.claim import held
from storage.jobs.records import Job, job_from
from storage.jobs.states import QUEUED, UNFINISHED
from storage.packed import Packed
from storage.schema import jobs, results
from storage.sql import interval, now

_LET_GO = {"token": None, "lease_expires_at": None}


def _finish() -> Select[Any]:
    finished = (
        update(jobs)
        .where(held())
        .values(
            **_LET_GO,
            state=JobState.DONE.value,
            error=null(),
            device=bindparam("by_device", type_=Text),
            run_ms=bindparam("took_ms", type_=Double),
            finished_at=now(),
        )
        .returning(*jobs.c)
        .cte("finished")
    )
    stored = insert(results).from_select(
        ["job_id", "tenant", "content_hash", "columns", "environment"],
        select(
            finished.c.id,
            finished.c.tenant,
            bindparam("result_hash", type_=Text),
            bindparam("result_columns", type_=LargeBinary),
            bindparam("in_environment", type_=JSONB(none_as_null=True)),
        ),
    )
    return select(*finished.c).add_cte(stored.cte("stored"))


def _failed_state() -> ColumnElement[str]:
    retry = cast(bindparam("retry_seconds"), Double)
    return case(
        (retry.is_(None), JobState.FAILED.value),
        (jobs.c.cancel_requested, JobState.CANCELLED.value),
        (jobs.c.attempt >= jobs.c.max_attempts, JobState.DEAD.value),
        else_=JobState.QUEUED.value,
    )


_FINISH = _finish()
_FAIL = (
    update(jobs)
    .where(held())
    .values(
        **_LET_GO,
        state=_failed_state(),
        error=bindparam("with_error", type_=JSONB),
        sent_at=null(),
        available_at=now() + interval("retry_or_now"),
        finished_at=case((_failed_state() == JobState.QUEUED.value, None), else_=now()),
    )
    .returning(*jobs.c)
)
_CANCELLED = (
    update(jobs).where(held()).values(**_LET_GO, state=JobState.CANCELLED.value, finished_at=now()).returning(*jobs.c)
)
_REQUEST_CANCEL = (
    update(jobs)
    .where(
        jobs.c.id == bindparam("job_id"),
        jobs.c.tenant == bindparam("of_tenant"),
        UNFINISHED,
    )
    .values(
        state=case((QUEUED, JobState.CANCELLED.value), else_=jobs.c.state),
        finished_at=case((QUEUED, now()), else_=None),
        cancel_requested=True,
    )
    .returning(*jobs.c)
)
_REPLAY = (
    update(jobs)
    .where(
        jobs.c.id == bindparam("job_id"),
        jobs.c.tenant == bindparam("of_tenant"),
        jobs.c.state == JobState.DEAD.value,
    )
    .values(
        state=JobState.QUEUED.value,
        attempt=0,
        sends=0,
        sent_at=None,
        available_at=now(),
        deadline_at=now() + func.make_interval(0, 0, 0, 0, 0, 0, jobs.c.deadline_seconds),
        cancel_requested=False,
        worker=None,
        error=null(),
        finished_at=None,
    )
    .returning(*jobs.c)
)


def finish(
    connection: Connection,
    job_id: UUID,
    token: UUID,
    *,
    result: Packed,
    device: str,
    run_ms: float,
    environment: Mapping[str, Any] | None = None,
) -> Job | None:
    """Store the result and mark the job done; None if the token no longer holds, and then nothing is written."""
    bound = {
        "job_id": job_id,
        "held_token": token,
        "result_hash": result.content_hash,
        "result_columns": result.data,
        "by_device": device,
        "took_ms": run_ms,
        "in_environment": None if environment is None else dict(environment),
    }
    return _one(connection, _FINISH, bound)


def fail(
    connection: Connection, job_id: UUID, token: UUID, *, error: Mapping[str, Any], retry_in_seconds: float | None
) -> Job | None:
    """End an attempt: failed for good without a retry, else queued again, or dead once the attempts are used up."""
    bound = {
        "job_id": job_id,
        "held_token": token,
        "with_error": dict(error),
        "retry_seconds": retry_in_seconds,
        "retry_or_now": retry_in_seconds or 0.0,
    }
    return _one(connection, _FAIL, bound)


def cancelled(connection: Connection, job_id: UUID, token: UUID) -> Job | None:
    """Mark a running job cancelled, once its computation has stopped; None if the token no longer holds."""
    return _one(connection, _CANCELLED, {"job_id": job_id, "held_token": token})


def request_cancel(connection: Connection, tenant: str, job_id: UUID) -> Job | None:
    """Cancel a queued job at once, ask a running one to stop; None if there is no such job or it has ended."""
    return _one(connection, _REQUEST_CANCEL, {"job_id": job_id, "of_tenant": tenant})


def replay_dead(connection: Connection, tenant: str, job_id: UUID) -> Job | None:
    """Queue a dead job again with its attempts and its time renewed; None if there is no such dead job."""
    return _one(connection, _REPLAY, {"job_id": job_id, "of_tenant": tenant})


def _one(connection: Connection, statement: Any, bound: dict[str, Any]) -> Job | None:
    row = connection.execute(statement, bound).one_or_none()
    return None if row is None else job_from(row)
