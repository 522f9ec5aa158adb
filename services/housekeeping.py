"""Removing what is past its retention: in batches, each its own transaction, so that nobody waits long."""

from collections.abc import Callable
from functools import partial

from core.logs import get_logger
from services.runtime import Runtime
from storage import idempotency, jobs, outbox, schedules, workers
from storage.database import Connection

IDEMPOTENCY_DAYS = 2.0
OUTBOX_DAYS = 7.0
TICK_DAYS = 30.0
WORKER_DAYS = 7.0
BATCH = 1_000
MOST_BATCHES = 1_000

_log = get_logger(__name__)
_Prune = Callable[[Connection], int]


def housekeeping(runtime: Runtime) -> dict[str, int]:
    """Remove old keys, relayed events, ticks, silent workers and finished jobs; return how many of each."""
    retention = float(runtime.settings.retention_days)
    removed = {
        "idempotency_keys": _batches(
            runtime, partial(idempotency.prune, older_than_days=min(IDEMPOTENCY_DAYS, retention), limit=BATCH)
        ),
        "outbox": _batches(runtime, partial(outbox.prune, older_than_days=min(OUTBOX_DAYS, retention), limit=BATCH)),
        "ticks": _once(runtime, partial(schedules.prune_ticks, older_than_days=TICK_DAYS)),
        "workers": _once(runtime, partial(workers.prune, older_than_days=WORKER_DAYS)),
        "jobs": _batches(runtime, partial(jobs.prune, older_than_days=retention, limit=BATCH)),
    }
    _log.info("housekeeping done", **removed)
    return removed


def _once(runtime: Runtime, prune: _Prune) -> int:
    with runtime.database.unit_of_work() as conn:
        return prune(conn)


def _batches(runtime: Runtime, prune: _Prune) -> int:
    total = 0
    for _ in range(MOST_BATCHES):
        removed = _once(runtime, prune)
        total += removed
        if removed < BATCH:
            break
    return total
