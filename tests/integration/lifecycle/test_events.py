"""Waiting: a hint wakes at once, a lost hint costs a look, and without Redis the waiter still gets there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from core.names import JobState
from core.security import Principal
from core.settings import Settings
from services import jobs as looking
from services.events import JobEvents, changes, until_final
from services.execute import execute
from services.runtime import Runtime
from storage.jobs import Job
from tests.integration.lifecycle.conftest import Submitting

Looking = Callable[[Job], Callable[[], Awaitable[Job]]]


@pytest.fixture
def look(runtime: Runtime, operator: Principal) -> Looking:
    def at(job: Job) -> Callable[[], Awaitable[Job]]:
        return lambda: asyncio.to_thread(looking.show, runtime, operator, job.id)

    return at


async def connected(events: JobEvents) -> None:
    async with asyncio.timeout(30):
        while not events.connected:
            await asyncio.sleep(0.01)


def test_a_hint_wakes_the_waiter(
    settings: Settings, runtime: Runtime, drill: Submitting, look: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.events.LOOK_ANYWAY_SECONDS", 600.0)  # only a hint can wake it within the test
    job = drill()

    async def scenario() -> Job:
        async with JobEvents(settings) as events:
            await connected(events)
            with events.watch(job.id) as watch:
                waiter = asyncio.create_task(until_final(look(job), watch, 600.0))
                await asyncio.sleep(0.05)
                await asyncio.to_thread(execute, runtime, job.id, worker="one")
                async with asyncio.timeout(60):
                    return await waiter

    assert asyncio.run(scenario()).state is JobState.DONE


def test_a_waiter_without_redis_gets_there(
    settings: Settings, runtime: Runtime, drill: Submitting, look: Looking
) -> None:
    job = drill()
    deaf = replace(settings, redis_url="redis://127.0.0.1:1")

    async def scenario() -> Job:
        async with JobEvents(deaf) as events:
            with events.watch(job.id) as watch:
                waiter = asyncio.create_task(until_final(look(job), watch, 600.0))
                await asyncio.to_thread(execute, runtime, job.id, worker="one")
                async with asyncio.timeout(60):
                    job_then = await waiter
            assert not events.connected
            return job_then

    assert asyncio.run(scenario()).state is JobState.DONE


def test_a_wait_ends_with_its_time(settings: Settings, drill: Submitting, look: Looking) -> None:
    job = drill()

    async def scenario() -> Job:
        async with JobEvents(settings) as events:
            with events.watch(job.id) as watch:
                return await until_final(look(job), watch, 0.05)

    assert asyncio.run(scenario()).state is JobState.QUEUED


def test_changes_tell_states_and_progress_and_then_end(
    settings: Settings, runtime: Runtime, drill: Submitting, look: Looking
) -> None:
    job = drill(drill={"sleep_ms": 800})

    async def scenario() -> list[Job | None]:
        async with JobEvents(settings) as events:
            await connected(events)
            with events.watch(job.id) as watch:
                seen: list[Job | None] = []
                running = None
                async with asyncio.timeout(60):
                    async for change in changes(look(job), watch, 0.05):
                        seen.append(change)
                        running = running or asyncio.create_task(
                            asyncio.to_thread(execute, runtime, job.id, worker="one")
                        )
                if running is not None:
                    await running
                return seen

    seen = asyncio.run(scenario())
    states = [change.state for change in seen if change is not None]
    assert states[0] is JobState.QUEUED
    assert JobState.RUNNING in states
    assert states[-1] is JobState.DONE
    assert None in seen  # a quiet stretch is said, so that a stream can show that it lives
    progress = [change.progress_done for change in seen if change is not None and change.state is JobState.RUNNING]
    assert any(progress)


def test_a_subscription_comes_back(
    settings: Settings, runtime: Runtime, drill: Submitting, look: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    import redis

    monkeypatch.setattr("services.events.RECONNECT_SECONDS", 0.01)
    job = drill()

    async def scenario() -> Job:
        async with JobEvents(settings) as events:
            await connected(events)
            with redis.Redis.from_url(f"{settings.redis_url}/0") as client:
                client.client_kill_filter(_type="pubsub")
            async with asyncio.timeout(30):
                while events.interruptions == 0:
                    await asyncio.sleep(0.01)
            await connected(events)
            with events.watch(job.id) as watch:
                waiter = asyncio.create_task(until_final(look(job), watch, 600.0))
                await asyncio.to_thread(execute, runtime, job.id, worker="one")
                async with asyncio.timeout(60):
                    return await waiter

    assert asyncio.run(scenario()).state is JobState.DONE


def test_nothing_is_kept_of_watches_that_ended(settings: Settings, drill: Submitting) -> None:
    async def scenario() -> None:
        async with JobEvents(settings) as events:
            job = drill()
            with events.watch(job.id), events.watch(job.id):
                assert events.watched == 1
            assert events.watched == 0

    asyncio.run(scenario())


class _Stubborn(JobEvents):
    """A listener whose client loses the first cancellation, as `asyncio.wait_for` of 3.11 can."""

    async def _listen(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()


def test_closing_outlasts_a_cancellation_that_gets_lost(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.events.CANCEL_SECONDS", 0.01)

    async def close() -> None:
        events = _Stubborn(settings)
        async with events:
            await asyncio.sleep(0)
        assert events._task is not None
        assert events._task.cancelled()

    asyncio.run(close())
