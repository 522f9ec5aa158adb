"""Jobs and results as they go over the wire; the names are CONVENTIONS' and fixed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from core.clock import isoformat
from core.names import JobState
from storage.columns import unpack
from storage.jobs import Job


def job_document(job: Job, result: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a job as `GET /jobs/{id}` answers it."""
    return {
        "id": str(job.id),
        "measure": job.measure.value,
        "state": job.state.value,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "progress": {"done": job.progress_done, "total": job.progress_total},
        "lane": job.lane.value,
        "queue": None if job.queue is None else job.queue.value,
        "device": job.device,
        "routing": {"reason": job.routing_reason, "predicted_ms": job.predicted_ms},
        "timings": timings(job),
        "portfolio_id": job.portfolio_id,
        "portfolio_version": job.portfolio_version,
        "code_version": job.code_version,
        "replay_of": None if job.replay_of is None else str(job.replay_of),
        "cancel_requested": job.cancel_requested,
        "error": job.error,
        "result": None if result is None else dict(result),
        "links": links(job.id),
    }


def accepted_document(job: Job) -> dict[str, Any]:
    """Return a job as `POST /jobs` answers it."""
    return {"id": str(job.id), "state": job.state.value, "measure": job.measure.value, "links": links(job.id)}


def links(job_id: UUID) -> dict[str, str]:
    """Return the addresses of a job, its result and its events."""
    path = f"/api/v1/jobs/{job_id}"
    return {"self": path, "result": f"{path}/result", "events": f"{path}/events"}


def timings(job: Job) -> dict[str, Any]:
    """Return a job's moments, and how long it waited and ran, as far as they lie behind it."""
    return {
        "submitted_at": isoformat(job.submitted_at),
        "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
        "deadline_at": _moment(job.deadline_at),
        "queued_ms": _milliseconds(job.submitted_at, job.started_at),
        "run_ms": job.run_ms,
    }


def result_document(document: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a result with its tables as lists of objects."""
    return {**document, **{name: _rows(columns) for name, columns in tables.items()}}


def unpacked_result(data: bytes) -> dict[str, Any]:
    """Return the wire document of a stored result."""
    return result_document(*unpack(data))


def is_final(job: Job) -> bool:
    """Whether nothing but an audited replay can change the job."""
    return JobState(job.state).is_final


def _rows(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = list(columns)
    values = [_plain(column) for column in columns.values()]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _plain(column: Any) -> Sequence[Any]:
    return column.tolist() if hasattr(column, "tolist") else column  # type: ignore[no-any-return]


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else isoformat(moment)


def _milliseconds(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else (end - start).total_seconds() * 1_000
