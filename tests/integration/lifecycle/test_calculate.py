"""The interactive lane: computed here and stored whole, or handed to a queue, or refused with nothing stored."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np
import pytest

from compute.measures import MEASURES
from compute.result import Result
from core.names import Device, JobState, Measure, Queue
from core.security import Principal
from core.settings import Settings
from services import costs, idempotency, jobs, metrics
from services.calculate import Calculated, calculate, predicted_ms
from services.costs import CostCurve
from services.errors import CalculationError, OverloadError
from services.intake.request import JobRequest
from services.runtime import Runtime
from storage import jobs as stored_jobs
from storage import outbox
from tests.integration.lifecycle.test_submit import book
from tests.integration.lifecycle.test_transitions import actions
from workers.errors import DeviceUnavailableError


@pytest.fixture(autouse=True)
def _known_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "_CURVES", {(Measure.MARGIN, "house"): CostCurve(fixed_ms=0.1, slope_ms=0.001)})


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(run: Any) -> None:
        spec = replace(MEASURES["margin"].models["house"], kernel=lambda *_: run())
        monkeypatch.setitem(MEASURES, "margin", replace(spec, models={"house": spec}))

    put(lambda: Result(document={"total_margin": 12.5}))
    return put


def request(**options: Any) -> JobRequest:
    fields = {"portfolio": book("AAPL", "MSFT"), "portfolio_id": None, **options}
    parameters = {name: spec.default for name, spec in MEASURES["margin"].parameters.items()}
    return JobRequest(measure=Measure.MARGIN, parameters=parameters, **fields)


@pytest.mark.usefixtures("kernel")
def test_within_the_budget_everything_is_stored_before_the_answer(runtime: Runtime, operator: Principal) -> None:
    held = idempotency.begin(runtime, operator, "key", "digest")
    assert isinstance(held, idempotency.Held)

    def answer(found: Calculated) -> idempotency.Answer:
        return idempotency.Answer(status=200, body=str(found.result.document["total_margin"]).encode())

    found = calculate(runtime, operator, request(), trace="t", claim=held, answer=answer)
    assert isinstance(found, Calculated)
    job, result = jobs.finished(runtime, operator, found.job.id)
    assert (job.state, job.queue, job.device, job.attempt) == (JobState.DONE, None, "cpu", 1)
    assert job.predicted_ms == pytest.approx(0.102)
    assert result == {"total_margin": 12.5}
    assert actions(runtime, job) == ["margin.computed"]
    assert idempotency.begin(runtime, operator, "key", "digest") == idempotency.Answer(status=200, body=b"12.5")


@pytest.mark.usefixtures("kernel")
def test_over_the_budget_it_is_a_queued_job(settings: Settings, operator: Principal, runtime: Runtime) -> None:
    strict = Runtime(replace(settings, interactive_budget_ms=0.05))
    try:
        found = calculate(strict, operator, request(), trace="t")
    finally:
        strict.close()
    assert isinstance(found, stored_jobs.Job)
    assert (found.state, found.queue) == (JobState.QUEUED, Queue.CPU_RT)
    assert jobs.show(runtime, operator, found.id).id == found.id


@pytest.mark.usefixtures("kernel")
def test_what_was_never_measured_is_not_computed_here(
    runtime: Runtime, operator: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(costs, "_CURVES", {})
    assert predicted_ms(request()) is None
    assert isinstance(calculate(runtime, operator, request(), trace="t"), stored_jobs.Job)


@pytest.mark.usefixtures("kernel")
def test_a_named_device_is_never_quietly_the_cpu(runtime: Runtime, operator: Principal) -> None:
    with pytest.raises(DeviceUnavailableError):
        calculate(runtime, operator, request(device=Device.GPU), trace="t")


def test_what_is_not_finite_is_an_error_and_a_critical_alert(
    runtime: Runtime, operator: Principal, kernel: Any
) -> None:
    kernel(lambda: Result(document={}, tables={"positions": {"margin": np.array([np.inf])}}))
    before = metrics.ALERTS.labels("critical")._value.get()
    with pytest.raises(CalculationError):
        calculate(runtime, operator, request(), trace="t")
    assert jobs.listing(runtime, operator) == ([], None)
    with runtime.database.unit_of_work() as conn:
        (event,) = outbox.waiting(conn)
    assert (event.type, event.data["severity"]) == ("calculation.invalid.v1", "critical")
    assert metrics.ALERTS.labels("critical")._value.get() == before + 1


@pytest.fixture
def narrow(settings: Settings) -> Iterator[Runtime]:
    runtime = Runtime(replace(settings, max_concurrent_calculations=1))
    yield runtime
    runtime.close()


@pytest.mark.usefixtures("runtime")
def test_more_than_is_held_at_once_is_an_overload(narrow: Runtime, operator: Principal, kernel: Any) -> None:
    entered, go = Event(), Event()

    def slow() -> Result:
        entered.set()
        go.wait(60)
        return Result(document={})

    kernel(slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(calculate, narrow, operator, request(), trace="t")
        assert entered.wait(60)
        with pytest.raises(OverloadError) as refused:
            calculate(narrow, operator, request(), trace="t")
        go.set()
        assert isinstance(first.result(60), Calculated)
    assert refused.value.retry_after > 0
    assert isinstance(calculate(narrow, operator, request(), trace="t"), Calculated)  # the place is free again
