"""The reconciler: whatever was committed and not carried out is found here; several may run side by side."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from core.logs import get_logger
from core.names import Queue
from core.pulse import touch
from services.failures import deadline_problem, lost_worker_problem, unserved_problem
from services.hints import hint
from services.outcomes import record_ended
from services.relay import relay
from services.runtime import Runtime
from storage import jobs
from storage.database import Connection
from storage.errors import StorageUnavailableError
from storage.jobs import amend
from workers.dispatch import SEND_ERRORS, Publisher

UNSENT_GRACE_SECONDS = 2.0
RESEND_AFTER_SECONDS = 2.0
OVERDUE_GRACE_SECONDS = 5.0
OVERTAKEN_SECONDS = 10.0

_log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pass:
    """What one pass found and settled."""

    expired: int = 0
    overdue: int = 0
    rerouted: int = 0
    sent: int = 0
    relayed: int = 0


class Reconciler:
    """Settles what workers, senders and Redis left behind, one bounded pass after the other."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._publisher = Publisher(runtime.settings)
        self._reachable_since: float | None = None
        self._stop = threading.Event()

    def run_forever(self) -> None:
        """Pass after pass, until `stop`; an unreachable Postgres is waited for."""
        while not self._stop.is_set():
            started = time.monotonic()
            touch(self._runtime.settings.pulse_file)
            try:
                self.once()
            except StorageUnavailableError as error:
                self.distrust()
                _log.warning("pass given up", error=error.detail)
            self._stop.wait(max(0.0, self._runtime.settings.reconcile_seconds - (time.monotonic() - started)))
        self.close()

    def close(self) -> None:
        """Close the connection to the broker."""
        self._publisher.close()

    def trust(self) -> None:
        """Take it that Postgres has been reachable for one full lease."""
        self._reachable_since = time.monotonic() - self._runtime.settings.lease_seconds

    def distrust(self) -> None:
        """Take it that Postgres was away a moment ago."""
        self._reachable_since = None

    def stop(self) -> None:
        """End `run_forever` after the present pass."""
        self._stop.set()

    def once(self) -> Pass:
        """Settle what there is; raise StorageUnavailableError if Postgres goes away."""
        trusted = self._trusts_leases()
        found = Pass(
            expired=self._expire() if trusted else 0,
            overdue=self._fail_overdue(),
            rerouted=self._reroute(),
            sent=self._send(),
            relayed=relay(self._runtime),
        )
        if any((found.expired, found.overdue, found.rerouted, found.sent)):
            _log.info("reconciled", **vars(found))
        return found

    def _trusts_leases(self) -> bool:
        """Whether Postgres has been reachable from here for one full lease: else nobody could extend one."""
        self._runtime.database.ping()
        now = time.monotonic()
        if self._reachable_since is None:
            self._reachable_since = now
        return now - self._reachable_since >= self._runtime.settings.lease_seconds

    def _expire(self) -> int:
        with self._runtime.database.unit_of_work() as conn:
            expired = jobs.expired_leases(
                conn,
                settle_seconds=self._runtime.settings.lease_seconds,
                lost=lost_worker_problem(),
                late=deadline_problem(),
            )
            for job in expired:
                record_ended(conn, job)
        return self._told(expired)

    def _fail_overdue(self) -> int:
        with self._runtime.database.unit_of_work() as conn:
            overdue = jobs.overdue(conn, grace_seconds=OVERDUE_GRACE_SECONDS, late=deadline_problem())
            for job in overdue:
                record_ended(conn, self._explained(conn, job))
        return self._told(overdue)

    def _explained(self, conn: Connection, job: jobs.Job) -> jobs.Job:
        """Name the device of a job that waited in vain for a worker of it."""
        if job.attempt or job.queue is None or self._is_served(job.queue):
            return job
        return amend.explain(conn, job, unserved_problem(job.queue))

    def _is_served(self, queue: Queue) -> bool:
        return any(queue in worker.queues for worker in self._runtime.live_workers())

    def _reroute(self) -> int:
        with self._runtime.database.unit_of_work() as conn:
            moved = jobs.reroutable(conn, silent_seconds=self._runtime.settings.worker_lost_seconds)
        return self._told(moved)

    def _told(self, changed: Sequence[jobs.Job]) -> int:
        for job in changed:
            hint(self._runtime, job)
        return len(changed)

    def _send(self) -> int:
        cache = self._runtime.cache
        epoch = cache.epoch()
        if epoch is None:
            return 0
        empty = [queue for queue in Queue if cache.queue_length(queue) == 0]
        with self._runtime.database.unit_of_work() as conn:
            waiting = jobs.lost_sends(
                conn,
                epoch=epoch,
                empty_queues=empty,
                overtaken_seconds=OVERTAKEN_SECONDS,
                backoff_seconds=RESEND_AFTER_SECONDS,
            )
            waiting += jobs.unsent(conn, epoch=epoch, grace_seconds=UNSENT_GRACE_SECONDS)
        return self._publish(waiting)

    def _publish(self, waiting: Sequence[jobs.Job]) -> int:
        for index, job in enumerate(waiting):
            try:
                self._publisher.send(job.id, job.queue or Queue.CPU_RT)
            except SEND_ERRORS as error:
                _log.warning("send failed", left=len(waiting) - index, error=repr(error))
                self._publisher.reset()
                with self._runtime.database.unit_of_work() as conn:
                    jobs.unsend(conn, [left.id for left in waiting[index:]])
                return index
        return len(waiting)
