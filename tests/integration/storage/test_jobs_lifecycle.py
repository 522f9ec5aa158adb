"""Every transition of a job against the real Postgres: what is allowed happens once, all else changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.names import JobState, Measure, Queue
from storage import jobs, portfolios
from storage.columns import pack
from storage.database import Connection
from storage.jobs import Job, amend, leaving
from storage.schema import results
from tests.integration.storage.conftest import RESULT, TENANT, Board, new_job

ERROR = {"code": "broken", "detail": "It broke."}


def _finish(board: Board, claim: jobs.Claim) -> Job | None:
    job: Job | None = board.call(jobs.finish, claim.job.id, claim.token, result=RESULT, device="cpu", run_ms=12.5)
    return job


def test_a_submitted_job_is_queued_with_all_it_was_given(board: Board) -> None:
    new = new_job(predicted_ms=3.5, schedule_id=uuid4())

    job = board.call(jobs.insert, new, parameters={"seed": 7}, market={"histories": {"A": 1}}, columns=RESULT)

    assert job == board.get(job.id)
    assert job.state is JobState.QUEUED
    assert (job.measure, job.queue, job.attempt, job.sent_at) == (Measure.MARGIN, Queue.CPU_RT, 0, None)
    assert (job.predicted_ms, job.schedule_id) == (3.5, new.schedule_id)
    assert job.deadline_at is not None
    assert timedelta(seconds=599) < job.deadline_at - job.submitted_at <= timedelta(seconds=600)
    given = board.call(jobs.inputs, TENANT, job.id)
    assert given.parameters == {"seed": 7}
    assert given.market == {"histories": {"A": 1}}
    assert (given.content_hash, given.columns) == (RESULT.content_hash, RESULT.data)


def test_a_job_without_a_deadline_has_none(board: Board) -> None:
    assert board.submit(deadline_seconds=None).deadline_at is None


def test_a_claim_hands_over_the_job_and_its_inputs(board: Board) -> None:
    submitted = board.submit(columns=RESULT)

    claim = board.claim(submitted.id, worker="w7")

    assert claim is not None
    assert (claim.job.state, claim.job.attempt, claim.job.worker) == (JobState.RUNNING, 1, "w7")
    assert claim.job.token == claim.token
    assert claim.job.code_version == "abc"
    assert claim.job.started_at is not None
    assert claim.job.lease_expires_at is not None
    assert claim.job.lease_expires_at - claim.job.started_at < timedelta(seconds=20)
    assert claim.inputs.parameters == {"seed": 7}
    assert claim.inputs.columns == RESULT.data


def test_a_claim_reads_the_pinned_version_of_a_stored_portfolio(board: Board) -> None:
    first, second = (pack({"version": number}, {}) for number in (1, 2))
    for packed in (first, second):
        board.call(portfolios.put, TENANT, "p", name="P", currency="USD", position_count=1, packed=packed, actor="ann")
    board.call(portfolios.delete, TENANT, "p", actor="ann")

    claim = board.claim(board.submit(portfolio_id="p", portfolio_version=1).id)

    assert claim is not None
    assert claim.inputs.columns == first.data
    assert claim.inputs.content_hash == first.content_hash


def test_of_two_workers_one_wins(board: Board) -> None:
    for _ in range(10):
        job = board.submit()
        together = Barrier(2)

        def race(worker: str, job: Job = job, together: Barrier = together) -> bool:
            together.wait(timeout=10)
            return board.claim(job.id, worker=worker) is not None

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(race, ["w1", "w2"])) == [False, True]
        assert board.get(job.id).attempt == 1


@pytest.mark.parametrize(
    "obstacle",
    [
        "available_at = clock_timestamp() + interval '1 minute'",
        "deadline_at = clock_timestamp() - interval '1 second'",
        "state = 'cancelled'",
        "state = 'done'",
        "state = 'dead'",
    ],
)
def test_what_is_not_there_to_be_taken_is_not_taken(board: Board, obstacle: str) -> None:
    job = board.submit()
    board.alter(job.id, obstacle)

    assert board.claim(job.id) is None
    assert board.get(job.id).attempt == 0
    assert board.claim(uuid4()) is None


def test_a_heartbeat_extends_the_lease_and_carries_progress(board: Board) -> None:
    claim = board.running()
    before = claim.job.lease_expires_at

    beat = board.call(jobs.heartbeat, claim.job.id, claim.token, lease_seconds=60.0, done=3, total=2**40)

    after = board.get(claim.job.id)
    assert beat == jobs.Heartbeat(held=True)
    assert (after.progress_done, after.progress_total) == (3, 2**40)
    assert before is not None
    assert after.lease_expires_at is not None
    assert after.lease_expires_at - before > timedelta(seconds=45)


def test_a_heartbeat_learns_of_cancellation_and_deadline(board: Board) -> None:
    claim = board.running()
    board.call(jobs.request_cancel, TENANT, claim.job.id)
    board.alter(claim.job.id, "deadline_at = clock_timestamp()")

    beat = board.call(jobs.heartbeat, claim.job.id, claim.token, lease_seconds=10.0, done=0, total=0)

    assert beat == jobs.Heartbeat(held=True, cancel_requested=True, deadline_passed=True)


def test_finish_stores_the_result_once(board: Board) -> None:
    claim = board.running()

    job = _finish(board, claim)

    assert job is not None
    assert (job.state, job.device, job.run_ms, job.error, job.token) == (JobState.DONE, "cpu", 12.5, None, None)
    assert job.finished_at is not None
    assert board.call(jobs.result, TENANT, job.id) == RESULT.data
    assert _finish(board, claim) is None


def _stored_results(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(results)).scalar_one()


def test_a_zombie_writes_nothing(board: Board) -> None:
    zombie = board.running(max_attempts=5)
    board.alter(zombie.job.id, "lease_expires_at = clock_timestamp()")
    board.call(jobs.expired_leases, settle_seconds=0.0)
    living = board.claim(zombie.job.id, worker="w2")
    assert living is not None
    held = (zombie.job.id, zombie.token)

    assert _finish(board, zombie) is None
    assert board.call(jobs.fail, *held, error=ERROR, retry_in_seconds=None) is None
    assert board.call(jobs.cancelled, *held) is None
    assert board.call(jobs.release, *held) is False
    assert board.call(jobs.heartbeat, *held, lease_seconds=1.0, done=9, total=9) == jobs.Heartbeat(held=False)

    assert board.get(zombie.job.id) == living.job
    assert board.call(_stored_results) == 0
    assert _finish(board, living) is not None


def test_a_finish_is_undone_with_its_transaction(board: Board) -> None:
    claim = board.running()

    def finish_and_break(connection: Connection) -> None:
        jobs.finish(connection, claim.job.id, claim.token, result=RESULT, device="cpu", run_ms=1.0)
        raise KeyError

    with pytest.raises(KeyError):
        board.call(finish_and_break)

    assert board.get(claim.job.id).state is JobState.RUNNING
    assert board.call(_stored_results) == 0


def test_a_failure_without_retry_is_final(board: Board) -> None:
    claim = board.running()

    job = board.call(jobs.fail, claim.job.id, claim.token, error=ERROR, retry_in_seconds=None)

    assert (job.state, job.error, job.token) == (JobState.FAILED, ERROR, None)
    assert job.finished_at is not None


def test_a_failure_with_retry_waits_and_runs_again_until_the_attempts_are_used_up(board: Board) -> None:
    claim = board.running(max_attempts=2)

    queued = board.call(jobs.fail, claim.job.id, claim.token, error=ERROR, retry_in_seconds=30.0)

    assert (queued.state, queued.error, queued.sent_at, queued.finished_at) == (JobState.QUEUED, ERROR, None, None)
    assert queued.available_at - claim.job.available_at > timedelta(seconds=29)
    assert board.claim(queued.id) is None
    board.alter(queued.id, "available_at = clock_timestamp()")
    again = board.claim(queued.id)
    assert again is not None
    assert again.job.attempt == 2
    assert again.token != claim.token
    dead = board.call(jobs.fail, again.job.id, again.token, error=ERROR, retry_in_seconds=30.0)
    assert (dead.state, dead.attempt) == (JobState.DEAD, 2)
    assert dead.finished_at is not None


def test_a_success_after_a_failure_carries_no_error(board: Board) -> None:
    claim = board.running()
    board.call(jobs.fail, claim.job.id, claim.token, error=ERROR, retry_in_seconds=0.0)
    again = board.claim(claim.job.id)
    assert again is not None

    job = _finish(board, again)

    assert job is not None
    assert (job.state, job.error, job.attempt) == (JobState.DONE, None, 2)


def test_a_retry_of_a_job_that_was_to_be_cancelled_is_its_cancellation(board: Board) -> None:
    claim = board.running()
    board.call(jobs.request_cancel, TENANT, claim.job.id)

    job = board.call(jobs.fail, claim.job.id, claim.token, error=ERROR, retry_in_seconds=1.0)

    assert job.state is JobState.CANCELLED
    assert job.finished_at is not None


def test_a_queued_job_is_cancelled_at_once(board: Board) -> None:
    job = board.submit()

    cancelled = board.call(jobs.request_cancel, TENANT, job.id)

    assert cancelled.state is JobState.CANCELLED
    assert cancelled.finished_at is not None
    assert board.claim(job.id) is None


def test_a_running_job_is_asked_to_stop_and_says_when_it_has(board: Board) -> None:
    claim = board.running()

    asked = board.call(jobs.request_cancel, TENANT, claim.job.id)
    stopped = board.call(jobs.cancelled, claim.job.id, claim.token)

    assert (asked.state, asked.cancel_requested, asked.finished_at) == (JobState.RUNNING, True, None)
    assert (stopped.state, stopped.token) == (JobState.CANCELLED, None)
    assert stopped.finished_at is not None


def test_a_job_that_has_ended_cannot_be_cancelled(board: Board) -> None:
    claim = board.running()
    _finish(board, claim)

    assert board.call(jobs.request_cancel, TENANT, claim.job.id) is None
    assert board.get(claim.job.id).state is JobState.DONE


def test_another_tenant_reaches_nothing(board: Board) -> None:
    job = board.submit()
    dead = board.dead()

    assert board.call(jobs.get, "other", job.id) is None
    assert board.call(jobs.get_many, "other", [job.id]) == {}
    assert board.call(jobs.inputs, "other", job.id) is None
    assert board.call(jobs.result, "other", job.id) is None
    assert board.call(jobs.request_cancel, "other", job.id) is None
    assert board.call(jobs.replay_dead, "other", dead.id) is None
    assert board.call(jobs.page, "other") == ([], None)
    assert board.call(jobs.unfinished, "other") == 0


def test_a_released_job_has_its_attempt_back(board: Board) -> None:
    claim = board.running(max_attempts=1)

    assert board.call(jobs.release, claim.job.id, claim.token) is True

    released = board.get(claim.job.id)
    assert (released.state, released.attempt, released.token, released.worker) == (JobState.QUEUED, 0, None, None)
    assert board.claim(claim.job.id) is not None


def test_a_dead_job_is_replayed_with_attempts_and_time_renewed(board: Board) -> None:
    dead = board.dead(deadline_seconds=60.0)
    board.alter(dead.id, "deadline_at = clock_timestamp() - interval '1 hour', cancel_requested = true, sends = 9")

    replayed = board.call(jobs.replay_dead, TENANT, dead.id)

    assert (replayed.state, replayed.attempt, replayed.sends) == (JobState.QUEUED, 0, 0)
    assert (replayed.error, replayed.finished_at, replayed.cancel_requested) == (None, None, False)
    assert replayed.deadline_at - replayed.available_at < timedelta(seconds=61)
    claim = board.claim(dead.id)
    assert claim is not None
    assert _finish(board, claim) is not None


@pytest.mark.parametrize("state", ["queued", "failed", "done", "cancelled"])
def test_only_dead_jobs_are_replayed(board: Board, state: str) -> None:
    job = board.submit()
    board.alter(job.id, f"state = '{state}'")

    assert board.call(jobs.replay_dead, TENANT, job.id) is None


def test_the_interactive_lane_stores_everything_at_once(board: Board) -> None:
    job = board.call(
        jobs.insert_done,
        new_job(queue=None),
        parameters={"model": "house"},
        market={},
        columns=pack({"id": "p"}, {}),
        result=RESULT,
        device="cpu",
        run_ms=250.0,
        code_version="abc",
    )

    assert (job.state, job.queue, job.attempt, job.device) == (JobState.DONE, None, 1, "cpu")
    assert job.finished_at - job.started_at == timedelta(milliseconds=250)
    assert job.submitted_at == job.started_at
    assert board.call(jobs.result, TENANT, job.id) == RESULT.data
    assert board.call(jobs.inputs, TENANT, job.id).parameters == {"model": "house"}
    assert board.call(jobs.unfinished, TENANT) == 0
    assert board.claim(job.id) is None


def test_the_database_itself_refuses_a_token_without_an_attempt(board: Board) -> None:
    job = board.submit()

    for impossible in ("token = gen_random_uuid()", "state = 'running'", "state = 'lost'"):
        with pytest.raises(IntegrityError):
            board.alter(job.id, impossible)


def test_a_leaving_worker_gives_its_own_jobs_back(board: Board) -> None:
    mine, others = board.running(), board.claim(board.submit().id, worker="w2")
    assert others is not None
    assert board.call(leaving.running, "w1") == 1

    assert board.call(leaving.release_all, "w1") == [mine.job.id]

    released = board.get(mine.job.id)
    assert (released.state, released.attempt, released.token, released.sent_at) == (JobState.QUEUED, 0, None, None)
    assert board.get(others.job.id).state is JobState.RUNNING
    assert board.call(leaving.running, "w1") == 0
    assert _finish(board, mine) is None


def test_only_a_failed_job_can_be_explained_further(board: Board) -> None:
    claim = board.running()
    failed = board.call(jobs.fail, claim.job.id, claim.token, error=ERROR, retry_in_seconds=None)
    queued = board.submit()

    for job in (failed, queued):
        board.call(amend.explain, job, {"code": "no-device"})

    assert board.get(failed.id).error == {"code": "no-device"}
    assert board.get(queued.id).error is None
