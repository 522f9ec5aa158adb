"""Sending job ids without making a request wait: one publisher thread, a bounded buffer, the reconciler behind it."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from core.logs import get_logger
from core.names import Queue
from core.settings import Settings
from workers.app import make_app, queue_of
from workers.names import EXECUTE

CAPACITY = 10_000
MARK_EVERY_SECONDS = 0.25
PAUSE_AFTER_FAILURE_SECONDS = 1.0
SEND_ERRORS = (OperationalError, RedisError, OSError)

_log = get_logger(__name__)


class Publisher:
    """One connection to the broker, used by one thread; the Celery task id is the job id."""

    def __init__(self, settings: Settings) -> None:
        self._app = make_app(settings)
        self._open()

    def send(self, job_id: UUID, queue: Queue) -> None:
        """Publish one job id to its queue, or raise what the broker's client raises."""
        if queue not in self._declared:
            queue_of(queue)(self._connection.default_channel).declare()
            self._declared.add(queue)
        self._app.send_task(
            EXECUTE,
            args=[str(job_id)],
            task_id=str(job_id),
            queue=queue.value,
            producer=self._producer,
            retry=False,
            ignore_result=True,
            argsrepr="",
            kwargsrepr="",
        )

    def reset(self) -> None:
        """Drop the connection, in whatever state its socket is; the next send opens a fresh one."""
        with suppress(*SEND_ERRORS):
            self._connection.release()
        self._open()

    def close(self) -> None:
        """Close the connection."""
        self._connection.release()

    def _open(self) -> None:
        self._connection = self._app.connection_for_write()
        self._producer = self._app.amqp.Producer(self._connection, auto_declare=False)
        self._declared: set[Queue] = set()


class Dispatcher:
    """Accepts job ids at once and publishes them from its own thread.

    What the broker refuses and what does not fit the buffer is dropped: the row is committed, the reconciler sends it.
    `on_sent` hears, in batches, what went out, each with the broker's epoch read before its send.
    """

    def __init__(
        self,
        settings: Settings,
        on_sent: Callable[[Sequence[tuple[UUID, str]]], None],
        *,
        epoch: Callable[[], str | None] = lambda: "",
        publisher: Callable[[Settings], Publisher] = Publisher,
        capacity: int = CAPACITY,
    ) -> None:
        self._settings = settings
        self._on_sent = on_sent
        self._epoch = epoch
        self._publisher = publisher
        self._waiting: deque[tuple[UUID, Queue]] = deque()
        self._capacity = capacity
        self._sent: list[tuple[UUID, str]] = []
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._thread.start()

    def submit(self, job_id: UUID, queue: Queue) -> bool:
        """Hand over a committed job; False if the buffer is full and the reconciler has to find it."""
        if self._closing or len(self._waiting) >= self._capacity:
            _log.warning("send dropped", job=str(job_id), queue=queue.value)
            return False
        self._waiting.append((job_id, queue))
        self._wake.set()
        return True

    def close(self, timeout: float = 5.0) -> None:
        """Publish what waits, as far as the broker lets it within `timeout`, and stop the thread."""
        self._closing = True
        self._wake.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        publisher = self._publisher(self._settings)
        mark_at = time.monotonic()
        while not (self._closing and not self._waiting):
            self._wake.wait(MARK_EVERY_SECONDS if self._sent else None)
            self._wake.clear()
            self._drain(publisher)
            if time.monotonic() >= mark_at:
                self._mark()
                mark_at = time.monotonic() + MARK_EVERY_SECONDS
        self._mark()
        publisher.close()

    def _drain(self, publisher: Publisher) -> None:
        epoch = self._epoch() or "" if self._waiting else ""
        while self._waiting:
            job_id, queue = self._waiting.popleft()
            try:
                publisher.send(job_id, queue)
            except Exception as error:  # noqa: BLE001 -- the thread lives on whatever a send raises
                self._give_up(publisher, job_id, error)
                return
            self._sent.append((job_id, epoch))

    def _give_up(self, publisher: Publisher, job_id: UUID, error: Exception) -> None:
        """Leave everything that waits to the reconciler: the broker is away, and a request must not feel it."""
        dropped = 1 + len(self._waiting)
        self._waiting.clear()
        publisher.reset()
        _log.warning("send failed", job=str(job_id), dropped=dropped, error=repr(error))
        if not self._closing:
            time.sleep(PAUSE_AFTER_FAILURE_SECONDS)

    def _mark(self) -> None:
        sent, self._sent = self._sent, []
        if not sent:
            return
        try:
            self._on_sent(sent)
        except Exception:  # noqa: BLE001 -- an unmarked send is sent once more, a dead thread sends nothing
            _log.exception("sends not marked", count=len(sent))
