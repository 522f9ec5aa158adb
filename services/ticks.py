"""One tick of a schedule: its claim and its jobs go into one transaction, so that neither is without the other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from core.errors import CollateralError
from core.names import Device, Lane, Role
from core.security import Principal
from services import costs, inputs
from services.intake.parameters import read_parameters
from services.intake.request import JobRequest
from services.runtime import Runtime
from services.schedules import grid_of
from services.submit import allow, new_job, routed
from services.timing import Misfire, Verdict, judge
from storage import jobs, schedules
from storage.database import Connection
from storage.errors import StorageUnavailableError
from storage.schedules import Schedule


@dataclass(frozen=True, kw_only=True)
class Ticked:
    """What came of a tick: the jobs it submitted and the portfolios it could not."""

    schedule_id: UUID
    outcome: str
    jobs: tuple[UUID, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Ready:
    new: jobs.NewJob
    request: JobRequest
    given: inputs.Inputs


def tick_once(runtime: Runtime, schedule_id: UUID) -> Ticked | None:
    """Claim the present tick and submit its jobs; None where it is claimed already, or the schedule is gone."""
    with runtime.database.read() as conn:
        found = schedules.with_clock(conn, schedule_id)
    if found is None:
        return None
    now, schedule = found
    if not schedule.enabled:
        return None
    verdict = judge(grid_of(schedule), now, Misfire(schedule.misfire))
    if not verdict.runs:
        return _skip(runtime, schedule, verdict)
    principal = _principal(schedule)
    trace = f"schedule-{schedule.id}-{verdict.tick}"
    ready, errors = _prepare(runtime, principal, schedule, trace)
    outcome = _outcome(ready, errors, verdict)
    with runtime.database.unit_of_work() as conn:
        if not schedules.claim_tick(conn, schedule.id, verdict.tick, outcome=outcome):
            return None
        stored = _store(conn, ready)
    return _sent(runtime, schedule, outcome, stored, errors)


def run_now(runtime: Runtime, principal: Principal, schedule: Schedule, *, trace: str) -> Ticked:
    """Submit a schedule's jobs for a person, without a tick."""
    ready, errors = _prepare(runtime, principal, schedule, trace)
    with runtime.database.unit_of_work() as conn:
        stored = _store(conn, ready)
    return _sent(runtime, schedule, _outcome(ready, errors, None), stored, errors)


def _skip(runtime: Runtime, schedule: Schedule, verdict: Verdict) -> Ticked | None:
    outcome = f"skipped: {verdict.late:.1f} s late"
    with runtime.database.unit_of_work() as conn:
        if not schedules.claim_tick(conn, schedule.id, verdict.tick, outcome=outcome):
            return None
    return Ticked(schedule_id=schedule.id, outcome=outcome)


def _principal(schedule: Schedule) -> Principal:
    return Principal(tenant=schedule.tenant, subject=f"schedule:{schedule.name}", role=Role.RISK_MANAGER)


def _prepare(
    runtime: Runtime, principal: Principal, schedule: Schedule, trace: str
) -> tuple[list[_Ready], tuple[tuple[str, str], ...]]:
    """Resolve each portfolio's inputs; one that cannot be resolved does not hold up the others."""
    ready: list[_Ready] = []
    errors: list[tuple[str, str]] = []
    for portfolio_id in schedule.portfolio_ids:
        try:
            ready.append(_resolve(runtime, principal, schedule, portfolio_id, trace))
        except StorageUnavailableError:
            raise
        except CollateralError as error:
            errors.append((portfolio_id, error.detail))
    return ready, tuple(errors)


def _resolve(runtime: Runtime, principal: Principal, schedule: Schedule, portfolio_id: str, trace: str) -> _Ready:
    request = JobRequest(
        measure=schedule.measure,
        portfolio=None,
        portfolio_id=portfolio_id,
        parameters=read_parameters(schedule.measure, schedule.parameters),
        given=frozenset(schedule.parameters),
        device=Device.AUTO,
        fallback=True,
        lane=Lane.BULK,
    )
    allow(runtime, principal, request)
    with runtime.database.read() as conn:
        given = inputs.resolve(conn, principal.tenant, request)
    predicted = costs.predicted_ms(request, given.portfolio)
    way = routed(runtime, request, predicted)
    new = new_job(principal, request, given, trace=trace, predicted_ms=predicted)
    new = replace(new, queue=way.queue, routing_reason=way.reason, schedule_id=schedule.id)
    return _Ready(new=new, request=request, given=given)


def _store(conn: Connection, ready: Sequence[_Ready]) -> list[jobs.Job]:
    return [
        jobs.insert(conn, one.new, parameters=one.given.parameters, market=one.given.market, columns=one.given.packed)
        for one in ready
    ]


def _sent(
    runtime: Runtime, schedule: Schedule, outcome: str, stored: Sequence[jobs.Job], errors: tuple[tuple[str, str], ...]
) -> Ticked:
    for job in stored:
        runtime.dispatch(job)
    return Ticked(schedule_id=schedule.id, outcome=outcome, jobs=tuple(job.id for job in stored), errors=errors)


def _outcome(ready: Sequence[_Ready], errors: Sequence[tuple[str, str]], verdict: Verdict | None) -> str:
    late = f", {verdict.late:.1f} s late" if verdict is not None and verdict.late > 1.0 else ""
    failed = f"; {len(errors)} not: {errors[0][0]}: {errors[0][1]}" if errors else ""
    return f"submitted {len(ready)}{late}{failed}"[:500]
