"""Every way that a job can go, driven through the services against the real servers."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from compute.errors import HistoryError
from compute.measures import MEASURES, MeasureSpec
from compute.result import Checkpoint, Result
from core.errors import PermissionDeniedError
from core.names import JobState, Measure, Role
from core.security import Principal
from services import jobs as looking
from services.errors import ConflictError, NotFoundError
from services.execute import execute
from services.reconcile import Reconciler
from services.runtime import Runtime
from storage import audit, jobs, outbox
from storage.columns import pack
from storage.jobs import leaving
from tests.integration.lifecycle.conftest import Submitting
from tests.integration.lifecycle.waiting import eventually
from workers.version import code_version

StateOf = Callable[[jobs.Job], JobState]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Checkpoint], Result]], None]:
    """Put a kernel of the test's own in the place of the drill's."""

    def put(run: Callable[[Checkpoint], Result]) -> None:
        def stand_in(_portfolio: object, _market: object, _parameters: Mapping[str, Any], stop: Checkpoint) -> Result:
            return run(stop)

        real = MEASURES["noop"]
        spec = MeasureSpec(kernel=stand_in, parameters=real.parameters, work=real.work, takes=())
        monkeypatch.setitem(MEASURES, "noop", spec)

    return put


@contextmanager
def running(runtime: Runtime, job: jobs.Job, worker: str = "one") -> Iterator[threading.Thread]:
    """Execute a job beside the test."""
    thread = threading.Thread(target=execute, args=(runtime, job.id), kwargs={"worker": worker})
    thread.start()
    yield thread
    thread.join(60)
    assert not thread.is_alive()


def events(runtime: Runtime) -> list[tuple[str, str]]:
    with runtime.database.unit_of_work() as conn:
        return [(event.type, event.subject) for event in outbox.waiting(conn)]


def actions(runtime: Runtime, job: jobs.Job) -> list[str]:
    with runtime.database.read() as conn:
        return [row.action for row in audit.page(conn, job.tenant, job_id=job.id)[0]][::-1]


def test_queued_to_done(drill: Submitting, runtime: Runtime, operator: Principal) -> None:
    job = drill(drill={"sleep_ms": 3, "allocate_mb": 2})
    assert execute(runtime, job.id, worker="one") is JobState.DONE
    done, result = looking.finished(runtime, operator, job.id)
    assert (done.state, done.attempt, done.worker, done.device) == (JobState.DONE, 1, "one", "cpu")
    assert done.code_version == code_version()
    assert done.run_ms is not None
    assert result is not None
    assert result["allocated_bytes"] == 2 * 1024 * 1024
    assert result["elapsed_ms"] >= 3
    assert actions(runtime, job) == ["noop.computed"]
    assert events(runtime) == [("job.finished.v1", str(job.id))]


def test_a_done_job_is_not_done_twice(drill: Submitting, runtime: Runtime) -> None:
    job = drill()
    assert execute(runtime, job.id, worker="one") is JobState.DONE
    assert execute(runtime, job.id, worker="two") is None
    assert actions(runtime, job) == ["noop.computed"]


def test_a_result_comes_from_the_cache_and_without_it_from_postgres(
    drill: Submitting, runtime: Runtime, operator: Principal
) -> None:
    job = drill()
    execute(runtime, job.id, worker="one")
    cached = runtime.cache.get_result("desk", job.id)
    with runtime.database.read() as conn:
        stored = jobs.result(conn, "desk", job.id)
    assert cached == stored == looking.packed_result(runtime, operator, job.id)
    assert runtime.cache.get_result("other", job.id) is None


def test_a_job_without_a_result_says_so(drill: Submitting, runtime: Runtime, operator: Principal) -> None:
    with pytest.raises(ConflictError, match="queued"):
        looking.result(runtime, operator, drill().id)
    with pytest.raises(NotFoundError):
        looking.result(runtime, operator, uuid4())


def test_another_tenants_job_does_not_exist(drill: Submitting, runtime: Runtime) -> None:
    job = drill()
    stranger = Principal(tenant="other", subject="eve", role=Role.ADMIN)
    for look in (looking.show, looking.result, looking.cancel, looking.replay):
        with pytest.raises(NotFoundError):
            look(runtime, stranger, job.id)
    assert looking.listing(runtime, stranger) == ([], None)


def test_failing_to_dead_to_replayed_to_done(
    drill: Submitting, runtime: Runtime, operator: Principal, monkeypatch: pytest.MonkeyPatch, kernel: Any
) -> None:
    monkeypatch.setattr("services.failures.FIRST_RETRY_SECONDS", 0.0)
    job = drill(drill={"fail": True}, max_attempts=2)
    assert execute(runtime, job.id, worker="one") is JobState.QUEUED
    assert looking.show(runtime, operator, job.id).error is not None
    assert execute(runtime, job.id, worker="one") is JobState.DEAD
    assert execute(runtime, job.id, worker="one") is None
    dead = looking.show(runtime, operator, job.id)
    assert dead.attempt == 2
    assert dead.error is not None
    assert dead.error["code"] == "job-failed"
    assert [letter.id for letter in looking.dead(runtime, operator)[0]] == [job.id]

    replayed = looking.replay(runtime, operator, job.id)
    assert (replayed.state, replayed.attempt, replayed.error) == (JobState.QUEUED, 0, None)
    kernel(lambda _stop: Result(document={}))
    assert execute(runtime, job.id, worker="one") is JobState.DONE
    assert actions(runtime, job) == ["noop.dead", "job.replay", "noop.computed"]
    assert events(runtime) == [("job.dead.v1", str(job.id)), ("job.finished.v1", str(job.id))]


def test_a_retry_waits_for_its_time(drill: Submitting, runtime: Runtime) -> None:
    job = drill(drill={"fail": True})
    assert execute(runtime, job.id, worker="one") is JobState.QUEUED
    assert execute(runtime, job.id, worker="one") is None  # not before its pause is over


def test_only_an_operator_replays_and_only_the_dead(drill: Submitting, runtime: Runtime, operator: Principal) -> None:
    job = drill()
    with pytest.raises(ConflictError, match="queued, not dead"):
        looking.replay(runtime, operator, job.id)
    with pytest.raises(PermissionDeniedError):
        looking.replay(runtime, Principal(tenant="desk", subject="tom", role=Role.TRADER), job.id)


def test_an_input_that_cannot_work_fails_at_once(
    drill: Submitting, runtime: Runtime, operator: Principal, kernel: Any
) -> None:
    def refuse(_stop: Checkpoint) -> Result:
        raise HistoryError("AAPL has 3 closes.", pointer="/portfolio/positions/0/symbol", remedy="Store more.")

    kernel(refuse)
    job = drill()
    assert execute(runtime, job.id, worker="one") is JobState.FAILED
    error = looking.show(runtime, operator, job.id).error
    assert error is not None
    assert (error["code"], error["status"], error["type"]) == ("history-unusable", 422, "/problems/history-unusable")
    assert error["errors"][0]["pointer"] == "/portfolio/positions/0/symbol"
    assert events(runtime) == [("job.failed.v1", str(job.id))]


def test_what_is_not_finite_fails_with_a_critical_alert(
    drill: Submitting, runtime: Runtime, operator: Principal, kernel: Any
) -> None:
    kernel(lambda _stop: Result(document={}, tables={"positions": {"margin": np.array([1.0, np.nan])}}))
    job = drill()
    assert execute(runtime, job.id, worker="one") is JobState.FAILED
    assert events(runtime) == [("job.failed.v1", str(job.id)), ("calculation.invalid.v1", str(job.id))]
    with pytest.raises(ConflictError):
        looking.result(runtime, operator, job.id)


def test_a_queued_job_is_cancelled_at_once(
    drill: Submitting, runtime: Runtime, operator: Principal, state_of: StateOf
) -> None:
    job = drill()
    assert looking.cancel(runtime, operator, job.id).state is JobState.CANCELLED
    assert execute(runtime, job.id, worker="one") is None
    assert state_of(job) is JobState.CANCELLED
    assert actions(runtime, job) == ["job.cancel", "noop.cancelled"]
    with pytest.raises(ConflictError, match="cancelled already"):
        looking.cancel(runtime, operator, job.id)


def test_a_running_job_is_cancelled_through_its_heartbeat(
    drill: Submitting, runtime: Runtime, operator: Principal, state_of: StateOf
) -> None:
    job = drill(drill={"sleep_ms": 600_000})
    with running(runtime, job):
        eventually(lambda: state_of(job) is JobState.RUNNING)
        assert looking.cancel(runtime, operator, job.id).cancel_requested
    assert state_of(job) is JobState.CANCELLED
    assert events(runtime) == [("job.cancelled.v1", str(job.id))]


def test_a_finished_job_cannot_be_cancelled(drill: Submitting, runtime: Runtime, operator: Principal) -> None:
    job = drill()
    execute(runtime, job.id, worker="one")
    with pytest.raises(ConflictError, match="done already"):
        looking.cancel(runtime, operator, job.id)


def test_traders_cancel_their_own_jobs_and_risk_managers_others(
    drill: Submitting, runtime: Runtime, state_of: StateOf
) -> None:
    job = drill()
    with pytest.raises(PermissionDeniedError):
        looking.cancel(runtime, Principal(tenant="desk", subject="tom", role=Role.TRADER), job.id)
    assert state_of(job) is JobState.QUEUED
    looking.cancel(runtime, Principal(tenant="desk", subject="rita", role=Role.RISK_MANAGER), job.id)
    assert state_of(job) is JobState.CANCELLED


def test_a_running_job_stops_at_its_deadline(drill: Submitting, runtime: Runtime, operator: Principal) -> None:
    job = drill(drill={"sleep_ms": 600_000}, deadline_seconds=0.2)
    assert execute(runtime, job.id, worker="one") is JobState.FAILED
    error = looking.show(runtime, operator, job.id).error
    assert error is not None
    assert error["code"] == "deadline-passed"


def test_a_heartbeat_reports_progress(drill: Submitting, runtime: Runtime, operator: Principal) -> None:
    job = drill(drill={"sleep_ms": 600_000})
    with running(runtime, job):
        eventually(lambda: looking.show(runtime, operator, job.id).progress_done > 0)
        assert looking.show(runtime, operator, job.id).progress_total == 600_000
        looking.cancel(runtime, operator, job.id)


def test_a_heartbeat_keeps_a_job_longer_than_its_lease(
    drill: Submitting, runtime: Runtime, reconciler: Reconciler, state_of: StateOf
) -> None:
    job = drill(drill={"sleep_ms": 2_500})  # more than two leases
    with running(runtime, job) as thread:
        while thread.is_alive():
            reconciler.once()
    assert state_of(job) is JobState.DONE
    assert actions(runtime, job) == ["noop.computed"]


def test_a_zombies_late_write_is_refused(
    drill: Submitting, runtime: Runtime, reconciler: Reconciler, operator: Principal
) -> None:
    job = drill()
    with runtime.database.unit_of_work() as conn:
        zombie = jobs.claim(conn, job.id, worker="zombie", lease_seconds=0.0, code_version="c")
    assert zombie is not None
    assert reconciler.once().expired == 1
    assert execute(runtime, job.id, worker="heir") is JobState.DONE
    before = looking.packed_result(runtime, operator, job.id)
    with runtime.database.unit_of_work() as conn:
        late = pack({"late": True}, {})
        assert jobs.finish(conn, job.id, zombie.token, result=late, device="cpu", run_ms=1.0) is None
        assert jobs.fail(conn, job.id, zombie.token, error={}, retry_in_seconds=None) is None
        assert jobs.cancelled(conn, job.id, zombie.token) is None
    after = looking.show(runtime, operator, job.id)
    assert (after.state, after.worker, after.attempt) == (JobState.DONE, "heir", 2)
    assert looking.packed_result(runtime, operator, job.id) == before
    assert actions(runtime, job) == ["noop.computed"]


def test_a_job_that_was_taken_away_stops_and_stores_nothing(
    drill: Submitting, runtime: Runtime, state_of: StateOf
) -> None:
    job = drill(drill={"sleep_ms": 600_000})
    with running(runtime, job):
        eventually(lambda: state_of(job) is JobState.RUNNING)
        with runtime.database.unit_of_work() as conn:
            assert leaving.release_all(conn, "one") == [job.id]
    assert state_of(job) is JobState.QUEUED
    assert actions(runtime, job) == []


def test_a_worker_that_leaves_gives_its_attempts_back(drill: Submitting, runtime: Runtime, operator: Principal) -> None:
    job, other = drill(), drill()
    with runtime.database.unit_of_work() as conn:
        jobs.claim(conn, job.id, worker="leaving", lease_seconds=60, code_version="c")
        jobs.claim(conn, other.id, worker="staying", lease_seconds=60, code_version="c")
    with runtime.database.unit_of_work() as conn:
        assert leaving.running(conn, "leaving") == 1
        assert leaving.release_all(conn, "leaving") == [job.id]
    released = looking.show(runtime, operator, job.id)
    assert (released.state, released.attempt) == (JobState.QUEUED, 0)
    assert looking.show(runtime, operator, other.id).state is JobState.RUNNING


def test_of_many_claims_one_wins(drill: Submitting, runtime: Runtime) -> None:
    job = drill(drill={"sleep_ms": 50})
    outcomes: list[JobState | None] = []

    def race(name: str) -> None:
        outcomes.append(execute(runtime, job.id, worker=name))

    threads = [threading.Thread(target=race, args=(f"w{index}",)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes, key=str) == [None, None, None, JobState.DONE]
    assert actions(runtime, job) == ["noop.computed"]


def test_an_unknown_id_is_no_job(runtime: Runtime) -> None:
    assert execute(runtime, UUID(int=0), worker="one") is None


def test_a_page_follows_the_next(drill: Submitting, runtime: Runtime, operator: Principal) -> None:
    sent = [drill().id for _ in range(3)]
    first, cursor = looking.listing(runtime, operator, measure=Measure.NOOP, limit=2)
    second, end = looking.listing(runtime, operator, cursor=cursor, limit=2)
    assert [job.id for job in (*first, *second)] == sent[::-1]
    assert end is None
