"""A worker's sign of life: a row in Postgres, renewed by a thread of its main process."""

import threading
from dataclasses import dataclass
from typing import Any

from core.logs import get_logger
from storage import workers
from storage.database import Database
from storage.errors import StorageUnavailableError

BEATS_PER_LOSS = 4

_log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a worker says of itself."""

    id: str
    host: str
    pid: int
    code_version: str
    devices: dict[str, Any]
    device: str
    queues: tuple[str, ...]
    slots: int


class Pulse:
    """Beats from `start` to `stop`; a database that is away is no reason to stop working."""

    def __init__(self, database: Database, identity: Identity, *, lost_seconds: float) -> None:
        self._database = database
        self._identity = identity
        self._every = lost_seconds / BEATS_PER_LOSS
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """End, and say so: the worker's queues are no longer served by it."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        try:
            with self._database.unit_of_work() as conn:
                workers.stop(conn, self._identity.id)
        except StorageUnavailableError as error:
            _log.warning("stop not told", worker=self._identity.id, error=error.detail)

    def _run(self) -> None:
        self._beat()
        while not self._ended.wait(self._every):
            self._beat()

    def _beat(self) -> None:
        told = self._identity
        try:
            with self._database.unit_of_work(durable=False) as conn:
                workers.beat(
                    conn,
                    id=told.id,
                    host=told.host,
                    pid=told.pid,
                    code_version=told.code_version,
                    devices=told.devices,
                    device=told.device,
                    queues=told.queues,
                    slots=told.slots,
                )
        except StorageUnavailableError as error:
            _log.warning("pulse missed", worker=told.id, error=error.detail)
