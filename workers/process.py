"""A worker's main process: Celery's consumer over a spawn pool, a pulse in Postgres, a soft way out."""

import os
import platform
import time
from collections.abc import Sequence
from typing import Any

from celery import Celery
from celery.signals import worker_ready

from core.logs import get_logger
from core.names import Device, Lane, Queue
from core.pulse import keep_touching
from core.settings import Settings
from storage.database import Database
from storage.errors import StorageUnavailableError
from storage.jobs import leaving
from workers.app import SOFT_SHUTDOWN_SECONDS, process_app
from workers.hardware import Hardware, probe, require
from workers.pulse import Identity, Pulse
from workers.version import code_version

SOFT_POLL_SECONDS = 0.1

_log = get_logger(__name__)


def default_queues(device: Device) -> tuple[Queue, ...]:
    """Return the queues of a device class; cpu workers serve monitoring too."""
    own = (Queue.of(device, Lane.RT), Queue.of(device, Lane.BULK))
    return (*own, Queue.MONITOR) if device is Device.CPU else own


def default_concurrency(settings: Settings, device: Device, hardware: Hardware) -> int:
    """Return the children of a worker: one an accelerator, and on cpu as set, else one a core."""
    if device is not Device.CPU:
        return 1
    return settings.margin_calculation_workers or hardware.cpu_cores


def run_worker(
    settings: Settings, *, device: Device = Device.CPU, queues: Sequence[Queue] = (), concurrency: int = 0
) -> int:
    """Serve queues until told to stop; return the exit code."""
    os.environ["REMAP_SIGTERM"] = "SIGQUIT"  # read when Celery's worker is imported, here and in the children
    hardware = probe(settings)
    require(hardware, device)
    slots = concurrency or default_concurrency(settings, device, hardware)
    os.environ.setdefault("NUMBA_NUM_THREADS", str(max(1, hardware.cpu_cores // slots)))
    served = tuple(queues) or default_queues(device)
    identity = Identity(
        id=f"{device.value}-{os.getpid()}@{platform.node()}",
        host=platform.node(),
        pid=os.getpid(),
        code_version=code_version(),
        devices=hardware.document(),
        device=device.value,
        queues=tuple(queue.value for queue in served),
        slots=slots,
    )
    return _serve(settings, identity)


def _serve(settings: Settings, identity: Identity) -> int:
    database = Database(settings.require_database(), pool_size=2, application="collateral-worker")
    pulse = Pulse(database, identity, lost_seconds=settings.worker_lost_seconds)
    worker = _worker(process_app(), identity, database)
    worker_ready.connect(lambda **_: pulse.start(), weak=False)
    worker_ready.connect(lambda **_: keep_touching(settings.pulse_file), weak=False)
    try:
        worker.start()
    finally:
        _leave(database, identity.id)
        pulse.stop()
        database.dispose()
    return int(worker.exitcode or 0)


def _worker(app: Celery, identity: Identity, database: Database) -> Any:
    from celery.apps.worker import Worker  # after REMAP_SIGTERM is set

    class JobWorker(Worker):  # type: ignore[misc] # Celery has no types
        """Celery's worker, which on its way out waits no longer than its running jobs need."""

        def wait_for_soft_shutdown(self) -> None:
            until = time.monotonic() + SOFT_SHUTDOWN_SECONDS
            while time.monotonic() < until and _busy(database, identity.id):
                time.sleep(SOFT_POLL_SECONDS)

    return JobWorker(
        app=app,
        hostname=identity.id,
        queues=list(identity.queues),
        concurrency=identity.slots,
        pool="prefork",
        quiet=True,
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        task_events=True,
    )


def _busy(database: Database, worker: str) -> bool:
    try:
        with database.read() as conn:
            return leaving.running(conn, worker) > 0
    except StorageUnavailableError:
        return True


def _leave(database: Database, worker: str) -> None:
    """Give back what the children did not finish: by now they are gone, and their tokens are void."""
    try:
        with database.unit_of_work() as conn:
            released = leaving.release_all(conn, worker)
    except StorageUnavailableError as error:
        _log.warning("claims not released; their leases will run out", error=error.detail)
        return
    if released:
        _log.info("claims released", count=len(released))
