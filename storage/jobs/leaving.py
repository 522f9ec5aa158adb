"""A worker that leaves: how many of its jobs still run, and giving them back."""

from uuid import UUID

from sqlalchemy import Connection, bindparam, func, select, update

from core.names import JobState
from storage.schema import jobs
from storage.sql import now

_OF_WORKER = (jobs.c.state == JobState.RUNNING.value, jobs.c.worker == bindparam("by_worker"))
_RUNNING = select(func.count()).where(*_OF_WORKER)
_RELEASE_ALL = (
    update(jobs)
    .where(*_OF_WORKER)
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


def running(connection: Connection, worker: str) -> int:
    """Return how many jobs run under a worker's claims."""
    return connection.execute(_RUNNING, {"by_worker": worker}).scalar_one()


def release_all(connection: Connection, worker: str) -> list[UUID]:
    """Put a stopped worker's jobs back in their queues without using up an attempt; return their ids."""
    return list(connection.execute(_RELEASE_ALL, {"by_worker": worker}).scalars())
