"""What the jobs table holds, as frozen records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row

from core.names import Device, JobState, Lane, Measure, Queue


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job as it is submitted; `queue` is None when the API process computes it itself."""

    id: UUID = field(default_factory=uuid4)
    tenant: str
    submitted_by: str
    measure: Measure
    lane: Lane
    device_requested: Device
    fallback: bool
    queue: Queue | None
    routing_reason: str
    predicted_ms: float | None = None
    portfolio_id: str | None = None
    portfolio_version: int | None = None
    schedule_id: UUID | None = None
    trace: str
    max_attempts: int = 3
    deadline_seconds: float | None = None
    replay_of: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """One row of the jobs table; the fields stand in the order of its columns."""

    id: UUID
    tenant: str
    submitted_by: str
    measure: Measure
    state: JobState
    lane: Lane
    device_requested: Device
    fallback: bool
    queue: Queue | None
    routing_reason: str
    predicted_ms: float | None
    portfolio_id: str | None
    portfolio_version: int | None
    schedule_id: UUID | None
    trace: str
    attempt: int
    max_attempts: int
    token: UUID | None
    worker: str | None
    lease_expires_at: datetime | None
    cancel_requested: bool
    progress_done: int
    progress_total: int
    available_at: datetime
    sent_at: datetime | None
    sent_epoch: str | None
    sends: int
    device: str | None
    code_version: str | None
    error: dict[str, Any] | None
    deadline_seconds: float | None
    deadline_at: datetime | None
    submitted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    run_ms: float | None
    replay_of: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a job reads; `columns` is None for a measure without a portfolio, `own` where they lie with the job."""

    parameters: dict[str, Any]
    market: dict[str, Any]
    content_hash: str | None
    columns: bytes | None
    own: bool = False


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A stored result, and where it was computed; `environment` is None for results from before it was recorded."""

    content_hash: str
    columns: bytes
    environment: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to run one attempt of a job, until its lease ends."""

    job: Job
    token: UUID
    inputs: Inputs


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """What a heartbeat learns; when `held` is False, the attempt was taken away and nothing it writes will count."""

    held: bool
    cancel_requested: bool = False
    deadline_passed: bool = False


@dataclass(frozen=True, kw_only=True)
class QueueStats:
    """How a queue stands in Postgres."""

    queue: Queue
    queued: int
    oldest_seconds: float
    running: int


_FIELDS = tuple(item.name for item in fields(Job))
_ENUMS: Mapping[str, type] = {
    "measure": Measure,
    "state": JobState,
    "lane": Lane,
    "device_requested": Device,
    "queue": Queue,
}


def job_from(row: Row[Any]) -> Job:
    """Return the job in a row that begins with the columns of the jobs table."""
    values = dict(zip(_FIELDS, row, strict=False))
    for name, enum in _ENUMS.items():
        if values[name] is not None:
            values[name] = enum(values[name])
    return Job(**values)


def jobs_from(rows: Iterable[Row[Any]]) -> list[Job]:
    """Return the jobs in rows that begin with the columns of the jobs table."""
    return [job_from(row) for row in rows]
