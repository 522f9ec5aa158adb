"""The interactive lane: computed here on one kernel thread, stored in one transaction before the answer leaves."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from uuid import UUID

from compute.errors import NonFiniteError
from compute.market import Market
from compute.result import Result
from core.names import Device, Lane, Measure
from core.security import Principal
from services import costs, inputs, metrics
from services.environment import environment
from services.errors import CalculationError, OverloadError
from services.execute import compute_result
from services.idempotency import Answer, Answering, Held, complete
from services.intake.request import JobRequest
from services.outcomes import INVALID_EVENT, record_asked, record_done
from services.pins import BESIDE
from services.pins import beside as beside_of
from services.runtime import Runtime
from services.submit import accept, allow, new_job
from storage import jobs, outbox
from storage.columns import pack
from workers.version import code_version


@dataclass(frozen=True, kw_only=True)
class Calculated:
    """A stored, finished job and its result, still as columns."""

    job: jobs.Job
    result: Result
    beside: Result | None = None
    beside_ms: float | None = None


Presenting = Callable[[Calculated], Answer]
"""Writes the answer of a computed request; called inside its transaction."""


def predicted_ms(request: JobRequest) -> float | None:
    """Return the predicted cost of a request whose portfolio came with it; None where it is not known."""
    return costs.predicted_ms(request, request.portfolio)


def calculate(
    runtime: Runtime,
    principal: Principal,
    request: JobRequest,
    *,
    trace: str,
    claim: Held | None = None,
    answer: Presenting | None = None,
    accepted: Answering | None = None,
    beside: Measure | None = None,
) -> Calculated | jobs.Job:
    """Compute and store what is within the interactive budget; submit what is not, and return its queued job.

    `beside` is computed here on the same columns and stored within the same result, under `beside`.
    """
    allow(runtime, principal, request)
    with _place(runtime.settings.max_concurrent_calculations):
        with runtime.database.read() as conn:
            given = inputs.resolve(conn, principal.tenant, request, runtime.residents)
            predicted = _predicted(request, beside, given)
            inline = _is_inline(runtime, request, predicted)
            market = inputs.load_market(conn, principal.tenant, given.market) if inline else Market()
            market = replace(market, resident=given.resident)
        if inline:
            new = new_job(principal, request, given, trace=trace, predicted_ms=predicted)
            return _computed(runtime, new, request, given, market, beside=beside, claim=claim, answer=answer)
    return accept(runtime, principal, request, given, trace=trace, claim=claim, answer=accepted)


def recalculate(
    runtime: Runtime,
    principal: Principal,
    request: JobRequest,
    given: inputs.Inputs,
    *,
    replay_of: UUID,
    trace: str,
    claim: Held | None = None,
    answer: Presenting | None = None,
    accepted: Answering | None = None,
) -> Calculated | jobs.Job:
    """Compute pinned inputs once more: here where somebody may wait for it, else in a job of its own."""
    allow(runtime, principal, request)
    beside = beside_of(given.market)
    predicted = _predicted(request, beside, given)
    if request.lane is Lane.RT and _is_inline(runtime, request, predicted):
        with _place(runtime.settings.max_concurrent_calculations):
            with runtime.database.read() as conn:
                market = inputs.load_market(conn, principal.tenant, given.market)
            new = new_job(principal, request, given, trace=trace, predicted_ms=predicted, replay_of=replay_of)
            return _computed(runtime, new, request, given, market, beside=beside, claim=claim, answer=answer)
    return accept(runtime, principal, request, given, trace=trace, claim=claim, answer=accepted, replay_of=replay_of)


def _computed(
    runtime: Runtime,
    new: jobs.NewJob,
    request: JobRequest,
    given: inputs.Inputs,
    market: Market,
    *,
    beside: Measure | None,
    claim: Held | None,
    answer: Presenting | None,
) -> Calculated:
    try:
        computing = _on_kernel_thread(request, beside, given, market)
        columns = given.packed  # while the kernel runs
        result, second, run_ms, second_ms = computing.result()
    except NonFiniteError as error:
        _alert(runtime, new, error)
        raise CalculationError(error.detail) from error
    more = {} if second is None else {BESIDE: {**second.document}}
    packed = pack({**result.document, **more}, result.tables)
    with runtime.database.unit_of_work() as conn:
        job = jobs.insert_done(
            conn,
            new,
            parameters=given.parameters,
            market=given.market if beside is None else {**given.market, BESIDE: beside.value},
            columns=columns,
            result=packed,
            device=result.device,
            run_ms=run_ms,
            code_version=code_version(),
            environment=environment(),
        )
        record_asked(conn, job)
        record_done(conn, job, packed.content_hash)
        calculated = Calculated(job=job, result=result, beside=second, beside_ms=second_ms)
        if answer is not None:
            presented = answer(calculated)
            complete(conn, claim, lambda _job: presented, job)
    metrics.ended(job, result.document)
    return calculated


def _is_inline(runtime: Runtime, request: JobRequest, predicted: float | None) -> bool:
    """Whether this process computes it: a cpu will do, and the cost is measured and within the budget."""
    here = request.device in {Device.AUTO, Device.CPU}
    return here and predicted is not None and predicted <= runtime.settings.interactive_budget_ms


def _alert(runtime: Runtime, new: jobs.NewJob, error: NonFiniteError) -> None:
    """Write the critical alert of a figure that is none; no job is stored, because nothing took effect."""
    data = {"measure": new.measure.value, "severity": "critical", "detail": error.detail, "trace": new.trace}
    with runtime.database.unit_of_work() as conn:
        outbox.add(conn, tenant=new.tenant, type=INVALID_EVENT, subject=new.portfolio_id or str(new.id), data=data)
    metrics.ALERTS.labels("critical").inc()


def _predicted(request: JobRequest, beside: Measure | None, given: inputs.Inputs) -> float | None:
    wanted = [request] if beside is None else [request, replace(request, measure=beside)]
    costed = [costs.predicted_ms(each, given.portfolio) for each in wanted]
    known = [cost for cost in costed if cost is not None]
    return sum(known) if len(known) == len(costed) else None


def _on_kernel_thread(
    request: JobRequest, beside: Measure | None, given: inputs.Inputs, market: Market
) -> "Future[tuple[Result, Result | None, float, float | None]]":
    """Begin; its result: the answer, the one beside it, the milliseconds of both together and of the latter alone."""

    def timed() -> tuple[Result, Result | None, float, float | None]:
        started = time.perf_counter()
        found = compute_result(request.measure, given.portfolio, market, given.parameters)
        between = time.perf_counter()
        second = None if beside is None else compute_result(beside, given.portfolio, market, given.parameters)
        ended = time.perf_counter()
        return found, second, (ended - started) * 1_000, None if second is None else (ended - between) * 1_000

    return kernel_thread().submit(timed)


@cache
def kernel_thread() -> ThreadPoolExecutor:
    """Return the one thread on which this process runs kernels: concurrent numba threads abort on some systems."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="kernel")


def warm_up() -> None:
    """Compile and time every kernel, on the thread that will run them; until then nothing is computed here."""
    kernel_thread().submit(costs.calibrate).result()


@cache
def _places(limit: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(limit)


@contextmanager
def _place(limit: int) -> Iterator[None]:
    places = _places(limit)
    if not places.acquire(blocking=False):
        raise OverloadError(f"{limit} calculations are held at the moment, as many as this process takes.")
    try:
        yield
    finally:
        places.release()
