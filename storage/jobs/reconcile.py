"""Settling jobs whose worker is gone or whose time is over; the state of the queues; removal of old jobs."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from core.names import JobState, Queue
from storage.jobs.picking import picked, then
from storage.jobs.records import Job, QueueStats, jobs_from
from storage.jobs.states import QUEUED, RUNNING, UNFINISHED
from storage.schema import jobs
from storage.sql import interval, now

_LATE = jobs.c.deadline_at <= then()

WORKER_LOST: Mapping[str, Any] = {
    "code": "worker-lost",
    "detail": "The worker was lost on the last attempt that the job had.",
    "remedy": "Replay the job once the cause is known: collateral dlq replay JOB_ID",
}
DEADLINE_PASSED: Mapping[str, Any] = {
    "code": "deadline-passed",
    "detail": "The job's deadline passed before it was done.",
    "remedy": "Submit it again with a longer deadline_seconds.",
}


def _expired_leases() -> Any:
    # After an outage of Postgres every lease looks expired: nobody could extend it.
    settled = func.pg_postmaster_start_time() + interval("settle_seconds") <= then()
    chosen = picked(RUNNING, jobs.c.lease_expires_at <= then(), settled, order=jobs.c.lease_expires_at.asc())
    spent = jobs.c.attempt >= jobs.c.max_attempts

    def by_fate(cancelled: Any, late: Any, dead: Any, queued: Any) -> ColumnElement[Any]:
        return case((jobs.c.cancel_requested, cancelled), (_LATE, late), (spent, dead), else_=queued)

    return (
        update(jobs)
        .where(chosen)
        .values(
            state=by_fate(JobState.CANCELLED.value, JobState.FAILED.value, JobState.DEAD.value, JobState.QUEUED.value),
            error=by_fate(null(), bindparam("late", type_=JSONB), bindparam("lost", type_=JSONB), null()),
            finished_at=by_fate(now(), now(), now(), null()),
            token=None,
            lease_expires_at=None,
            available_at=now(),
            sent_at=None,
        )
        .returning(*jobs.c)
    )


def _overdue() -> Any:
    # A live worker sees the deadline in its heartbeat and ends the job itself; after the grace it is taken away.
    given_up = and_(RUNNING, jobs.c.deadline_at + interval("grace_seconds") <= then())
    chosen = picked(UNFINISHED, _LATE, or_(QUEUED, given_up), order=jobs.c.deadline_at.asc())
    return (
        update(jobs)
        .where(chosen)
        .values(
            state=JobState.FAILED.value,
            error=bindparam("late", type_=JSONB),
            finished_at=now(),
            token=None,
            lease_expires_at=None,
        )
        .returning(*jobs.c)
    )


def _queue_stats() -> Any:
    age = func.extract("epoch", then() - func.min(case((QUEUED, jobs.c.submitted_at))))
    return (
        select(
            jobs.c.queue,
            func.count().filter(QUEUED),
            cast(func.coalesce(age, 0), Double),
            func.count().filter(RUNNING),
        )
        .where(UNFINISHED, jobs.c.queue.is_not(None))
        .group_by(jobs.c.queue)
    )


def _prune() -> Any:
    ended = and_(
        jobs.c.state.in_([state.value for state in JobState if state.is_final]),
        jobs.c.submitted_at <= then() - interval("older_seconds"),
        jobs.c.finished_at <= then() - interval("older_seconds"),
    )
    return delete(jobs).where(picked(ended, order=jobs.c.submitted_at.asc()))


_EXPIRED_LEASES = _expired_leases()
_OVERDUE = _overdue()
_QUEUE_STATS = _queue_stats()
_PRUNE = _prune()


def expired_leases(
    connection: Connection,
    *,
    settle_seconds: float,
    limit: int = 500,
    lost: Mapping[str, Any] = WORKER_LOST,
    late: Mapping[str, Any] = DEADLINE_PASSED,
) -> list[Job]:
    """Take jobs away from workers that stopped extending their lease, and return them as they now stand.

    A job is queued again (and not sent), or dead once its attempts are used up; cancelled if that was asked for, failed
    if its deadline has passed. Nothing is taken while Postgres itself has been up for less than `settle_seconds`.
    """
    bound = {"settle_seconds": settle_seconds, "most": limit, "lost": dict(lost), "late": dict(late)}
    return jobs_from(connection.execute(_EXPIRED_LEASES, bound).all())


def overdue(
    connection: Connection, *, grace_seconds: float, limit: int = 500, late: Mapping[str, Any] = DEADLINE_PASSED
) -> list[Job]:
    """Fail and return jobs past their deadline: queued ones at once, running ones after a grace."""
    bound = {"grace_seconds": grace_seconds, "most": limit, "late": dict(late)}
    return jobs_from(connection.execute(_OVERDUE, bound).all())


def queue_stats(connection: Connection) -> dict[Queue, QueueStats]:
    """Return how every queue stands, idle ones included."""
    found = {
        Queue(queue): QueueStats(queue=Queue(queue), queued=queued, oldest_seconds=age, running=running)
        for queue, queued, age, running in connection.execute(_QUEUE_STATS)
    }
    idle = {queue: QueueStats(queue=queue, queued=0, oldest_seconds=0.0, running=0) for queue in Queue}
    return idle | found


def prune(connection: Connection, *, older_than_days: float, limit: int = 1000) -> int:
    """Remove finished jobs of a certain age with their inputs and results; return how many."""
    bound = {"older_seconds": older_than_days * 86_400.0, "most": limit}
    return connection.execute(_PRUNE, bound).rowcount
