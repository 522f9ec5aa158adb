"""Audit rows, events, workers, schedules and tenants."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.names import Measure, Queue
from storage import audit, outbox, schedules, tenants, workers
from storage.database import Connection
from storage.errors import NameTakenError
from storage.schedules import NewSchedule, Schedule
from tests.integration.storage.conftest import TENANT, Board


def _age(board: Board, table: str, column: str, interval: str) -> None:
    statement = text(f"UPDATE {table} SET {column} = {column} - interval '{interval}'")  # noqa: S608
    board.call(lambda connection: connection.execute(statement))


def test_tenants(board: Board) -> None:
    with pytest.raises(NameTakenError, match="acme"):
        board.call(tenants.add, "acme", "Again")
    board.call(tenants.ensure, "acme", "Again")
    board.call(tenants.ensure, "default", "Default")

    assert [tenant.id for tenant in board.call(tenants.all)] == ["acme", "default", "other"]
    assert board.call(tenants.get, "acme").name == "Acme"
    assert board.call(tenants.get, "nobody") is None


def test_audit_rows_by_subject_and_job_newest_first(board: Board) -> None:
    job_id = uuid4()
    for number in range(4):
        board.call(
            audit.write,
            tenant=TENANT,
            actor="ann",
            action="margin.computed",
            subject="p" if number % 2 else "q",
            job_id=job_id if number == 3 else None,
            detail={"number": number},
        )

    first, cursor = board.call(audit.page, TENANT, limit=3)
    second, end = board.call(audit.page, TENANT, cursor=cursor, limit=3)

    assert [row.detail["number"] for row in first + second] == [3, 2, 1, 0]
    assert end is None
    assert [row.detail["number"] for row in board.call(audit.page, TENANT, subject="q")[0]] == [2, 0]
    assert [row.detail["number"] for row in board.call(audit.page, TENANT, job_id=job_id)[0]] == [3]
    assert board.call(audit.page, "other") == ([], None)


def _add_event(board: Board, number: int) -> None:
    board.call(outbox.add, tenant=TENANT, type="job.finished.v1", subject=str(number), data={"number": number})


def test_events_are_relayed_in_order_and_once(board: Board) -> None:
    for number in range(3):
        _add_event(board, number)

    two = board.call(outbox.waiting, limit=2)
    board.call(outbox.relayed, [event.id for event in two])
    rest = board.call(outbox.waiting)

    assert [event.data["number"] for event in two] == [0, 1]
    assert [event.data["number"] for event in rest] == [2]
    assert (rest[0].type, rest[0].subject, rest[0].tenant) == ("job.finished.v1", "2", TENANT)


def test_a_relay_that_breaks_leaves_its_events_waiting(board: Board) -> None:
    _add_event(board, 1)

    def relay_and_break(connection: Connection) -> None:
        outbox.relayed(connection, [event.id for event in outbox.waiting(connection)])
        raise KeyError

    with pytest.raises(KeyError):
        board.call(relay_and_break)

    assert len(board.call(outbox.waiting)) == 1


def test_one_relay_at_a_time(board: Board) -> None:
    _add_event(board, 1)

    with board.database.unit_of_work() as one:
        assert len(outbox.waiting(one)) == 1
        assert board.call(outbox.waiting) == []

    assert len(board.call(outbox.waiting)) == 1


def test_relayed_events_are_pruned_and_waiting_ones_never(board: Board) -> None:
    for number in range(3):
        _add_event(board, number)
    board.call(outbox.relayed, [event.id for event in board.call(outbox.waiting, limit=2)])
    _age(board, "outbox", "relayed_at", "8 days")

    assert [board.call(outbox.prune, older_than_days=7.0, limit=1) for _ in range(3)] == [1, 1, 0]
    assert len(board.call(outbox.waiting)) == 1


def _beat(board: Board, worker_id: str = "w1", **changes: Any) -> None:
    given: dict[str, Any] = {
        "host": "mac",
        "pid": 7,
        "code_version": "abc",
        "devices": {"gpu": {"found": False, "reason": "no Metal"}},
        "device": "cpu",
        "queues": [Queue.CPU_RT],
        "slots": 2,
    }
    board.call(workers.beat, id=worker_id, **(given | changes))


def test_a_worker_lives_while_it_tells(board: Board) -> None:
    _beat(board)
    _beat(board, queues=[Queue.CPU_RT, Queue.MONITOR])

    (worker,) = board.call(workers.live, 10.0)

    assert (worker.id, worker.host, worker.pid, worker.slots) == ("w1", "mac", 7, 2)
    assert worker.queues == ["cpu.rt", "monitor"]
    assert worker.devices["gpu"]["reason"] == "no Metal"
    assert worker.started_at < worker.heartbeat_at
    _age(board, "workers", "heartbeat_at", "1 minute")
    assert board.call(workers.live, 10.0) == []
    assert len(board.call(workers.all)) == 1


def test_a_stopped_worker_is_not_live_until_it_tells_again(board: Board) -> None:
    _beat(board)
    board.call(workers.stop, "w1")

    assert board.call(workers.live, 10.0) == []
    assert board.call(workers.all)[0].stopped_at is not None
    _beat(board)
    assert len(board.call(workers.live, 10.0)) == 1


def test_workers_long_gone_are_forgotten(board: Board) -> None:
    _beat(board)
    _age(board, "workers", "heartbeat_at", "8 days")
    _beat(board, "w2")

    assert board.call(workers.prune, older_than_days=7.0) == 1
    assert [worker.id for worker in board.call(workers.all)] == ["w2"]


def _schedule(board: Board, **changes: Any) -> Schedule | None:
    given: dict[str, Any] = {
        "tenant": TENANT,
        "name": "nightly",
        "measure": Measure.VAR,
        "portfolio_ids": ("p", "q"),
        "parameters": {"paths": 1000},
        "every_seconds": 60.0,
        "aligned": True,
        "misfire": "skip",
        "created_by": "ann",
    }
    schedule: Schedule | None = board.call(schedules.add, NewSchedule(**(given | changes)))
    return schedule


def _added(board: Board, **changes: Any) -> Schedule:
    schedule = _schedule(board, **changes)
    assert schedule is not None
    return schedule


def test_a_schedule_comes_back_as_stored(board: Board) -> None:
    schedule = _added(board)

    assert (schedule.measure, schedule.portfolio_ids, schedule.parameters) == (Measure.VAR, ["p", "q"], {"paths": 1000})
    assert (schedule.enabled, schedule.last_tick_at) == (True, None)
    assert board.call(schedules.get, TENANT, schedule.id) == schedule
    assert board.call(schedules.get, "other", schedule.id) is None
    clock, found = board.call(schedules.with_clock, schedule.id)
    assert found == schedule
    assert 0.0 <= clock - schedule.created_at.timestamp() < 600.0
    assert board.call(schedules.with_clock, uuid4()) is None


def test_a_name_is_a_tenants_own_and_unique_there(board: Board) -> None:
    _added(board)

    assert _schedule(board) is None
    assert _schedule(board, tenant="other") is not None
    assert [schedule.tenant for schedule in board.call(schedules.list_all, TENANT)] == [TENANT]


def test_beat_sees_the_enabled_schedules_of_all(board: Board) -> None:
    on, off = _added(board), _added(board, name="b", tenant="other")
    board.call(schedules.enable, "other", off.id, False)

    clock, found = board.call(schedules.enabled)

    assert [schedule.id for schedule in found] == [on.id]
    assert clock >= on.created_at.timestamp()
    assert board.call(schedules.enable, "other", off.id).enabled is True
    assert board.call(schedules.enable, TENANT, off.id) is None


def test_a_tick_is_claimed_once(board: Board) -> None:
    schedule = _added(board)

    def claim(schedule_id: UUID) -> bool:
        claimed: bool = board.call(schedules.claim_tick, schedule_id, 5)
        return claimed

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(claim, [schedule.id] * 4)) == [False, False, False, True]
    assert board.call(schedules.claim_tick, schedule.id, 6, outcome="skipped: late") is True
    last = board.call(schedules.last_tick, schedule.id)
    assert (last.tick, last.outcome) == (6, "skipped: late")
    assert [tick.tick for tick in board.call(schedules.ticks, schedule.id)] == [6, 5]
    again = board.call(schedules.get, TENANT, schedule.id)
    assert again.last_tick_at is not None


def test_a_tick_is_given_back_with_its_transaction(board: Board) -> None:
    schedule = _added(board)

    def claim_and_break(connection: Connection) -> None:
        assert schedules.claim_tick(connection, schedule.id, 5)
        raise KeyError

    with pytest.raises(KeyError):
        board.call(claim_and_break)

    assert board.call(schedules.last_tick, schedule.id) is None
    assert board.call(schedules.claim_tick, schedule.id, 5) is True


def test_a_removed_schedule_goes_with_its_ticks_and_claims_none(board: Board) -> None:
    schedule = _added(board)
    board.call(schedules.claim_tick, schedule.id, 5)

    assert board.call(schedules.remove, "other", schedule.id) is False
    assert board.call(schedules.remove, TENANT, schedule.id) is True
    assert board.call(schedules.remove, TENANT, schedule.id) is False
    assert board.call(schedules.claim_tick, schedule.id, 6) is False
    assert board.call(schedules.ticks, schedule.id) == []


def test_old_ticks_are_forgotten(board: Board) -> None:
    schedule = _added(board)
    board.call(schedules.claim_tick, schedule.id, 5)
    _age(board, "schedule_ticks", "at", "31 days")
    board.call(schedules.claim_tick, schedule.id, 6)

    assert board.call(schedules.prune_ticks, older_than_days=30.0) == 1
    assert [tick.tick for tick in board.call(schedules.ticks, schedule.id)] == [6]
    assert board.call(schedules.clock) > 1.7e9
