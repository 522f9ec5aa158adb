"""Pages are complete and stable, counts are right, old jobs go with all that hangs on them."""

from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.names import JobState, Measure, Queue
from storage import jobs
from storage.errors import CursorError
from storage.jobs import tally
from storage.schema import job_inputs
from tests.integration.storage.conftest import RESULT, TENANT, Board


def _walk(board: Board, **filters: object) -> list[UUID]:
    found: list[UUID] = []
    cursor = None
    while True:
        page, cursor = board.call(jobs.page, TENANT, cursor=cursor, limit=3, **filters)
        found += [job.id for job in page]
        assert len(page) == 3 or cursor is None
        if cursor is None:
            return found


def test_pages_hold_every_job_once_newest_first(board: Board) -> None:
    submitted = [board.submit().id for _ in range(7)]

    assert _walk(board) == submitted[::-1]


def test_jobs_of_the_same_moment_are_told_apart(board: Board) -> None:
    submitted = [board.submit().id for _ in range(7)]
    for job_id in submitted:
        board.alter(job_id, "submitted_at = '2026-01-01T00:00:00Z'")

    assert _walk(board) == sorted(submitted, reverse=True)


def test_a_page_stays_in_place_while_jobs_arrive(board: Board) -> None:
    first = [board.submit().id for _ in range(4)]
    page, cursor = board.call(jobs.page, TENANT, limit=2)
    board.submit()

    rest, end = board.call(jobs.page, TENANT, cursor=cursor, limit=2)

    assert [job.id for job in page + rest] == first[::-1]
    assert end is None


def test_filters(board: Board) -> None:
    board.submit()
    var = board.submit(measure=Measure.VAR)
    dead = board.dead(measure=Measure.VAR)

    assert _walk(board, measure=Measure.VAR) == [dead.id, var.id]
    assert _walk(board, state=JobState.DEAD) == [dead.id]
    assert _walk(board, state=JobState.QUEUED, measure=Measure.VAR) == [var.id]
    assert _walk(board, state=JobState.DONE) == []


def test_a_foreign_cursor_is_refused(board: Board) -> None:
    with pytest.raises(CursorError):
        board.call(jobs.page, TENANT, cursor="nonsense")


def test_get_many_leaves_out_what_is_not_there(board: Board) -> None:
    one, two = board.submit(), board.submit()

    assert board.call(jobs.get_many, TENANT, [one.id, two.id, UUID(int=1)]) == {one.id: one, two.id: two}


def test_unfinished_counts_queued_and_running(board: Board) -> None:
    board.submit()
    board.running()
    board.dead()

    assert board.call(jobs.unfinished, TENANT) == 2


def test_queue_stats_name_every_queue(board: Board) -> None:
    board.running()
    waiting = board.submit()
    board.submit(queue=Queue.GPU_BULK)
    board.dead()
    board.alter(waiting.id, "submitted_at = clock_timestamp() - interval '1 minute'")

    stats = board.call(jobs.queue_stats)

    assert set(stats) == set(Queue)
    assert (stats[Queue.CPU_RT].queued, stats[Queue.CPU_RT].running) == (1, 1)
    assert 59.0 < stats[Queue.CPU_RT].oldest_seconds < 600.0
    assert (stats[Queue.GPU_BULK].queued, stats[Queue.GPU_BULK].running) == (1, 0)
    assert stats[Queue.ANE_RT] == jobs.QueueStats(queue=Queue.ANE_RT, queued=0, oldest_seconds=0.0, running=0)


def test_prune_removes_old_finished_jobs_with_their_inputs_a_few_at_a_time(board: Board) -> None:
    ago = "clock_timestamp() - interval '100 days'"
    old, unfinished = [board.dead().id for _ in range(3)], board.submit().id
    young = board.dead().id
    for job_id in old:
        board.alter(job_id, f"submitted_at = {ago}, finished_at = {ago}")
    board.alter(unfinished, f"submitted_at = {ago}")

    removed = [board.call(jobs.prune, older_than_days=90.0, limit=2) for _ in range(3)]

    assert removed == [2, 1, 0]
    assert set(_walk(board)) == {unfinished, young}
    left = board.call(lambda connection: connection.execute(select(func.count()).select_from(job_inputs)).scalar_one())
    assert left == 2


def test_tallies_count_what_is_done_by_measure_and_device(board: Board) -> None:
    for device, run_ms in (("cpu", 1.0), ("cpu", 3.0), ("gpu", 5.0)):
        claim = board.running()
        board.call(jobs.finish, claim.job.id, claim.token, result=RESULT, device=device, run_ms=run_ms)
    board.submit()

    found = board.call(tally.tallies, TENANT)

    assert [(one.measure, one.device, one.count, one.mean_ms) for one in found] == [
        (Measure.MARGIN, "cpu", 2, 2.0),
        (Measure.MARGIN, "gpu", 1, 5.0),
    ]
    assert board.call(tally.tallies, "other") == []


def test_the_latest_replay_of_a_job_and_of_no_other(board: Board) -> None:
    original, other = board.submit(), board.submit()
    assert original.replay_of is None
    assert board.call(jobs.latest_replay, TENANT, original.id) is None
    board.submit(replay_of=original.id)
    last = board.submit(replay_of=original.id)
    board.submit(replay_of=other.id)

    found = board.call(jobs.latest_replay, TENANT, original.id)

    assert (found.id, found.replay_of) == (last.id, original.id)
    assert board.call(jobs.latest_replay, "other", original.id) is None


def test_a_result_keeps_what_it_was_computed_in(board: Board) -> None:
    claim = board.running()
    kept = {"environment": {"cpu": "A"}, "result": RESULT, "device": "cpu", "run_ms": 1.0}
    assert board.call(jobs.stored, TENANT, claim.job.id) is None

    board.call(jobs.finish, claim.job.id, claim.token, **kept)

    found = board.call(jobs.stored, TENANT, claim.job.id)
    assert (found.columns, found.content_hash) == (RESULT.data, RESULT.content_hash)
    assert found.environment == {"cpu": "A"}
    assert board.call(jobs.stored, "other", claim.job.id) is None
    before = board.running()
    board.call(jobs.finish, before.job.id, before.token, result=RESULT, device="cpu", run_ms=1.0)
    assert board.call(jobs.stored, TENANT, before.job.id).environment is None
