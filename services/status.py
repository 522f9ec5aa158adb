"""What stands and what is missing, for health pages: asked of Postgres, Redis and the workers."""

from typing import Any

from core.names import Device, Permission
from core.security import Principal
from services.runtime import Runtime
from storage import jobs, portfolios
from storage import workers as worker_rows


def database(runtime: Runtime) -> bool:
    """Return true if Postgres answers; raise StorageUnavailableError if it does not."""
    runtime.database.ping()
    return True


def redis(runtime: Runtime) -> bool:
    """Return whether Redis answers."""
    return runtime.cache.ping()


def workers(runtime: Runtime) -> bool:
    """Return whether any worker lives."""
    return bool(runtime.live_workers())


def hardware(runtime: Runtime) -> dict[str, bool]:
    """Return which devices a live worker serves at the moment."""
    served = {worker.device for worker in runtime.live_workers()}
    return {device.value: device in served for device in Device if device is not Device.AUTO}


def active_portfolios(runtime: Runtime, principal: Principal) -> int:
    """Return how many portfolios the tenant has."""
    with runtime.database.read() as conn:
        return portfolios.count(conn, principal.tenant)


def figures(runtime: Runtime, principal: Principal) -> dict[str, Any]:
    """Return what the earlier engine's status pages count: finished jobs, portfolios, devices that are served."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        tallies = jobs.tallies(conn, principal.tenant)
        active = portfolios.count(conn, principal.tenant)
    return {"tallies": tallies, "active_portfolios": active, "hardware": hardware(runtime)}


def cluster(runtime: Runtime, principal: Principal) -> dict[str, Any]:
    """Return every remembered worker and how the queues stand."""
    principal.require(Permission.OPERATE)
    with runtime.database.read() as conn:
        live = {worker.id for worker in worker_rows.live(conn, runtime.settings.worker_lost_seconds)}
        known = worker_rows.all(conn)
        queues = jobs.queue_stats(conn)
    return {
        "workers": [_worker_document(worker, worker.id in live) for worker in known],
        "queues": {
            queue.value: {"queued": stats.queued, "running": stats.running, "oldest_seconds": stats.oldest_seconds}
            for queue, stats in sorted(queues.items())
        },
    }


def _worker_document(worker: worker_rows.Worker, live: bool) -> dict[str, Any]:
    state = "live" if live else "stopped" if worker.stopped_at else "lost"
    return {
        "id": worker.id,
        "state": state,
        "host": worker.host,
        "pid": worker.pid,
        "device": worker.device,
        "devices": worker.devices,
        "queues": list(worker.queues),
        "slots": worker.slots,
        "code_version": worker.code_version,
        "started_at": worker.started_at,
        "heartbeat_at": worker.heartbeat_at,
        "stopped_at": worker.stopped_at,
    }
