"""The reconciler: what was lost is found, what only waits is left alone, and two of them do nothing twice."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from core.names import Device, JobState, Lane, Queue
from core.security import Principal
from services import jobs as looking
from services.execute import execute
from services.reconcile import Pass, Reconciler
from services.runtime import Runtime
from storage import jobs
from tests.integration.lifecycle.conftest import Broker, Submitting
from tests.integration.lifecycle.test_submit import beat
from tests.integration.lifecycle.waiting import eventually

StateOf = Callable[[jobs.Job], JobState]


@pytest.fixture
def mute(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are committed and never sent by whoever submits them."""
    monkeypatch.setattr(runtime, "dispatch", lambda _job: None)


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.reconcile.UNSENT_GRACE_SECONDS", 0.0)
    monkeypatch.setattr("services.reconcile.OVERDUE_GRACE_SECONDS", 0.0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is lost is sent again without a pause."""
    monkeypatch.setattr("services.reconcile.RESEND_AFTER_SECONDS", 0.0)


@pytest.mark.usefixtures("mute")
def test_what_was_never_sent_is_sent_once(drill: Submitting, reconciler: Reconciler, broker: Broker) -> None:
    job = drill()
    assert reconciler.once().sent == 1
    assert broker.ids(Queue.CPU_RT) == [job.id]
    assert reconciler.once().sent == 0


@pytest.mark.usefixtures("mute")
def test_two_reconcilers_send_nothing_twice(drill: Submitting, runtime: Runtime, broker: Broker) -> None:
    sent = {drill().id for _ in range(40)}
    reconcilers = [Reconciler(runtime) for _ in range(2)]
    threads = [threading.Thread(target=reconciler.once) for reconciler in reconcilers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for reconciler in reconcilers:
        reconciler.close()
    ids = broker.ids(Queue.CPU_RT)
    assert len(ids) == len(sent)
    assert set(ids) == sent


@pytest.mark.usefixtures("impatient")
def test_a_broker_that_lost_everything_is_filled_again(
    drill: Submitting, runtime: Runtime, operator: Principal, reconciler: Reconciler, broker: Broker
) -> None:
    sent = {drill().id for _ in range(3)}
    eventually(lambda: all(looking.show(runtime, operator, job_id).sent_at for job_id in sent))
    broker.flush()
    assert reconciler.once().sent == 3
    assert set(broker.ids(Queue.CPU_RT)) == sent


@pytest.mark.usefixtures("impatient")
def test_a_message_lost_from_an_empty_queue_is_sent_again(
    drill: Submitting, runtime: Runtime, operator: Principal, reconciler: Reconciler, broker: Broker
) -> None:
    job = drill()
    eventually(lambda: looking.show(runtime, operator, job.id).sent_at is not None)
    broker.lose(Queue.CPU_RT)
    assert reconciler.once().sent == 1
    assert broker.ids(Queue.CPU_RT) == [job.id]


@pytest.mark.usefixtures("impatient")
def test_a_long_backlog_is_not_taken_for_a_loss(
    drill: Submitting, runtime: Runtime, operator: Principal, reconciler: Reconciler, broker: Broker
) -> None:
    sent = [drill().id for _ in range(30)]
    eventually(lambda: all(looking.show(runtime, operator, job_id).sent_at for job_id in sent))
    for _ in range(5):
        assert reconciler.once().sent == 0
    assert len(broker.ids(Queue.CPU_RT)) == 30


@pytest.mark.usefixtures("mute")
def test_a_retry_is_sent_when_its_time_has_come(
    drill: Submitting, runtime: Runtime, reconciler: Reconciler, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.failures.FIRST_RETRY_SECONDS", 0.5)
    job = drill(drill={"fail": True})
    execute(runtime, job.id, worker="one")
    assert reconciler.once().sent == 0
    eventually(lambda: reconciler.once().sent == 1)
    assert broker.ids(Queue.CPU_RT) == [job.id]


def test_a_lost_workers_job_runs_again(
    drill: Submitting, runtime: Runtime, operator: Principal, reconciler: Reconciler
) -> None:
    job = drill()
    _claim_and_vanish(runtime, job)
    found = reconciler.once()
    assert (found.expired, found.sent) == (1, 1)
    assert execute(runtime, job.id, worker="heir") is JobState.DONE
    assert looking.show(runtime, operator, job.id).attempt == 2


def test_a_job_that_loses_every_worker_is_dead(
    drill: Submitting, runtime: Runtime, operator: Principal, reconciler: Reconciler
) -> None:
    job = drill(max_attempts=1)
    _claim_and_vanish(runtime, job)
    assert reconciler.once().expired == 1
    dead = looking.show(runtime, operator, job.id)
    assert dead.state is JobState.DEAD
    assert dead.error is not None
    assert dead.error["code"] == "worker-lost"


def test_a_cancelled_job_whose_worker_is_lost_is_cancelled(
    drill: Submitting, runtime: Runtime, operator: Principal, reconciler: Reconciler, state_of: StateOf
) -> None:
    job = drill()
    _claim_and_vanish(runtime, job)
    looking.cancel(runtime, operator, job.id)
    reconciler.once()
    assert state_of(job) is JobState.CANCELLED


def test_no_lease_expires_until_postgres_was_reachable_for_one(
    drill: Submitting, runtime: Runtime, state_of: StateOf
) -> None:
    job = drill()
    _claim_and_vanish(runtime, job)
    fresh = Reconciler(runtime)
    try:
        assert fresh.once().expired == 0
        assert state_of(job) is JobState.RUNNING
        fresh.trust()
        assert fresh.once().expired == 1
        fresh.distrust()
        _claim_and_vanish(runtime, job)
        assert fresh.once().expired == 0
    finally:
        fresh.close()


def _claim_and_vanish(runtime: Runtime, job: jobs.Job) -> None:
    with runtime.database.unit_of_work() as conn:
        assert jobs.claim(conn, job.id, worker="gone", lease_seconds=0.0, code_version="c") is not None


@pytest.mark.usefixtures("mute")
def test_a_queued_job_fails_at_its_deadline(
    drill: Submitting, runtime: Runtime, operator: Principal, reconciler: Reconciler
) -> None:
    beat(runtime, device=Device.CPU, queues=(Queue.CPU_RT,))
    job = drill(deadline_seconds=0.0)
    assert reconciler.once().overdue == 1
    error = looking.show(runtime, operator, job.id).error
    assert error is not None
    assert error["code"] == "deadline-passed"
    assert execute(runtime, job.id, worker="late") is None


@pytest.fixture
def lost_gpu(runtime: Runtime, drill: Submitting) -> Callable[..., jobs.Job]:
    """Submit to a gpu worker that then falls silent."""

    def send(**options: Any) -> jobs.Job:
        beat(runtime, device=Device.GPU, queues=(Queue.GPU_RT, Queue.GPU_BULK))
        job = drill(device=Device.GPU, **options)
        assert job.queue is not None
        assert job.queue.device is Device.GPU
        return job

    return send


def test_a_job_that_may_fall_back_leaves_a_silent_worker(
    lost_gpu: Callable[..., jobs.Job], runtime: Runtime, operator: Principal, reconciler: Reconciler, broker: Broker
) -> None:
    job = lost_gpu(fallback=True, lane=Lane.BULK)
    assert reconciler.once().rerouted == 0  # it beat a moment ago
    found: list[Pass] = []
    eventually(lambda: found.append(reconciler.once()) or found[-1].rerouted == 1)  # type: ignore[func-returns-value]
    moved = looking.show(runtime, operator, job.id)
    assert moved.queue is Queue.CPU_BULK
    assert "gpu.bulk" in moved.routing_reason
    assert "cpu" in moved.routing_reason
    eventually(lambda: job.id in broker.ids(Queue.CPU_BULK))


@pytest.mark.usefixtures("mute")
def test_a_job_that_may_not_waits_and_fails_naming_the_device(
    lost_gpu: Callable[..., jobs.Job], runtime: Runtime, operator: Principal, reconciler: Reconciler
) -> None:
    job = lost_gpu(deadline_seconds=2.0)
    overdue = 0
    while not overdue:
        found = reconciler.once()
        assert found.rerouted == 0
        overdue = found.overdue
    failed = looking.show(runtime, operator, job.id)
    assert failed.state is JobState.FAILED
    assert failed.error is not None
    assert failed.error["code"] == "device-unavailable"
    assert "gpu" in failed.error["detail"]


def test_events_are_relayed_in_order_and_once(
    drill: Submitting, runtime: Runtime, reconciler: Reconciler, redis_url: str
) -> None:
    import json

    import redis

    sent = [drill() for _ in range(3)]
    for job in sent:
        execute(runtime, job.id, worker="one")
    assert reconciler.once().relayed == 3
    assert reconciler.once().relayed == 0
    with redis.Redis.from_url(f"{redis_url}/1") as client:
        stream = [json.loads(fields[b"event"]) for _, fields in client.xrange("collateral:events")]
    assert [event["subject"] for event in stream] == [str(job.id) for job in sent]
    assert {event["type"] for event in stream} == {"job.finished.v1"}
    assert stream[0]["specversion"] == "1.0"


def test_a_pass_survives_a_broker_that_is_away(
    drill: Submitting, runtime: Runtime, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch, state_of: StateOf
) -> None:
    monkeypatch.setattr(runtime, "dispatch", lambda _job: None)
    monkeypatch.setattr(runtime.cache, "epoch", lambda: None)
    job = drill()
    assert reconciler.once().sent == 0
    monkeypatch.undo()
    assert state_of(job) is JobState.QUEUED


@pytest.mark.usefixtures("mute")
def test_what_could_not_be_sent_is_found_by_the_next_pass(
    drill: Submitting, reconciler: Reconciler, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = drill()

    def refuse(*_: object) -> None:
        raise ConnectionError("gone")

    with monkeypatch.context() as broken:
        broken.setattr("workers.dispatch.Publisher.send", refuse)
        assert reconciler.once().sent == 0
    assert reconciler.once().sent == 1
    assert broker.ids(Queue.CPU_RT) == [job.id]
