"""A claimed job's way: columns → kernel under a heartbeat → result, by the token that the claim gave."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog

from compute.errors import CancelledError
from compute.market import Market
from compute.measures import Book
from compute.measures import measure as spec_of
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result, check_finite, no_checkpoint
from core.logs import get_logger
from core.names import JobState, Measure
from services import metrics
from services.earlier import EARLIER
from services.environment import environment
from services.failures import Failure, deadline_problem, failure_of
from services.heartbeat import Heartbeat, Stop
from services.hints import hint
from services.impact_books import with_books
from services.inputs import load_book, load_market, opened
from services.outcomes import Cancelled, Computed, Failed, Outcome
from services.pins import BESIDE, beside
from services.runtime import Runtime
from storage import jobs
from storage.columns import pack
from storage.errors import StorageUnavailableError
from workers.version import code_version

STORE_AGAIN_SECONDS = 0.25

_log = get_logger(__name__)


def compute_result(
    measure: Measure,
    portfolio: Book | None,
    market: Market,
    parameters: Mapping[str, Any],
    checkpoint: Checkpoint = no_checkpoint,
) -> Result:
    """Run the measure's kernel; what is not finite never passes for a number.

    A portfolio that came as a file says in each of its results, under `input`, how it was read and what was left out.
    """
    spec = spec_of(measure).chosen(parameters)
    found = check_finite(spec.kernel(portfolio, market, opened(spec, parameters), checkpoint))
    notes = portfolio.notes if isinstance(portfolio, Portfolio) else None
    return replace(found, document={**found.document, "input": dict(notes)}) if notes else found


def execute(runtime: Runtime, job_id: UUID, *, worker: str) -> JobState | None:
    """Claim, compute and finish one job; None if there was nothing to claim, or it was taken away."""
    lease = runtime.settings.lease_seconds
    with runtime.database.unit_of_work(durable=False) as conn:
        claim = jobs.claim(conn, job_id, worker=worker, lease_seconds=lease, code_version=code_version())
    if claim is None:
        return None
    job = claim.job
    with structlog.contextvars.bound_contextvars(
        job=str(job_id), tenant=job.tenant, trace=job.trace, attempt=job.attempt
    ):
        return _carry_out(runtime, claim)


def _carry_out(runtime: Runtime, claim: jobs.Claim) -> JobState | None:
    with Heartbeat(runtime, claim) as heartbeat, metrics.running(claim.job.measure):
        outcome = _attempt(runtime, claim, heartbeat)
        job = None if outcome is None else _store(runtime, claim, heartbeat, outcome)
    if job is None:
        _log.warning("the job was taken away; nothing was stored")
        return None
    if isinstance(outcome, Computed):
        runtime.keep_result(job.tenant, job.id, outcome.packed.data)
    hint(runtime, job)
    metrics.ended(job)
    _log.info("attempt ended", state=job.state.value, run_ms=job.run_ms)
    return job.state


def _attempt(runtime: Runtime, claim: jobs.Claim, heartbeat: Heartbeat) -> Outcome | None:
    """Compute; None if the job was taken away meanwhile."""
    try:
        return _compute(runtime, claim, heartbeat)
    except CancelledError:
        return _stopped(heartbeat.stop)
    except Exception as error:  # noqa: BLE001 -- whatever a kernel raises is an outcome, stored and retried
        _log.exception("attempt failed")
        return Failed(failure=failure_of(error, claim.job.attempt))


def _compute(runtime: Runtime, claim: jobs.Claim, heartbeat: Heartbeat) -> Computed:
    job, given = claim.job, claim.inputs
    portfolio = None if given.columns is None else load_book(given.columns)
    market = Market()
    if given.market.get("histories") or given.market.get(EARLIER):
        with runtime.database.read() as conn:
            market = load_market(conn, job.tenant, given.market)
    spec = spec_of(job.measure).chosen(given.parameters)
    market = with_books(runtime.database, job.tenant, given.market, spec, given.parameters, market)
    started = time.perf_counter()
    result = compute_result(job.measure, portfolio, market, given.parameters, heartbeat.checkpoint)
    second = beside(given.market)  # what a replay has to compute too
    more = {} if second is None else {BESIDE: compute_result(second, portfolio, market, given.parameters).document}
    run_ms = (time.perf_counter() - started) * 1_000
    packed = pack({**result.document, **more}, result.tables)
    return Computed(packed=packed, device=result.device, run_ms=run_ms, environment=environment())


def _stopped(stop: Stop | None) -> Outcome | None:
    match stop:
        case Stop.CANCELLED:
            return Cancelled()
        case Stop.DEADLINE:
            return Failed(failure=Failure(problem=deadline_problem(), retry_in_seconds=None))
        case _:
            return None


def _store(runtime: Runtime, claim: jobs.Claim, heartbeat: Heartbeat, outcome: Outcome) -> jobs.Job | None:
    """Store the outcome; while Postgres is away, go on trying until it says that the lease is lost."""
    while True:
        try:
            with runtime.database.unit_of_work() as conn:
                return outcome.store(conn, claim)
        except StorageUnavailableError as error:
            _log.warning("the outcome waits for the database", error=error.detail)
        if heartbeat.stop is Stop.LOST:
            return None
        time.sleep(STORE_AGAIN_SECONDS)
