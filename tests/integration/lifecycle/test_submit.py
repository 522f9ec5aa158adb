"""Submitting: what is stored, what is sent, and what is refused with nothing left behind."""

import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from compute.portfolio import Labels, Portfolio
from core.errors import PermissionDeniedError
from core.names import Device, JobState, Lane, Measure, Queue, Role
from core.security import Principal
from core.settings import Settings
from services import idempotency, jobs
from services.errors import DrillsDisabledError, InvalidInputError, NotFoundError, QuotaError
from services.inputs import load_portfolio
from services.intake.request import JobRequest
from services.runtime import Runtime
from services.submit import submit
from storage import histories, portfolios, prices, workers
from storage import jobs as stored_jobs
from storage.columns import pack
from storage.errors import KeyInFlightError, KeyReusedError, StorageUnavailableError
from tests.integration.lifecycle.conftest import Broker, Submitting
from tests.integration.lifecycle.waiting import eventually
from workers.errors import DeviceUnavailableError


def book(*symbols: str, price: float = 100.0) -> Portfolio:
    count = len(symbols)
    return Portfolio(
        id="book",
        name="Book",
        currency="USD",
        as_of=date(2024, 5, 31),
        ids=tuple(f"p{index}" for index in range(count)),
        labels={
            "symbol": Labels.of(symbols),
            "asset_class": Labels.of(["equity"] * count),
            "currency": Labels.of(["USD"] * count),
        },
        numbers={
            "quantity": np.full(count, 10.0),
            "price": np.full(count, price),
            "multiplier": np.ones(count),
        },
        available_cash=1_000.0,
    )


def margin(portfolio: Portfolio | None = None, **options: Any) -> JobRequest:
    parameters = {"model": "house", "version": "2024.1", "volatility": "given"} | options.pop("parameters", {})
    fields = {"portfolio_id": None, **options}
    return JobRequest(measure=Measure.MARGIN, portfolio=portfolio, parameters=parameters, **fields)


def listed(runtime: Runtime, principal: Principal) -> int:
    return len(jobs.listing(runtime, principal)[0])


def test_a_job_is_committed_and_its_id_alone_is_sent(drill: Submitting, broker: Broker) -> None:
    job = drill(drill={"sleep_ms": 5}, lane=Lane.BULK)
    assert job.state is JobState.QUEUED
    assert job.queue is Queue.CPU_BULK
    assert job.routing_reason.startswith("auto: cpu")
    eventually(lambda: broker.ids(Queue.CPU_BULK) == [job.id])
    (message,) = broker.messages(Queue.CPU_BULK)
    assert message["headers"]["task"] == "collateral.execute"
    args, kwargs, _ = json.loads(base64.b64decode(message["body"]))
    assert (args, kwargs) == ([str(job.id)], {})


def test_the_send_is_marked_with_the_epoch(drill: Submitting, runtime: Runtime, operator: Principal) -> None:
    job = drill()
    eventually(lambda: jobs.show(runtime, operator, job.id).sent_epoch == runtime.cache.epoch())


def test_a_full_quota_refuses_and_stores_nothing(
    settings: Settings, runtime: Runtime, operator: Principal, drill: Submitting
) -> None:
    drill()
    small = Runtime(Settings(**{**vars(settings), "quota_queued_jobs": 1}))
    try:
        with pytest.raises(QuotaError) as refused:
            submit(small, operator, _noop(), trace="t")
    finally:
        small.close()
    assert refused.value.retry_after > 0
    assert listed(runtime, operator) == 1


@pytest.mark.usefixtures("runtime")
def test_a_quota_is_free_again_once_jobs_have_ended(settings: Settings, operator: Principal) -> None:
    small = Runtime(Settings(**{**vars(settings), "quota_queued_jobs": 1}))
    try:
        first = submit(small, operator, _noop(), trace="t")
        jobs.cancel(small, operator, first.id)
        assert submit(small, operator, _noop(), trace="t").state is JobState.QUEUED
    finally:
        small.close()


def _noop() -> JobRequest:
    parameters = {"sleep_ms": 0, "fail": False, "allocate_mb": 0}
    return JobRequest(measure=Measure.NOOP, portfolio=None, portfolio_id=None, parameters=parameters)


def test_drills_need_the_setting_and_the_role(settings: Settings, runtime: Runtime, operator: Principal) -> None:
    trader = Principal(tenant="desk", subject="tom", role=Role.TRADER)
    with pytest.raises(PermissionDeniedError):
        submit(runtime, trader, _noop(), trace="t")
    off = Runtime(Settings(**{**vars(settings), "drills_enabled": False}))
    try:
        with pytest.raises(DrillsDisabledError):
            submit(off, operator, _noop(), trace="t")
    finally:
        off.close()
    assert listed(runtime, operator) == 0


def test_an_unreachable_database_is_storage_unavailable(settings: Settings, operator: Principal) -> None:
    nowhere = Runtime(Settings(**{**vars(settings), "database_url": "postgresql://x:y@127.0.0.1:1/z"}))
    try:
        with pytest.raises(StorageUnavailableError):
            submit(nowhere, operator, _noop(), trace="t")
    finally:
        nowhere.close()


def test_a_stored_portfolio_is_pinned_by_version(runtime: Runtime, operator: Principal) -> None:
    first, second = book("AAPL"), book("AAPL", "MSFT")
    for version, portfolio in enumerate((first, second), start=1):
        with runtime.database.unit_of_work() as conn:
            stored = portfolios.put(
                conn,
                "desk",
                "book",
                name="Book",
                currency="USD",
                position_count=len(portfolio),
                packed=pack(portfolio.document(), portfolio.tables()),
                actor="olga",
            )
        assert stored.version == version
    job = submit(runtime, operator, margin(portfolio_id="book"), trace="t")
    assert (job.portfolio_id, job.portfolio_version) == ("book", 2)
    with runtime.database.unit_of_work() as conn:
        claim = stored_jobs.claim(conn, job.id, worker="w", lease_seconds=10, code_version="c")
    assert claim is not None
    assert claim.inputs.columns is not None
    assert load_portfolio(claim.inputs.columns).ids == second.ids


def test_a_portfolio_of_another_tenant_does_not_exist(runtime: Runtime, operator: Principal) -> None:
    portfolio = book("AAPL")
    with runtime.database.unit_of_work() as conn:
        portfolios.put(
            conn,
            "other",
            "theirs",
            name="Theirs",
            currency="USD",
            position_count=1,
            packed=pack(portfolio.document(), portfolio.tables()),
            actor="eve",
        )
    with pytest.raises(NotFoundError):
        submit(runtime, operator, margin(portfolio_id="theirs"), trace="t")


def test_stored_prices_are_filled_in_and_pinned(runtime: Runtime, operator: Principal) -> None:
    with runtime.database.unit_of_work() as conn:
        prices.put_many(
            conn, "desk", [prices.Price(symbol="AAPL", price=150.5, as_of=datetime(2024, 5, 31, tzinfo=UTC))]
        )
    job = submit(runtime, operator, margin(book("AAPL", price=np.nan), needs_prices=("AAPL",)), trace="t")
    with runtime.database.read() as conn:
        given = stored_jobs.inputs(conn, "desk", job.id)
    assert given is not None
    assert given.columns is not None
    assert load_portfolio(given.columns).numbers["price"].tolist() == [150.5]
    assert given.market["prices"] == {"AAPL": {"price": 150.5, "as_of": "2024-05-31T00:00:00Z"}}


def test_a_price_that_nobody_stored_is_refused_by_name(runtime: Runtime, operator: Principal) -> None:
    with pytest.raises(InvalidInputError) as refused:
        submit(runtime, operator, margin(book("NONE", price=np.nan), needs_prices=("NONE",)), trace="t")
    assert "NONE" in refused.value.faults[0].detail
    assert listed(runtime, operator) == 0


def test_histories_are_pinned_by_version(runtime: Runtime, operator: Principal) -> None:
    _store_history(runtime, "AAPL")
    request = margin(book("AAPL"), parameters={"volatility": "history"})
    job = submit(runtime, operator, request, trace="t")
    with runtime.database.read() as conn:
        given = stored_jobs.inputs(conn, "desk", job.id)
    assert given is not None
    assert given.market == {"histories": {"AAPL": 1}}


def test_a_history_that_nobody_stored_is_refused_with_its_pointer(runtime: Runtime, operator: Principal) -> None:
    _store_history(runtime, "AAPL")
    request = margin(book("AAPL", "MSFT"), parameters={"volatility": "history"})
    with pytest.raises(InvalidInputError) as refused:
        submit(runtime, operator, request, trace="t")
    assert [fault.pointer for fault in refused.value.faults] == ["/portfolio/positions/1/symbol"]


def test_a_rate_s_history_is_pinned_where_it_is_stored(runtime: Runtime, operator: Principal) -> None:
    """A euro position of the model fhs: its rate's history counts where there is one, and is not asked for."""
    _store_history(runtime, "AAPL")
    abroad = replace(book("AAPL"), labels={**book("AAPL").labels, "currency": Labels.of(["EUR"])}, fx={"EUR/USD": 1.1})
    request = margin(abroad, parameters={"model": "fhs"})
    pins = []
    for symbol in (None, "USD/EUR"):
        if symbol is not None:
            _store_history(runtime, symbol)
        job = submit(runtime, operator, request, trace="t")
        with runtime.database.read() as conn:
            given = stored_jobs.inputs(conn, "desk", job.id)
        assert given is not None
        pins.append(given.market["histories"])
    assert pins == [{"AAPL": 1}, {"AAPL": 1, "USD/EUR": 1}]


def _store_history(runtime: Runtime, symbol: str) -> None:
    from services.inputs import pack_history

    days = np.datetime64("2024-01-01") + np.arange(40)
    new = histories.NewHistory(
        symbol=symbol,
        first_date=date(2024, 1, 1),
        last_date=date(2024, 2, 9),
        observations=40,
        packed=pack_history(days, np.linspace(90.0, 110.0, 40)),
    )
    with runtime.database.unit_of_work() as conn:
        histories.put(conn, "desk", new)


def test_a_named_device_without_a_worker_is_refused(drill: Submitting, runtime: Runtime, operator: Principal) -> None:
    with pytest.raises(DeviceUnavailableError, match=r"gpu\.rt"):
        drill(device=Device.GPU)
    assert listed(runtime, operator) == 0


def test_a_fallback_goes_to_cpu_and_says_so(drill: Submitting) -> None:
    job = drill(device=Device.GPU, fallback=True)
    assert job.queue is Queue.CPU_RT
    assert job.routing_reason == "fallback to cpu: no live worker serves gpu.rt"
    assert job.device_requested is Device.GPU


def test_a_live_worker_of_the_named_device_gets_the_job(drill: Submitting, runtime: Runtime) -> None:
    beat(runtime, device=Device.GPU, queues=(Queue.GPU_RT, Queue.GPU_BULK))
    assert drill(device=Device.GPU).queue is Queue.GPU_RT


def beat(runtime: Runtime, *, device: Device, queues: tuple[Queue, ...], name: str = "mac") -> None:
    with runtime.database.unit_of_work() as conn:
        workers.beat(
            conn,
            id=name,
            host=name,
            pid=1,
            code_version="c",
            devices={},
            device=device,
            queues=[queue.value for queue in queues],
            slots=1,
        )


def test_an_answer_is_stored_with_its_job(runtime: Runtime, operator: Principal) -> None:
    held = idempotency.begin(runtime, operator, "key", "digest")
    assert isinstance(held, idempotency.Held)
    with pytest.raises(KeyInFlightError):
        idempotency.begin(runtime, operator, "key", "digest")

    def answer(job: stored_jobs.Job) -> idempotency.Answer:
        return idempotency.Answer(status=202, headers={"Location": str(job.id)}, body=b"{}")

    job = submit(runtime, operator, _noop(), trace="t", claim=held, answer=answer)
    repeat = idempotency.begin(runtime, operator, "key", "digest")
    assert repeat == idempotency.Answer(status=202, headers={"Location": str(job.id)}, body=b"{}")
    with pytest.raises(KeyReusedError):
        idempotency.begin(runtime, operator, "key", "another digest")


def test_a_refused_request_gives_its_key_back(runtime: Runtime, operator: Principal) -> None:
    held = idempotency.begin(runtime, operator, "key", "digest")
    assert isinstance(held, idempotency.Held)
    idempotency.give_up(runtime, held)
    assert isinstance(idempotency.begin(runtime, operator, "key", "digest"), idempotency.Held)


def test_a_key_that_was_taken_over_stores_no_second_job(runtime: Runtime, operator: Principal) -> None:
    held = idempotency.begin(runtime, operator, "key", "digest")
    assert isinstance(held, idempotency.Held)
    idempotency.give_up(runtime, held)
    assert isinstance(idempotency.begin(runtime, operator, "key", "digest"), idempotency.Held)
    with pytest.raises(KeyInFlightError):
        submit(runtime, operator, _noop(), trace="t", claim=held, answer=lambda _job: idempotency.Answer(status=202))
    assert listed(runtime, operator) == 0
