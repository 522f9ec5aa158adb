"""What a process holds on to: the database, the cache, the dispatcher, and who lives."""

import threading
import time
from collections.abc import Sequence
from functools import cached_property
from uuid import UUID

from core.logs import get_logger
from core.names import Device, Measure, Queue
from core.settings import Settings
from services.quota import Quota
from services.resident import Residents
from storage import jobs, workers
from storage.cache import Cache
from storage.database import Database
from storage.errors import StorageUnavailableError
from workers.dispatch import Dispatcher
from workers.routing import LiveWorker

LIVE_WORKERS_FRESH_SECONDS = 1.0

_log = get_logger(__name__)


class Runtime:
    """One process's connections; make one at start, close it at the end."""

    def __init__(self, settings: Settings, *, pool_size: int = 5) -> None:
        self.settings = settings
        self.database = Database(settings.require_database(), pool_size=pool_size)
        self.cache = Cache(settings.broker_base, ttl_seconds=settings.optimization_cache_ttl)
        self.residents = Residents(settings.resident_positions)
        self.quota = Quota(settings.quota_queued_jobs)
        self._lock = threading.Lock()
        self._live: tuple[float, tuple[LiveWorker, ...]] | None = None

    @classmethod
    def for_process(cls, settings: Settings, pool_size: int = 5) -> "Runtime":
        """Return a runtime for one process."""
        return cls(settings, pool_size=pool_size)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """The sender of job ids; its thread starts with the first use."""
        return Dispatcher(self.settings, self.mark_sent, epoch=self.cache.epoch)

    def dispatch(self, job: jobs.Job) -> None:
        """Send a committed job's id to its queue, without waiting and without failing."""
        if job.queue is not None:
            with self._lock:
                dispatcher = self.dispatcher
            dispatcher.submit(job.id, job.queue)

    def keep_result(self, tenant: str, job_id: UUID, data: bytes) -> None:
        """Put a packed result into the cache, where one is wanted."""
        if self.settings.optimization_cache_ttl:
            self.cache.put_result(tenant, job_id, data)

    def mark_sent(self, sends: Sequence[tuple[UUID, str]]) -> None:
        """Note what went out; if the database is away, the reconciler sends it once more, which harms nothing."""
        try:
            with self.database.unit_of_work(durable=False) as conn:
                jobs.mark_sent(conn, sends)
        except StorageUnavailableError as error:
            _log.warning("sends not marked", count=len(sends), error=error.detail)

    def live_workers(self) -> tuple[LiveWorker, ...]:
        """Return the workers whose heartbeat is fresh; asked at most once a second."""
        cached = self._live
        if cached is not None and time.monotonic() - cached[0] < LIVE_WORKERS_FRESH_SECONDS:
            return cached[1]
        with self.database.read() as conn:
            rows = workers.live(conn, self.settings.worker_lost_seconds)
        live = tuple(_live_worker(row) for row in rows)
        self._live = (time.monotonic(), live)
        return live

    def close(self) -> None:
        """Send what waits, then close every connection."""
        if "dispatcher" in self.__dict__:
            self.dispatcher.close()
        self.cache.close()
        self.database.dispose()


def _live_worker(row: workers.Worker) -> LiveWorker:
    costs = {Measure(name): float(cost) for name, cost in row.devices.get("costs", {}).items()}
    return LiveWorker(device=Device(row.device), queues=tuple(Queue(name) for name in row.queues), costs=costs)
