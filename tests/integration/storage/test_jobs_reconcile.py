"""What the reconciler settles: nothing lost, nothing taken twice, a backlog never mistaken for a loss."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from core.names import Device, JobState, Lane, Queue
from storage import jobs, workers
from storage.jobs import Job
from tests.integration.storage.conftest import RESULT, TENANT, Board


def _ids(found: list[Job]) -> set[UUID]:
    return {job.id for job in found}


def _sent(board: Board, *, seconds_ago: float, epoch: str = "e1", **changes: Any) -> Job:
    """A queued job that was sent once, some time ago."""
    job = board.submit(**changes)
    board.call(jobs.mark_sent, [(job.id, epoch)])
    board.alter(job.id, f"sent_at = sent_at - interval '{seconds_ago} seconds'")
    return job


def _lost(board: Board, **changes: Any) -> set[UUID]:
    given = {"epoch": "e1", "empty_queues": [], "overtaken_seconds": 10.0, "backoff_seconds": 2.0}
    return _ids(board.call(jobs.lost_sends, **(given | changes)))


def _live_worker(board: Board, *queues: Queue, worker_id: str = "w1") -> None:
    board.call(
        workers.beat, id=worker_id, host="h", pid=1, code_version="v", devices={}, device="gpu", queues=queues, slots=1
    )


class TestUnsent:
    """(a) committed and never sent."""

    def test_a_fresh_job_is_left_to_its_submitter_for_a_grace(self, board: Board) -> None:
        job = board.submit()

        assert board.call(jobs.unsent, epoch="e1", grace_seconds=60.0) == []
        found = board.call(jobs.unsent, epoch="e1", grace_seconds=0.0)

        assert _ids(found) == {job.id}
        assert (found[0].sent_epoch, found[0].sends) == ("e1", 1)
        assert found[0].sent_at is not None

    def test_a_stamp_keeps_the_next_one_away(self, board: Board) -> None:
        board.submit()
        board.call(jobs.unsent, epoch="e1", grace_seconds=0.0)

        assert board.call(jobs.unsent, epoch="e1", grace_seconds=0.0) == []

    def test_a_stamp_is_taken_back_when_the_sending_failed(self, board: Board) -> None:
        job = board.submit()
        board.call(jobs.unsent, epoch="e1", grace_seconds=0.0)

        board.call(jobs.unsend, [job.id])

        assert board.get(job.id).sends == 0
        assert _ids(board.call(jobs.unsent, epoch="e1", grace_seconds=0.0)) == {job.id}

    def test_a_retry_is_sent_as_soon_as_it_is_due(self, board: Board) -> None:
        claim = board.running()
        board.call(jobs.fail, claim.job.id, claim.token, error={}, retry_in_seconds=60.0)

        assert board.call(jobs.unsent, epoch="e1", grace_seconds=60.0) == []
        board.alter(claim.job.id, "available_at = clock_timestamp()")

        assert _ids(board.call(jobs.unsent, epoch="e1", grace_seconds=60.0)) == {claim.job.id}

    def test_sent_running_and_finished_jobs_are_left_alone(self, board: Board) -> None:
        _sent(board, seconds_ago=0)
        board.running()
        board.dead()

        assert board.call(jobs.unsent, epoch="e1", grace_seconds=0.0) == []

    def test_the_oldest_come_first_and_no_more_than_asked(self, board: Board) -> None:
        submitted = [board.submit().id for _ in range(5)]

        found = [_ids(board.call(jobs.unsent, epoch="e1", grace_seconds=0.0, limit=2)) for _ in range(4)]

        assert found == [set(submitted[:2]), set(submitted[2:4]), {submitted[4]}, set()]

    def test_two_reconcilers_share_without_overlap_and_without_waiting(self, board: Board) -> None:
        submitted = {board.submit().id for _ in range(4)}

        with board.database.unit_of_work() as one, board.database.unit_of_work() as other:
            first = jobs.unsent(one, epoch="e1", grace_seconds=0.0, limit=2)
            second = jobs.unsent(other, epoch="e1", grace_seconds=0.0, limit=10)

        assert _ids(first) | _ids(second) == submitted
        assert not _ids(first) & _ids(second)


class TestMarkSent:
    """The submitter's own stamp."""

    def test_it_counts_and_names_the_epoch(self, board: Board) -> None:
        one, two = board.submit(), board.submit()

        board.call(jobs.mark_sent, [(one.id, "e1"), (two.id, "e2")])

        assert [(board.get(job.id).sent_epoch, board.get(job.id).sends) for job in (one, two)] == [("e1", 1), ("e2", 1)]

    def test_it_leaves_jobs_alone_that_have_gone_on(self, board: Board) -> None:
        claim = board.running()

        board.call(jobs.mark_sent, [(claim.job.id, "e1")])

        assert board.get(claim.job.id) == claim.job

    def test_it_does_not_wait_for_a_row_that_somebody_holds(self, board: Board) -> None:
        job = board.submit()

        with board.database.unit_of_work() as connection:
            jobs.claim(connection, job.id, worker="w", lease_seconds=1.0, code_version="v")
            board.call(jobs.mark_sent, [(job.id, "e1")])

        assert board.get(job.id).sent_at is None

    def test_nothing_to_mark(self, board: Board) -> None:
        board.call(jobs.mark_sent, [])


class TestLostSends:
    """(b) another epoch, (c) an empty queue or overtaken; each with backoff."""

    def test_sent_under_another_epoch(self, board: Board) -> None:
        lost, safe = _sent(board, seconds_ago=3, epoch="e0"), _sent(board, seconds_ago=3)

        assert _lost(board) == {lost.id}
        assert (board.get(lost.id).sent_epoch, board.get(lost.id).sends) == ("e1", 2)
        assert board.get(safe.id).sends == 1

    def test_queue_empty_in_the_broker(self, board: Board) -> None:
        lost = _sent(board, seconds_ago=3, queue=Queue.CPU_BULK)
        _sent(board, seconds_ago=3, queue=Queue.CPU_RT)

        assert _lost(board, empty_queues=[Queue.CPU_BULK, Queue.MONITOR]) == {lost.id}

    def test_overtaken(self, board: Board) -> None:
        lost, later = _sent(board, seconds_ago=30), _sent(board, seconds_ago=15)
        assert _lost(board) == set()

        assert board.claim(later.id) is not None

        assert _lost(board) == {lost.id}

    def test_overtaken_by_a_little_is_the_order_of_workers(self, board: Board) -> None:
        _sent(board, seconds_ago=30)
        assert board.claim(_sent(board, seconds_ago=29).id) is not None

        assert _lost(board) == set()

    def test_overtaking_in_another_queue_says_nothing(self, board: Board) -> None:
        _sent(board, seconds_ago=100)
        assert board.claim(_sent(board, seconds_ago=1, queue=Queue.CPU_BULK).id) is not None

        assert _lost(board) == set()

    def test_a_job_sent_twice_is_no_witness(self, board: Board) -> None:
        # Its first message may have started it, and then nothing that was sent since has been overtaken.
        _sent(board, seconds_ago=100)
        witness = _sent(board, seconds_ago=1)
        board.alter(witness.id, "sends = 2")
        assert board.claim(witness.id) is not None

        assert _lost(board) == set()

    def test_a_long_backlog_is_not_a_loss(self, board: Board) -> None:
        # An hour of waiting, the queue not empty, and workers that take the messages in their order.
        backlog = [_sent(board, seconds_ago=3600 - index) for index in range(20)]
        for job in backlog[:10]:
            assert board.claim(job.id) is not None

        assert _lost(board, empty_queues=[queue for queue in Queue if queue is not Queue.CPU_RT]) == set()

    def test_a_backlog_hides_no_loss_for_good(self, board: Board) -> None:
        # Only the head of a queue is looked at: the loss behind it is found as the head is worked off, others at once.
        backlog = [_sent(board, seconds_ago=60 - index) for index in range(4)]
        behind, elsewhere = (_sent(board, seconds_ago=3, epoch="e0", queue=q) for q in (Queue.CPU_RT, Queue.CPU_BULK))

        assert _lost(board, limit=2) == {elsewhere.id}
        assert board.claim(backlog[0].id) is not None
        assert _lost(board, limit=2) == {behind.id}

    @pytest.mark.parametrize(("sends", "waits"), [(1, 100), (2, 200), (3, 400), (4, 600), (40, 600)])
    def test_every_send_doubles_the_wait_up_to_ten_minutes(self, board: Board, sends: int, waits: int) -> None:
        early = _sent(board, seconds_ago=waits - 60, epoch="e0")
        due = _sent(board, seconds_ago=waits + 1, epoch="e0")
        for job in (early, due):
            board.alter(job.id, f"sends = {sends}")

        assert _lost(board, backoff_seconds=100.0) == {due.id}

    def test_a_retry_that_is_not_due_is_not_missed(self, board: Board) -> None:
        job = _sent(board, seconds_ago=30, epoch="e0")
        board.alter(job.id, "available_at = clock_timestamp() + interval '1 minute'")

        assert _lost(board) == set()

    def test_running_jobs_are_not_lost(self, board: Board) -> None:
        assert board.claim(_sent(board, seconds_ago=30, epoch="e0").id) is not None

        assert _lost(board, empty_queues=list(Queue)) == set()

    def test_bounded_and_shared(self, board: Board) -> None:
        sent = [_sent(board, seconds_ago=30 - index, epoch="e0").id for index in range(4)]

        with board.database.unit_of_work() as one, board.database.unit_of_work() as other:
            first = jobs.lost_sends(one, epoch="e1", limit=3)
            second = jobs.lost_sends(other, epoch="e1", limit=3)

        assert _ids(first) == set(sent[:3])
        assert _ids(second) == {sent[3]}


class TestExpiredLeases:
    """Workers that are gone."""

    def _expire(self, board: Board, **changes: Any) -> list[Job]:
        found: list[Job] = board.call(jobs.expired_leases, **({"settle_seconds": 0.0} | changes))
        return found

    def _abandoned(self, board: Board, **changes: Any) -> jobs.Claim:
        claim = board.running(**changes)
        board.alter(claim.job.id, "lease_expires_at = clock_timestamp()")
        return claim

    def test_a_lease_that_holds_is_left_alone(self, board: Board) -> None:
        board.running()

        assert self._expire(board) == []

    def test_with_attempts_left_it_is_queued_and_to_be_sent(self, board: Board) -> None:
        claim = self._abandoned(board)

        (job,) = self._expire(board)

        assert (job.state, job.attempt, job.token, job.sent_at) == (JobState.QUEUED, 1, None, None)
        assert (job.error, job.finished_at, job.lease_expires_at) == (None, None, None)
        assert _ids(board.call(jobs.unsent, epoch="e1", grace_seconds=60.0)) == {claim.job.id}
        again = board.claim(claim.job.id)
        assert again is not None
        assert again.job.attempt == 2

    def test_without_attempts_left_it_is_dead_and_says_why(self, board: Board) -> None:
        self._abandoned(board, max_attempts=1)

        (job,) = self._expire(board)

        assert job.state is JobState.DEAD
        assert job.error is not None
        assert job.error["code"] == "worker-lost"
        assert job.finished_at is not None

    def test_past_its_deadline_it_has_failed(self, board: Board) -> None:
        claim = self._abandoned(board)
        board.alter(claim.job.id, "deadline_at = clock_timestamp()")

        (job,) = self._expire(board)

        assert job.state is JobState.FAILED
        assert job.error is not None
        assert job.error["code"] == "deadline-passed"

    def test_asked_to_stop_it_is_cancelled(self, board: Board) -> None:
        claim = self._abandoned(board, max_attempts=1)
        board.call(jobs.request_cancel, TENANT, claim.job.id)

        (job,) = self._expire(board)

        assert (job.state, job.error) == (JobState.CANCELLED, None)

    def test_nothing_is_taken_while_postgres_has_just_started(self, board: Board) -> None:
        self._abandoned(board)

        assert self._expire(board, settle_seconds=1e6) == []
        assert len(self._expire(board)) == 1

    def test_a_heartbeat_that_comes_first_keeps_the_job(self, board: Board) -> None:
        claim = self._abandoned(board)

        with board.database.unit_of_work() as worker:
            jobs.heartbeat(worker, claim.job.id, claim.token, lease_seconds=10.0, done=1, total=2)
            assert self._expire(board) == []

        assert self._expire(board) == []
        assert board.get(claim.job.id).state is JobState.RUNNING

    def test_two_reconcilers_take_each_job_once(self, board: Board) -> None:
        abandoned = {self._abandoned(board).job.id for _ in range(6)}

        with ThreadPoolExecutor(2) as pool:
            taken = list(pool.map(lambda _: self._expire(board), range(2)))

        assert sum(len(found) for found in taken) == len(abandoned)
        assert {job.id for found in taken for job in found} == abandoned
        assert {board.get(job_id).attempt for job_id in abandoned} == {1}

    def test_bounded(self, board: Board) -> None:
        for _ in range(3):
            self._abandoned(board)

        assert [len(self._expire(board, limit=2)) for _ in range(3)] == [2, 1, 0]


class TestOverdue:
    """Deadlines."""

    def _overdue(self, board: Board, *, grace_seconds: float = 5.0) -> list[Job]:
        found: list[Job] = board.call(jobs.overdue, grace_seconds=grace_seconds)
        return found

    def test_a_queued_job_fails_at_its_deadline(self, board: Board) -> None:
        job, in_time, timeless = board.submit(), board.submit(), board.submit(deadline_seconds=None)
        board.alter(job.id, "deadline_at = clock_timestamp()")

        (failed,) = self._overdue(board)

        assert (failed.id, failed.state) == (job.id, JobState.FAILED)
        assert failed.error is not None
        assert failed.error["code"] == "deadline-passed"
        assert failed.finished_at is not None
        assert board.get(in_time.id).state is board.get(timeless.id).state is JobState.QUEUED

    def test_a_running_job_is_given_a_grace_then_taken_away(self, board: Board) -> None:
        claim = board.running()
        board.alter(claim.job.id, "deadline_at = clock_timestamp() - interval '10 seconds'")

        assert self._overdue(board, grace_seconds=60.0) == []
        (failed,) = self._overdue(board)

        assert (failed.state, failed.token) == (JobState.FAILED, None)
        late = board.call(jobs.finish, claim.job.id, claim.token, result=RESULT, device="cpu", run_ms=1.0)
        assert late is None

    def test_a_finished_job_stays_as_it_is(self, board: Board) -> None:
        dead = board.dead()
        board.alter(dead.id, "deadline_at = clock_timestamp() - interval '1 hour'")

        assert self._overdue(board) == []

    def test_the_error_may_be_the_callers(self, board: Board) -> None:
        job = board.submit()
        board.alter(job.id, "deadline_at = clock_timestamp()")

        (failed,) = board.call(jobs.overdue, grace_seconds=0.0, late={"code": "no-device", "device": "gpu"})

        assert failed.error == {"code": "no-device", "device": "gpu"}


class TestReroutable:
    """Queues that nobody serves any more."""

    def _move(self, board: Board) -> list[Job]:
        found: list[Job] = board.call(jobs.reroutable, silent_seconds=10.0)
        return found

    @pytest.mark.parametrize(
        ("device", "fallback", "moves"),
        [(Device.AUTO, False, True), (Device.GPU, True, True), (Device.GPU, False, False)],
    )
    def test_who_may_fall_back_does(self, board: Board, device: Device, fallback: bool, moves: bool) -> None:
        job = board.submit(queue=Queue.GPU_BULK, lane=Lane.BULK, device_requested=device, fallback=fallback)
        board.call(jobs.mark_sent, [(job.id, "e1")])

        found = self._move(board)

        assert _ids(found) == ({job.id} if moves else set())
        if moves:
            assert (found[0].queue, found[0].sent_at) == (Queue.CPU_BULK, None)
            assert "gpu.bulk" in found[0].routing_reason
            assert "cpu" in found[0].routing_reason
            assert self._move(board) == []

    def test_a_queue_with_a_live_worker_is_served(self, board: Board) -> None:
        board.submit(queue=Queue.GPU_RT)
        _live_worker(board, Queue.GPU_RT, Queue.GPU_BULK)

        assert self._move(board) == []

    def test_a_worker_of_another_queue_does_not_help(self, board: Board) -> None:
        job = board.submit(queue=Queue.ANE_RT)
        _live_worker(board, Queue.GPU_RT)

        assert _ids(self._move(board)) == {job.id}

    def test_a_silent_or_stopped_worker_does_not_help(self, board: Board) -> None:
        job = board.submit(queue=Queue.GPU_RT)
        _live_worker(board, Queue.GPU_RT)
        assert board.call(jobs.reroutable, silent_seconds=0.0) != []
        board.alter(job.id, "queue = 'gpu.rt'")
        board.call(workers.stop, "w1")

        assert _ids(self._move(board)) == {job.id}

    @pytest.mark.parametrize("queue", [Queue.CPU_RT, Queue.CPU_BULK, Queue.MONITOR])
    def test_cpu_and_monitoring_have_nowhere_to_go(self, board: Board, queue: Queue) -> None:
        board.submit(queue=queue)

        assert self._move(board) == []

    def test_a_running_job_is_not_moved(self, board: Board) -> None:
        board.running(queue=Queue.GPU_RT)

        assert self._move(board) == []
