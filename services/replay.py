"""Replay: a stored number computed again from its pinned inputs, and what came of it: equal, within a bound, or not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.clock import isoformat
from core.names import Device, JobState, Measure, Permission
from core.security import Principal
from services.calculate import Calculated, recalculate
from services.comparison import Bound, Comparison, Difference, compare, largest_number
from services.errors import ConflictError, NotFoundError
from services.idempotency import Answering, Held
from services.inputs import Inputs
from services.intake.request import JobRequest
from services.job_inputs import Pinned, pinned
from services.runtime import Runtime
from services.wire import links
from storage import jobs
from storage.columns import Packed, is_sound, unpack
from storage.database import Connection

RELATIVE = 1e-9
"""How far figures of two cpu families, library or code versions may lie apart, as a share of the larger one."""
CANCELLED_OUT = 1e-12
"""And as a share of the largest number of the result, for what is left where large amounts cancel out."""
_DEADLINE = 600.0
_REMEDIES = {
    JobState.QUEUED: "Wait until it is done.",
    JobState.RUNNING: "Wait until it is done.",
    JobState.FAILED: "Its `error` says why it has no number; mend the input and submit it again.",
    JobState.DEAD: "It has no number yet; an operator queues it again: collateral dlq replay JOB_ID",
    JobState.CANCELLED: "It has no number; submit it again.",
}


class Verdict(StrEnum):
    """What came of a replay."""

    EQUAL = "equal"  # every digit of every value
    EQUAL_WITHIN = "equal_within"  # some digits differ, all within the stated bound, and something recorded differs
    DIFFERENT = "different"  # beyond the bound, or although nothing recorded differs, or bytes changed since


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two computations: its job, its result, what it read."""

    job: jobs.Job
    stored: jobs.Stored
    inputs: jobs.Inputs

    @property
    def is_sound(self) -> bool:
        """Whether the result's bytes still have the hash that they were stored with."""
        return is_sound(self.stored.columns, self.stored.content_hash)


def replay(
    runtime: Runtime,
    principal: Principal,
    job_id: UUID,
    *,
    trace: str,
    claim: Held | None = None,
    answer: Answering | None = None,
) -> jobs.Job:
    """Compute a done job's pinned inputs again, in a job of its own that says `replay_of`."""
    principal.require(Permission.SUBMIT)
    with runtime.database.read() as conn:
        found = pinned(conn, principal.tenant, job_id)
    _require_number(found.job)
    done = None if answer is None else lambda calculated: answer(calculated.job)
    computed = recalculate(
        runtime,
        principal,
        _request(found),
        _inputs(found),
        replay_of=job_id,
        trace=trace,
        claim=claim,
        answer=done,
        accepted=answer,
    )
    return computed.job if isinstance(computed, Calculated) else computed


def verdict(runtime: Runtime, principal: Principal, job_id: UUID) -> dict[str, Any]:
    """Return what came of the latest replay of a job; of a replay without one of its own, what came of itself."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        job = jobs.get(conn, principal.tenant, job_id)
        if job is None:
            raise NotFoundError("job", str(job_id))
        latest = jobs.latest_replay(conn, principal.tenant, job_id) or (job if job.replay_of else None)
        if latest is None or latest.replay_of is None:
            remedy = f"Ask for one: POST /api/v1/jobs/{job_id}/replay"
            raise NotFoundError("replay of the job", str(job_id), remedy=remedy)
        head = {
            "job_id": str(latest.replay_of),
            "replay_id": str(latest.id),
            "measure": latest.measure.value,
            "state": latest.state.value,
            "error": latest.error,
            "links": {**links(latest.id), "original": links(latest.replay_of)["self"]},
        }
        if latest.state is not JobState.DONE:
            return {**head, "verdict": None}
        original = _side(conn, principal.tenant, latest.replay_of)
        again = _side(conn, principal.tenant, latest.id)
    return {**head, **judged(original, again)}


def judged(original: Side, again: Side) -> dict[str, Any]:
    """Return the verdict on two stored results, the bound it rests on, the reasons, and the largest differences."""
    one, other = unpack(original.stored.columns), unpack(again.stored.columns)
    why = reasons(original, again)
    changed = [name for name, side in (("original", original), ("replay", again)) if not side.is_sound]
    bound = bound_of(original.job, again.job, largest_number(one)) if why and not changed else None
    found = compare(one, other, bound)
    return {
        "verdict": (Verdict.DIFFERENT if changed else _verdict(found)).value,
        "reason": _changed(found, changed) if changed else _reason(found, why, bound),
        "bound": None if bound is None else {"relative": bound.relative, "absolute": bound.absolute},
        "why": why,
        "compared": found.values,
        "differing": found.differing,
        "beyond_bound": found.beyond,
        "differences": [_shown(one) for one in found.largest],
        "original": _facts(original),
        "replay": _facts(again),
    }


def bound_of(original: jobs.Job, again: jobs.Job, largest: float) -> Bound | None:
    """Return the bound between two computations; None where none is stated for their devices."""
    if {original.device, again.device} == {Device.CPU.value}:
        return Bound(relative=RELATIVE, absolute=CANCELLED_OUT * largest)
    return None


def reasons(original: Side, again: Side) -> list[dict[str, Any]]:
    """Return what differs between two computations and may explain a digit: code, device, libraries, cpu, input."""
    one, other = _circumstances(original), _circumstances(again)
    return [
        {"what": name, "original": one.get(name), "replay": other.get(name)}
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    ]


def _require_number(job: jobs.Job) -> None:
    if job.measure is Measure.NOOP:
        raise ConflictError(f"The job {job.id} is a drill, which has no number to replay.", remedy="Run another drill.")
    if job.state is not JobState.DONE:
        raise ConflictError(
            f"The job {job.id} is {job.state.value}: only a done job has a number to replay.",
            remedy=_REMEDIES[job.state],
        )


def _request(found: Pinned) -> JobRequest:
    """Return the request of a replay: that of its original; it may fall back to cpu, and the verdict says so."""
    job = found.job
    return JobRequest(
        measure=job.measure,
        portfolio=found.book,
        portfolio_id=job.portfolio_id,
        parameters=found.inputs.parameters,
        device=job.device_requested,
        fallback=True,
        lane=job.lane,
        deadline_seconds=job.deadline_seconds or _DEADLINE,
        max_attempts=job.max_attempts,
    )


def _inputs(found: Pinned) -> Inputs:
    """Return the pinned inputs as they are, nothing looked up anew."""
    given = found.inputs
    own = given.own and given.columns is not None and given.content_hash is not None
    packed = Packed(data=given.columns or b"", content_hash=given.content_hash or "") if own else None
    return Inputs(
        portfolio=found.book,
        parameters=given.parameters,
        portfolio_version=found.job.portfolio_version,
        itself=own,
        market=given.market,
        stored=packed,
    )


def _side(conn: Connection, tenant: str, job_id: UUID) -> Side:
    job, stored = jobs.get(conn, tenant, job_id), jobs.stored(conn, tenant, job_id)
    given = jobs.inputs(conn, tenant, job_id)
    if job is None or stored is None or given is None:
        raise NotFoundError("stored result of the job", str(job_id), remedy="It was removed after its retention.")
    return Side(job=job, stored=stored, inputs=replace(given, columns=None))


def _circumstances(side: Side) -> dict[str, Any]:
    environment = side.stored.environment or {}
    return {
        "code_version": side.job.code_version,
        "device": side.job.device,
        **{f"environment.{name}": value for name, value in environment.items()},
        **{f"parameters.{name}": value for name, value in side.inputs.parameters.items()},
        **{f"market.{name}": value for name, value in side.inputs.market.items()},
        "inputs.content_hash": side.inputs.content_hash,
    }


def _verdict(found: Comparison) -> Verdict:
    if not found.differing:
        return Verdict.EQUAL
    return Verdict.DIFFERENT if found.beyond else Verdict.EQUAL_WITHIN


def _changed(found: Comparison, changed: list[str]) -> str:
    return (
        f"The stored result of the {' and of the '.join(changed)} does not have the hash that it was stored with: "
        f"it was changed since, or is damaged. {found.differing:,} of {found.values:,} values differ."
    )


def _reason(found: Comparison, why: list[dict[str, Any]], bound: Bound | None) -> str:
    if not found.differing:
        return f"All {found.values:,} values are equal, digit by digit."
    apart = f"{found.differing:,} of {found.values:,} values differ"
    if not why:
        return f"{apart}, although code, device, libraries, cpu and input are the same: the computation is at fault."
    listed = ", ".join(str(one["what"]) for one in why)
    if bound is None:
        return f"{apart}, and no bound is stated for these devices. Not the same: {listed}."
    if found.beyond:
        return f"{apart}, {found.beyond:,} of them beyond the bound. Not the same: {listed}."
    return f"{apart}, all within the bound. Not the same: {listed}."


def _shown(one: Difference) -> dict[str, Any]:
    return {"path": one.path, "original": one.original, "replay": one.replay, "relative": one.relative}


def _facts(side: Side) -> Mapping[str, Any]:
    job = side.job
    return {
        "job_id": str(job.id),
        "code_version": job.code_version,
        "device": job.device,
        "environment": side.stored.environment,
        "result_hash": side.stored.content_hash,
        "finished_at": None if job.finished_at is None else isoformat(job.finished_at),
        "run_ms": job.run_ms,
    }
