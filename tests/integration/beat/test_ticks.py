"""Ticks of a schedule against the real Postgres: once each, late ones judged, removed ones gone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import text

from core.errors import PermissionDeniedError
from core.names import JobState, Lane, Measure, Role
from core.security import Principal
from services import schedules
from services.errors import ConflictError, InvalidInputError, NotFoundError
from services.runtime import Runtime
from services.schedule_request import ScheduleRequest, decode_schedule
from services.ticks import Ticked
from services.timing import Misfire
from storage import jobs
from storage import schedules as stored
from tests.integration.beat.conftest import PORTFOLIOS

HOUR = 3_600.0


def request(name: str = "desk", every: float = HOUR, **changes: object) -> ScheduleRequest:
    first = ScheduleRequest(
        name=name,
        measure=Measure.MARGIN,
        portfolio_ids=PORTFOLIOS,
        every_seconds=every,
        parameters={"model": "house", "version": "1.0", "volatility": "given"},
        aligned=False,
        misfire=Misfire.RUN_ONCE,
    )
    return replace(first, **changes)  # type: ignore[arg-type]


def submitted(runtime: Runtime, schedule: UUID) -> list[jobs.Job]:
    with runtime.database.read() as conn:
        found, _ = jobs.page(conn, "default", limit=100)
    return [job for job in found if job.schedule_id == schedule]


def test_a_tick_submits_a_bulk_job_for_each_portfolio(runtime: Runtime, principal: Principal) -> None:
    schedule = schedules.add(runtime, principal, request())
    ticked = schedules.tick(runtime, schedule.id)
    assert isinstance(ticked, Ticked)
    found = submitted(runtime, schedule.id)
    assert {job.portfolio_id for job in found} == set(PORTFOLIOS)
    assert {(job.state, job.lane, job.submitted_by) for job in found} == {(JobState.QUEUED, Lane.BULK, "schedule:desk")}
    assert {job.id for job in found} == set(ticked.jobs)


def test_many_schedulers_submit_a_tick_once(runtime: Runtime, principal: Principal) -> None:
    schedule = schedules.add(runtime, principal, request())
    together = Barrier(4)

    def tick(_: int) -> Ticked | None:
        together.wait()
        return schedules.tick(runtime, schedule.id)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(tick, range(4)))
    assert [one is not None for one in outcomes].count(True) == 1
    assert len(submitted(runtime, schedule.id)) == len(PORTFOLIOS)


def test_the_next_interval_is_another_tick(runtime: Runtime, principal: Principal) -> None:
    schedule = schedules.add(runtime, principal, request())
    assert schedules.tick(runtime, schedule.id) is not None
    assert schedules.tick(runtime, schedule.id) is None
    _age(runtime, schedule.id, seconds=HOUR)
    assert schedules.tick(runtime, schedule.id) is not None
    with runtime.database.read() as conn:
        assert [tick.tick for tick in stored.ticks(conn, schedule.id)] == [1, 0]


def test_a_late_tick_is_skipped_or_run_once_as_the_schedule_says(runtime: Runtime, principal: Principal) -> None:
    skip = schedules.add(runtime, principal, request("skip", misfire=Misfire.SKIP))
    once = schedules.add(runtime, principal, request("once"))
    for schedule in (skip, once):
        _age(runtime, schedule.id, seconds=3 * HOUR + 60.0)
    skipped, ran = schedules.tick(runtime, skip.id), schedules.tick(runtime, once.id)
    assert skipped is not None
    assert ran is not None
    assert (len(skipped.jobs), len(ran.jobs)) == (0, len(PORTFOLIOS))
    assert skipped.outcome.startswith("skipped: 60.")
    assert schedules.tick(runtime, once.id) is None, "three missed ticks make one run"
    with runtime.database.read() as conn:
        assert [tick.outcome for tick in stored.ticks(conn, skip.id)] == [skipped.outcome]


def test_a_removed_or_disabled_schedule_stops(runtime: Runtime, principal: Principal) -> None:
    removed = schedules.add(runtime, principal, request("removed"))
    off = schedules.add(runtime, principal, request("off", enabled=False))
    assert schedules.remove(runtime, principal, "removed").id == removed.id
    assert schedules.tick(runtime, removed.id) is None
    assert schedules.tick(runtime, off.id) is None
    assert submitted(runtime, removed.id) == submitted(runtime, off.id) == []
    with pytest.raises(NotFoundError):
        schedules.remove(runtime, principal, "removed")


def test_a_missing_portfolio_does_not_hold_up_the_others(runtime: Runtime, principal: Principal) -> None:
    schedule = schedules.add(runtime, principal, request(portfolio_ids=("alpha", "nobody")))
    ticked = schedules.tick(runtime, schedule.id)
    assert ticked is not None
    assert len(ticked.jobs) == 1
    assert [name for name, _ in ticked.errors] == ["nobody"]
    assert "nobody" in ticked.outcome


def test_a_run_by_hand_takes_no_tick(runtime: Runtime, principal: Principal) -> None:
    schedule = schedules.add(runtime, principal, request())
    ran = schedules.run(runtime, principal, "desk", trace="test")
    assert len(ran.jobs) == len(PORTFOLIOS)
    assert schedules.tick(runtime, schedule.id) is not None


def test_names_and_roles_are_held(runtime: Runtime, principal: Principal) -> None:
    schedules.add(runtime, principal, request())
    with pytest.raises(ConflictError):
        schedules.add(runtime, principal, request())
    trader = replace(principal, role=Role.TRADER)
    for call in (
        lambda: schedules.add(runtime, trader, request("other")),
        lambda: schedules.remove(runtime, trader, "desk"),
        lambda: schedules.run(runtime, trader, "desk", trace="t"),
    ):
        with pytest.raises(PermissionDeniedError):
            call()
    assert [one.name for one in schedules.listing(runtime, trader)] == ["desk"]


def test_another_tenant_sees_nothing(runtime: Runtime, principal: Principal) -> None:
    schedules.add(runtime, principal, request())
    stranger = replace(principal, tenant="elsewhere")
    assert schedules.listing(runtime, stranger) == []
    with pytest.raises(NotFoundError):
        schedules.remove(runtime, stranger, "desk")


def test_a_schedule_survives_the_wire(runtime: Runtime, principal: Principal) -> None:
    body = b'{"name": "nightly", "measure": "margin", "portfolio_ids": ["alpha"], "misfire": "run_once",'
    body += b' "parameters": {"model": "HOUSE"}}'
    schedule = schedules.add(runtime, principal, decode_schedule(body, default_every=5.0))
    document = schedules.schedule_document(schedule)
    assert document["every_seconds"] == 5.0
    assert document["parameters"] == {"model": "house"}  # what was not given, each tick fills in
    assert (document["aligned"], document["misfire"], document["last_tick_at"]) == (True, "run_once", None)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ('"every_seconds": 0.5', "/every_seconds"),
        ('"every_seconds": 1.00001', "/every_seconds"),
        ('"every_seconds": NaN', "/every_seconds"),
        ('"portfolio_ids": []', "/portfolio_ids"),
        ('"parameters": []', "/parameters"),
        ('"parameters": false', "/parameters"),
        ('"portfolio_ids": ["a", "a"]', "/portfolio_ids/1"),
        ('"misfire": "later"', "/misfire"),
        ('"aligned": 1', "/aligned"),
        ('"measure": "noop"', "/measure"),
        ('"interval": 5', "/interval"),
        ('"parameters": {"modle": "house"}', "/parameters/modle"),
    ],
)
def test_each_fault_of_a_schedule_has_its_pointer(change: str, pointer: str) -> None:
    given = {"name": '"n"', "measure": '"margin"', "portfolio_ids": '["a"]'}
    name, _, value = change.partition(": ")
    fields = {**given, name.strip('"'): value}
    body = "{" + ", ".join(f'"{key}": {item}' for key, item in fields.items()) + "}"
    with pytest.raises(InvalidInputError) as caught:
        decode_schedule(body.encode(), default_every=5.0)
    assert pointer in {fault.pointer for fault in caught.value.faults}


def _age(runtime: Runtime, schedule: UUID, *, seconds: float) -> None:
    """Let a schedule that counts from its creation be created earlier."""
    statement = text("UPDATE schedules SET created_at = created_at - make_interval(secs => :seconds) WHERE id = :id")
    with runtime.database.unit_of_work() as conn:
        conn.execute(statement, {"seconds": seconds, "id": schedule})
