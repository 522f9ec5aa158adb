"""Beat against the real Postgres and Valkey: one leads, nothing is sent twice, an empty Redis is filled again."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

import pytest
import redis
from kombu.exceptions import OperationalError
from sqlalchemy import text

from beat.configuration import make_beat_app
from beat.entries import GridEntry
from beat.main import Beat
from beat.plan import Plan
from beat.scheduler import Scheduler
from core.names import Measure
from core.security import Principal
from core.settings import Settings
from services import schedules
from services.runtime import Runtime
from services.schedule_request import ScheduleRequest
from services.timing import Misfire
from storage import jobs
from storage import schedules as stored
from tests.integration.beat.conftest import PORTFOLIOS, sent
from workers.names import HOUSEKEEPING, TICK

PATIENCE = 20.0
MakeScheduler = Callable[[], Scheduler]


@pytest.fixture
def make_scheduler(settings: Settings, runtime: Runtime) -> Iterator[MakeScheduler]:
    made: list[Scheduler] = []

    def make() -> Scheduler:
        made.append(Scheduler(make_beat_app(settings), Plan(runtime.database)))
        return made[-1]

    yield make
    for scheduler in made:
        scheduler.close()


@pytest.fixture
def redbeat(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(f"{redis_url}/2", decode_responses=True) as client:
        yield client


def add(runtime: Runtime, principal: Principal, name: str = "desk", every: float = 1.0) -> UUID:
    request = ScheduleRequest(
        name=name,
        measure=Measure.MARGIN,
        portfolio_ids=PORTFOLIOS,
        every_seconds=every,
        misfire=Misfire.RUN_ONCE,
        parameters={"model": "house", "version": "1.0", "volatility": "given"},
    )
    return schedules.add(runtime, principal, request).id


def drive(*schedulers: Scheduler, until: Callable[[], bool]) -> None:
    """Let the schedulers look at their schedules in turn until something has come about."""
    end = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < end, "it did not come about"
        pause = min(scheduler.tick() for scheduler in schedulers)
        time.sleep(min(max(pause, 0.001), 0.05))


def ticks(broker: redis.Redis, schedule: UUID) -> list[str]:
    return [one["id"] for one in sent(broker) if one["task"] == TICK and str(schedule) in one["argsrepr"]]


def leads(scheduler: Scheduler) -> bool:
    return scheduler.leads


def resync(scheduler: Scheduler) -> None:
    """Let the next look read Postgres again."""
    scheduler._synced = float("-inf")


def test_a_schedule_is_picked_up_and_sent_to_the_monitor_queue(
    runtime: Runtime, principal: Principal, make_scheduler: MakeScheduler, broker: redis.Redis
) -> None:
    scheduler = make_scheduler()
    scheduler.tick()
    schedule = add(runtime, principal)
    drive(scheduler, until=lambda: len(ticks(broker, schedule)) >= 2)
    headers = [one for one in sent(broker) if one["task"] == TICK]
    assert all(one["expires"] is not None for one in headers)


def test_one_of_two_leads_and_the_other_takes_over(
    runtime: Runtime, principal: Principal, make_scheduler: MakeScheduler, broker: redis.Redis
) -> None:
    schedule = add(runtime, principal)
    first, second = make_scheduler(), make_scheduler()
    drive(first, second, until=lambda: len(ticks(broker, schedule)) >= 1)
    assert [first.leads, second.leads] == [True, False]
    first.close()
    seen = len(ticks(broker, schedule))
    drive(second, until=lambda: len(ticks(broker, schedule)) > seen)
    assert second.leads


def test_two_schedulers_that_both_believe_to_lead_double_no_tick(
    runtime: Runtime, principal: Principal, make_scheduler: MakeScheduler, broker: redis.Redis, redbeat: redis.Redis
) -> None:
    schedule = add(runtime, principal)
    first, second = make_scheduler(), make_scheduler()
    drive(first, until=lambda: len(ticks(broker, schedule)) >= 1)
    redbeat.delete(first.lock_key)
    drive(second, until=lambda: second.leads)
    for message in [*ticks(broker, schedule), "doubled"]:
        assert message
        schedules.tick(runtime, schedule)
    with runtime.database.read() as conn:
        claimed = stored.ticks(conn, schedule)
        found, _ = jobs.page(conn, "default", limit=100)
    assert len(found) == len(PORTFOLIOS) * len(claimed)
    assert len({tick.tick for tick in claimed}) == len(claimed)


def test_the_leader_steps_back_when_the_lock_is_gone(make_scheduler: MakeScheduler, redbeat: redis.Redis) -> None:
    scheduler = make_scheduler()
    scheduler.tick()
    assert leads(scheduler)
    redbeat.set(scheduler.lock_key, "somebody else", ex=30)
    scheduler.tick()
    assert not leads(scheduler)
    scheduler.tick()
    assert not leads(scheduler)
    redbeat.delete(scheduler.lock_key)
    scheduler.tick()
    assert leads(scheduler)


def test_an_emptied_redis_is_filled_again(
    runtime: Runtime,
    principal: Principal,
    make_scheduler: MakeScheduler,
    broker: redis.Redis,
    redbeat: redis.Redis,
) -> None:
    schedules_added = {add(runtime, principal, name, every) for name, every in (("a", 1.0), ("b", 3_600.0))}
    scheduler = make_scheduler()
    scheduler.tick()
    key = scheduler.app.redbeat_conf.schedule_key
    before = set(redbeat.zrange(key, 0, -1))
    assert len(before) == len(schedules_added) + 1
    redbeat.flushall()
    drive(scheduler, until=lambda: set(redbeat.zrange(key, 0, -1)) == before)
    drive(scheduler, until=lambda: any(one["task"] == TICK for one in sent(broker)))


def test_a_removed_schedule_leaves_redis(
    runtime: Runtime, principal: Principal, make_scheduler: MakeScheduler, redbeat: redis.Redis
) -> None:
    schedule = add(runtime, principal, every=3_600.0)
    scheduler = make_scheduler()
    scheduler.tick()
    key = GridEntry.generate_key(scheduler.app, f"schedule/{schedule}")
    assert redbeat.exists(key)
    schedules.remove(runtime, principal, "desk")
    resync(scheduler)
    scheduler.tick()
    assert not redbeat.exists(key)
    assert key not in redbeat.zrange(scheduler.app.redbeat_conf.schedule_key, 0, -1)


def test_a_late_look_does_not_shift_the_grid(
    runtime: Runtime, principal: Principal, make_scheduler: MakeScheduler, broker: redis.Redis
) -> None:
    schedule = add(runtime, principal, every=2.0)
    scheduler = make_scheduler()
    drive(scheduler, until=lambda: len(ticks(broker, schedule)) >= 1)
    entry = GridEntry.from_key(GridEntry.generate_key(scheduler.app, f"schedule/{schedule}"), app=scheduler.app)
    assert entry.last_run_at.timestamp() % 2.0 == 0.0
    due, wait = entry.is_due()
    assert not due
    assert 0.0 < wait <= 2.0


def test_a_missed_tick_is_due_at_once_after_an_outage(
    runtime: Runtime, principal: Principal, make_scheduler: MakeScheduler, broker: redis.Redis
) -> None:
    schedule = add(runtime, principal, every=3_600.0)
    _created_earlier(runtime, schedule, seconds=3 * 3_600.0)
    scheduler = make_scheduler()
    drive(scheduler, until=lambda: len(ticks(broker, schedule)) == 1)
    ticked = schedules.tick(runtime, schedule)
    assert ticked is not None
    assert len(ticked.jobs) == len(PORTFOLIOS)
    scheduler.tick()
    assert len(ticks(broker, schedule)) == 1


def test_a_lost_tick_is_sent_again(
    runtime: Runtime,
    principal: Principal,
    make_scheduler: MakeScheduler,
    broker: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("beat.scheduler.RESEND_SECONDS", 0.2)
    schedule = add(runtime, principal, every=3_600.0)
    _created_earlier(runtime, schedule, seconds=3_700.0)
    scheduler = make_scheduler()
    drive(scheduler, until=lambda: len(ticks(broker, schedule)) >= 1)
    broker.delete("monitor")
    drive(scheduler, until=lambda: len(ticks(broker, schedule)) >= 1)
    assert schedules.tick(runtime, schedule) is not None
    resync(scheduler)
    scheduler.tick()
    broker.delete("monitor")
    for _ in range(3):
        resync(scheduler)
        scheduler.tick()
        time.sleep(0.3)
    assert ticks(broker, schedule) == [], "a tick that ran is not sent again"


def test_housekeeping_is_planned(runtime: Runtime) -> None:
    plan = Plan(runtime.database, housekeeping_seconds=60.0).read()
    assert plan["housekeeping"].task == HOUSEKEEPING
    assert plan["housekeeping"].last % 60.0 == 0.0


def test_a_broker_that_is_away_is_given_up_soon(settings: Settings, runtime: Runtime) -> None:
    app = make_beat_app(settings)
    app.conf.broker_url = "redis://127.0.0.1:1/0"
    scheduler = Scheduler(app, Plan(runtime.database))
    with pytest.raises(OperationalError):
        scheduler.send_task(TICK, [], queue="monitor")


def test_a_lead_is_given_up_quietly_when_redis_is_gone(make_scheduler: MakeScheduler) -> None:
    scheduler = make_scheduler()
    scheduler.tick()

    class Gone:
        def owned(self) -> bool:
            raise redis.ConnectionError("gone")

    scheduler.lock = Gone()
    scheduler.close()


def test_beat_outlives_a_dead_redis_and_postgres(settings: Settings, runtime: Runtime) -> None:
    nowhere = replace(settings, redis_url="redis://127.0.0.1:1")
    scheduler = Scheduler(make_beat_app(nowhere), Plan(runtime.database))
    assert scheduler.tick() > 0.0
    assert not scheduler.leads
    lost = replace(settings, database_url="postgresql://nobody:x@127.0.0.1:1/none")
    beat = Beat(lost)
    assert beat.scheduler.tick() > 0.0
    assert beat.scheduler.leads
    beat.stop()
    beat.run()


def _created_earlier(runtime: Runtime, schedule: UUID, *, seconds: float) -> None:
    statement = text("UPDATE schedules SET created_at = created_at - make_interval(secs => :seconds) WHERE id = :id")
    with runtime.database.unit_of_work() as conn:
        conn.execute(statement, {"seconds": seconds, "id": schedule})
