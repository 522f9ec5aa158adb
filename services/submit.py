"""Accepting a job: inputs pinned, one transaction, and a send that the request does not wait for."""

from dataclasses import replace
from uuid import UUID

from core.names import Measure, Permission
from core.security import Principal
from services import costs, inputs
from services.errors import DrillsDisabledError
from services.idempotency import Answering, Held, complete
from services.intake.request import JobRequest
from services.outcomes import record_asked
from services.runtime import Runtime
from storage import jobs
from workers.routing import Request, Route, route


def submit(
    runtime: Runtime,
    principal: Principal,
    request: JobRequest,
    *,
    trace: str,
    claim: Held | None = None,
    answer: Answering | None = None,
    schedule_id: UUID | None = None,
) -> jobs.Job:
    """Store a queued job with its inputs (and the idempotent answer), commit, then send its id."""
    allow(runtime, principal, request)
    with runtime.database.read() as conn:
        given = inputs.resolve(conn, principal.tenant, request)
    return accept(runtime, principal, request, given, trace=trace, claim=claim, answer=answer, schedule_id=schedule_id)


def accept(
    runtime: Runtime,
    principal: Principal,
    request: JobRequest,
    given: inputs.Inputs,
    *,
    trace: str,
    claim: Held | None = None,
    answer: Answering | None = None,
    schedule_id: UUID | None = None,
    replay_of: UUID | None = None,
) -> jobs.Job:
    """Queue a request whose inputs are resolved."""
    predicted = costs.predicted_ms(request, given.portfolio)
    way = routed(runtime, request, predicted)
    new = replace(
        new_job(principal, request, given, trace=trace, predicted_ms=predicted, replay_of=replay_of),
        queue=way.queue,
        routing_reason=way.reason,
        schedule_id=schedule_id,
    )
    columns = given.packed
    with runtime.database.unit_of_work() as conn:
        runtime.quota.take(conn, principal.tenant)
        job = jobs.insert(conn, new, parameters=given.parameters, market=given.market, columns=columns)
        record_asked(conn, job)
        complete(conn, claim, answer, job)
    runtime.dispatch(job)
    return job


def allow(runtime: Runtime, principal: Principal, request: JobRequest) -> None:
    """Raise unless the bearer may submit this measure here."""
    principal.require(Permission.SUBMIT)
    if request.measure is Measure.NOOP:
        principal.require(Permission.OPERATE)
        if not runtime.settings.drills_enabled:
            raise DrillsDisabledError


def new_job(
    principal: Principal,
    request: JobRequest,
    given: inputs.Inputs,
    *,
    trace: str,
    predicted_ms: float | None,
    replay_of: UUID | None = None,
) -> jobs.NewJob:
    """Return the row of a request, not yet routed: as it stands when the API process computes it itself."""
    return jobs.NewJob(
        tenant=principal.tenant,
        submitted_by=principal.subject,
        measure=request.measure,
        lane=request.lane,
        device_requested=request.device,
        fallback=request.fallback,
        queue=None,
        routing_reason="computed in the API process: within the interactive budget",
        predicted_ms=predicted_ms,
        portfolio_id=request.portfolio_id,
        portfolio_version=given.portfolio_version,
        trace=trace,
        max_attempts=request.max_attempts,
        deadline_seconds=request.deadline_seconds,
        replay_of=replay_of,
    )


def routed(runtime: Runtime, request: JobRequest, predicted_ms: float | None) -> Route:
    """Return the queue of a request and the reason for it."""
    wish = Request(
        measure=request.measure,
        lane=request.lane,
        device=request.device,
        fallback=request.fallback,
        predicted_ms=predicted_ms,
    )
    return route(wish, runtime.live_workers(), automatic=runtime.settings.auto_hardware_routing)
