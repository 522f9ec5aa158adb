"""One leader among several beats: it keeps RedBeat equal to the schedules in Postgres and sends what is due.

RedBeat's own start waits for the lock once and dies when Redis loses it. Here losing the lock, Redis or Postgres is
an ordinary event: the beat steps back, asks again, and whoever leads rebuilds what is missing.
"""

import time
from typing import Any

from celery import Celery
from celery.signals import beat_init
from kombu.exceptions import OperationalError
from redbeat.schedulers import (
    LUA_EXTEND_TO_SCRIPT,
    RedBeatScheduler,
    acquire_distributed_beat_lock,
    get_redis,
)
from redis.exceptions import LockError, RedisError

from beat.entries import GridEntry
from beat.plan import QUEUE, Plan, PlannedTick
from core.logs import get_logger
from storage.errors import StorageUnavailableError

FOLLOW_SECONDS = 0.5
SYNC_SECONDS = 1.0
RESEND_SECONDS = 30.0
UNREACHABLE = (RedisError, OperationalError)

_log = get_logger(__name__)
beat_init.disconnect(acquire_distributed_beat_lock)


class Scheduler(RedBeatScheduler):  # type: ignore[misc]  # redbeat has no types
    """RedBeat with a lead that can be lost and won, and a schedule that is rebuilt from Postgres."""

    Entry = GridEntry
    lock: Any

    def __init__(self, app: Celery, plan: Plan) -> None:
        super().__init__(app, lazy=True)
        self.lock = None
        self._plan = plan
        self._known: dict[str, PlannedTick] = {}
        self._overdue: dict[str, float] = {}
        self._synced = float("-inf")

    @property
    def leads(self) -> bool:
        """True while this beat holds the lock, as far as it knows."""
        return self.lock is not None

    def tick(self, *_args: Any, **_kwargs: Any) -> float:
        """Send what is due if this beat leads; return the seconds until the next look. Never raises for Redis."""
        try:
            if not self._take_the_lead():
                return FOLLOW_SECONDS
            self._keep_equal()
            pause: float = super().tick()
        except LockError:
            _log.warning("another beat may lead now: the lock is gone")
            self._step_back()
            return 0.0
        except UNREACHABLE as error:
            _log.warning("Redis does not answer", error=str(error))
            return FOLLOW_SECONDS
        return pause

    def close(self) -> None:
        """Hand the lead over; where Redis is away, the lock runs out by itself."""
        try:
            super().close()
        except UNREACHABLE as error:
            _log.warning("the lead could not be handed over", error=str(error))

    def send_task(self, *args: Any, **options: Any) -> Any:
        """Send by name through the application's own pool: it reconnects, beat's single producer does not."""
        return self.app.send_task(*args, retry=False, **options)

    @property
    def _maybe_due_kwargs(self) -> dict[str, Any]:
        return {}

    def _take_the_lead(self) -> bool:
        if self.lock is not None:
            return True
        client = get_redis(self.app)
        lock = client.lock(self.lock_key, timeout=self.lock_timeout)
        lock.lua_extend = client.register_script(LUA_EXTEND_TO_SCRIPT)
        if not lock.acquire(blocking=False):
            return False
        self.lock = lock
        self._known, self._overdue, self._synced = {}, {}, float("-inf")
        _log.info("this beat leads")
        return True

    def _step_back(self) -> None:
        self.lock = None

    def _keep_equal(self) -> None:
        if time.monotonic() - self._synced < SYNC_SECONDS:
            return
        try:
            wanted = self._plan.read()
        except StorageUnavailableError as error:
            _log.warning("the schedules cannot be read; the known ones go on", error=error.detail)
            wanted = self._known
        self._apply(wanted)
        self._send_overdue(wanted)
        self._synced = time.monotonic()

    def _send_overdue(self, wanted: dict[str, PlannedTick]) -> None:
        """Send again what Postgres has not seen run for a while: the message, or its transaction, was lost."""
        now = time.monotonic()
        late = {name: tick for name, tick in wanted.items() if tick.overdue}
        self._overdue = {name: self._overdue.get(name, now) for name in late}
        for name, tick in late.items():
            if now - self._overdue[name] >= RESEND_SECONDS:
                _log.warning("a tick was lost; it is sent again", entry=name)
                self.send_task(tick.task, list(tick.args), queue=QUEUE, expires=RESEND_SECONDS)
                self._overdue[name] = now

    def _apply(self, wanted: dict[str, PlannedTick]) -> None:
        client = get_redis(self.app)
        present = set(client.zrange(self.app.redbeat_conf.schedule_key, 0, -1))
        keys = {GridEntry.generate_key(self.app, name): tick for name, tick in wanted.items()}
        for key, tick in keys.items():
            known = self._known.get(tick.name)
            if key not in present or known is None or known.every != tick.every:
                tick.entry(self.app).save()
        for key in present - set(keys):
            client.zrem(self.app.redbeat_conf.schedule_key, key)
            client.delete(key)
        self._known = wanted
