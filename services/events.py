"""Waiting for jobs: hints from Redis wake the waiters, and a look into Postgres now and then makes up for lost ones."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import redis.asyncio as aioredis
from redis.exceptions import RedisError

from core.logs import get_logger
from core.names import JobState
from core.settings import Settings
from storage.cache import JOBS_CHANNEL, cache_url
from storage.jobs import Job

LOOK_ANYWAY_SECONDS = 2.0
LOOK_WITHOUT_REDIS_SECONDS = 0.1
RECONNECT_SECONDS = 1.0
PING_SECONDS = 5.0
CANCEL_SECONDS = 0.5

Look = Callable[[], Awaitable[Job]]
"""Reads the job from Postgres; the caller chooses on which thread."""

_log = get_logger(__name__)


class Watch:
    """One waiter's interest in one job."""

    def __init__(self, events: "JobEvents") -> None:
        self._events = events
        self._changed = asyncio.Event()
        self._final = asyncio.Event()

    def wake(self, state: JobState) -> None:
        """Note a hint: the job has come to this state."""
        self._changed.set()
        if state.is_final:
            self._final.set()

    async def changed(self, seconds: float) -> bool:
        """Wait for any hint; False once it is time to look anyway."""
        hinted = await self._wait(self._changed, seconds)
        self._changed.clear()
        return hinted

    async def final(self, seconds: float) -> bool:
        """Wait for the hint that the job has ended; False once it is time to look anyway."""
        return await self._wait(self._final, seconds)

    async def _wait(self, hinted: asyncio.Event, seconds: float) -> bool:
        patience = LOOK_ANYWAY_SECONDS if self._events.connected else LOOK_WITHOUT_REDIS_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, patience)):
                return await hinted.wait()
        return False


class JobEvents:
    """One subscription for a whole process, handed out by job id; an async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._url = cache_url(settings.broker_base)
        self._watches: dict[str, set[Watch]] = {}
        self._task: asyncio.Task[None] | None = None
        self.connected = False
        self.interruptions = 0

    @property
    def watched(self) -> int:
        """How many jobs somebody waits for."""
        return len(self._watches)

    async def __aenter__(self) -> "JobEvents":
        self._task = asyncio.create_task(self._listen(), name="job-events")
        return self

    async def __aexit__(self, *_exception: object) -> None:
        while self._task is not None and not self._task.done():
            self._task.cancel()  # again: `asyncio.wait_for` and the Redis client may each swallow one
            await asyncio.wait([self._task], timeout=CANCEL_SECONDS)

    @contextmanager
    def watch(self, job_id: UUID) -> Iterator[Watch]:
        """Watch a job; begin before the first look, so that no change falls between."""
        key, watch = str(job_id), Watch(self)
        self._watches.setdefault(key, set()).add(watch)
        try:
            yield watch
        finally:
            self._watches[key].discard(watch)
            if not self._watches[key]:
                del self._watches[key]

    async def _listen(self) -> None:
        while True:
            try:
                await self._subscribed()
            except (RedisError, OSError) as error:
                self.interruptions += 1
                _log.warning("job events interrupted", error=repr(error))
            self.connected = False
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _subscribed(self) -> None:
        client = aioredis.Redis.from_url(self._url, socket_connect_timeout=1.0, health_check_interval=0)
        async with client, client.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(JOBS_CHANNEL)
            self.connected = True
            while True:
                message = await channel.get_message(timeout=PING_SECONDS)
                if message is None:
                    await asyncio.wait_for(channel.ping(), PING_SECONDS)
                elif message["type"] == "message":
                    self._tell(message["data"])

    def _tell(self, data: bytes) -> None:
        job_id, _, state = data.decode().partition(" ")
        for watch in self._watches.get(job_id, ()):
            watch.wake(JobState(state))


async def until_final(look: Look, watch: Watch, seconds: float) -> Job:
    """Return the job once it has ended, or as it stands when the time is over."""
    until = time.monotonic() + seconds
    job = await look()
    while not job.state.is_final and (left := until - time.monotonic()) > 0:
        await watch.final(left)
        job = await look()
    return job


async def settled(look: Look, watch: Watch, seconds: float) -> None:
    """Return once a look or a hint says that the job has ended, or when the time is over; the caller looks after."""
    until = time.monotonic() + seconds
    while not (await look()).state.is_final and (left := until - time.monotonic()) > 0:
        if await watch.final(left):
            return


async def changes(look: Look, watch: Watch, quiet_seconds: float) -> AsyncIterator[Job | None]:
    """Yield the job at every change of state or progress until it has ended; None after each quiet stretch."""
    seen: tuple[object, ...] | None = None
    quiet_until = time.monotonic() + quiet_seconds
    while True:
        job = await look()
        now = (job.state, job.attempt, job.progress_done, job.progress_total, job.queue)
        if now != seen:
            seen, quiet_until = now, time.monotonic() + quiet_seconds
            yield job
        elif time.monotonic() >= quiet_until:
            quiet_until = time.monotonic() + quiet_seconds
            yield None
        if job.state.is_final:
            return
        await watch.changed(max(0.0, quiet_until - time.monotonic()))
