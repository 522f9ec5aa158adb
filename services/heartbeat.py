"""The pulse of a running job: a thread that renews the lease and brings back cancellation and deadline."""

import threading
from enum import StrEnum
from types import TracebackType

from compute.errors import CancelledError
from core.logs import get_logger
from services.hints import hint
from services.runtime import Runtime
from storage import jobs
from storage.errors import StorageUnavailableError

BEATS_PER_LEASE = 4

_log = get_logger(__name__)


class Stop(StrEnum):
    """Why a computation has to stop."""

    CANCELLED = "cancelled"  # somebody asked for it
    DEADLINE = "deadline"  # Postgres' clock says that it is too late
    LOST = "lost"  # the token is no longer valid: another attempt may be running


class Heartbeat:
    """Renews a claim while its block runs; `checkpoint` goes into the kernel and raises when it has to stop."""

    def __init__(self, runtime: Runtime, claim: jobs.Claim) -> None:
        self._runtime = runtime
        self._job = claim.job
        self._token = claim.token
        self._progress = (0, 0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat-{claim.job.id}", daemon=True)
        self.stop: Stop | None = None

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()

    def checkpoint(self, done: int, total: int) -> None:
        """Take note of the progress; raise CancelledError if the computation has to stop."""
        self._progress = (done, total)
        if self.stop is not None:
            raise CancelledError(f"The computation has to stop: {self.stop.value}.")

    def _run(self) -> None:
        hint(self._runtime, self._job)  # from here, so that a short job does not wait for it
        every = self._runtime.settings.lease_seconds / BEATS_PER_LEASE
        while not self._ended.wait(every):
            try:
                self._beat()
            except StorageUnavailableError as error:
                _log.warning("heartbeat missed", job=str(self._job.id), error=error.detail)

    def _beat(self) -> None:
        done, total = self._progress
        lease = self._runtime.settings.lease_seconds
        with self._runtime.database.unit_of_work(durable=False) as conn:
            beat = jobs.heartbeat(conn, self._job.id, self._token, lease_seconds=lease, done=done, total=total)
        if not beat.held:
            self.stop = Stop.LOST
        elif beat.cancel_requested:
            self.stop = Stop.CANCELLED
        elif beat.deadline_passed:
            self.stop = Stop.DEADLINE
        hint(self._runtime, self._job)
