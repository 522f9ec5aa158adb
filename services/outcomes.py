"""How an attempt ends: each outcome is stored in one transaction with its audit row and its events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.names import JobState
from services.failures import Failure
from storage import audit, decisions, jobs, outbox
from storage.database import Connection
from storage.packed import Packed

INVALID_EVENT = "calculation.invalid.v1"
_EVENTS = {
    JobState.DONE: "job.finished.v1",
    JobState.FAILED: "job.failed.v1",
    JobState.DEAD: "job.dead.v1",
    JobState.CANCELLED: "job.cancelled.v1",
}


class Outcome(Protocol):
    """The end of an attempt, before it is stored."""

    def store(self, conn: Connection, claim: jobs.Claim) -> jobs.Job | None:
        """Write it by the claim's token; None if the token is no longer valid and nothing was written."""
        ...


@dataclass(frozen=True, kw_only=True)
class Computed:
    """A result."""

    packed: Packed
    device: str
    run_ms: float
    environment: Mapping[str, str] | None = None

    def store(self, conn: Connection, claim: jobs.Claim) -> jobs.Job | None:
        """Store the result, the decision's audit row and the event."""
        job = jobs.finish(
            conn,
            claim.job.id,
            claim.token,
            result=self.packed,
            device=self.device,
            run_ms=self.run_ms,
            environment=self.environment,
        )
        if job is not None:
            record_done(conn, job, self.packed.content_hash)
        return job


@dataclass(frozen=True, kw_only=True)
class Failed:
    """An error; whether it is tried again is the failure's to say."""

    failure: Failure

    def store(self, conn: Connection, claim: jobs.Claim) -> jobs.Job | None:
        """Store the error, and what follows from it if this was the last attempt."""
        job = jobs.fail(
            conn,
            claim.job.id,
            claim.token,
            error=self.failure.problem,
            retry_in_seconds=self.failure.retry_in_seconds,
        )
        if job is not None:
            record_ended(conn, job)
        return job


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """Somebody asked for a stop, and the kernel stopped."""

    def store(self, conn: Connection, claim: jobs.Claim) -> jobs.Job | None:
        """Store the cancellation and the event."""
        job = jobs.cancelled(conn, claim.job.id, claim.token)
        if job is not None:
            record_ended(conn, job)
        return job


def record_asked(conn: Connection, job: jobs.Job) -> None:
    """Write who wanted a stored number computed again; nothing for other jobs."""
    if job.replay_of is None:
        return
    audit.write(
        conn,
        tenant=job.tenant,
        actor=job.submitted_by,
        action="result.replay",
        subject=str(job.replay_of),
        job_id=job.id,
        detail={"measure": job.measure.value},
    )


def record_done(conn: Connection, job: jobs.Job, result_hash: str) -> None:
    """Write what every stored number has beside it: who asked, what computed it, from what."""
    detail = {
        "device": job.device,
        "code_version": job.code_version,
        "portfolio_version": job.portfolio_version,
        "result_hash": result_hash,
        "attempt": job.attempt,
    }
    _record(conn, job, "computed", detail)


def record_ended(conn: Connection, job: jobs.Job) -> None:
    """Write the audit row and the events of a job that will not be tried again by itself; nothing for the others."""
    if not job.state.is_final:
        return
    code = str((job.error or {}).get("code", ""))
    _record(conn, job, job.state.value, {"code": code, "attempt": job.attempt})
    if code == "calculation-invalid":
        data = {**event_data(job), "severity": "critical"}
        outbox.add(conn, tenant=job.tenant, type=INVALID_EVENT, subject=str(job.id), data=data)


def _record(conn: Connection, job: jobs.Job, what: str, detail: Mapping[str, Any]) -> None:
    decisions.record(
        conn,
        tenant=job.tenant,
        actor=job.submitted_by,
        action=f"{job.measure.value}.{what}",
        subject=job.portfolio_id or str(job.id),
        job_id=job.id,
        detail=detail,
        event=_EVENTS[job.state],
        data=event_data(job),
    )


def event_data(job: jobs.Job) -> dict[str, Any]:
    """Return what an event tells of a job: never a portfolio's content."""
    return {
        "job_id": str(job.id),
        "measure": job.measure.value,
        "state": job.state.value,
        "device": job.device,
        "attempt": job.attempt,
        "error": (job.error or {}).get("code"),
    }
