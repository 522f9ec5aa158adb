"""Workers: each tells every few seconds that it lives, what it has and which queues it serves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from storage.schema import workers
from storage.sql import interval, now


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One row of the workers table."""

    id: str
    host: str
    pid: int
    code_version: str
    devices: dict[str, Any]
    device: str
    queues: list[str]
    slots: int
    started_at: datetime
    heartbeat_at: datetime
    stopped_at: datetime | None


_TOLD = ("host", "pid", "code_version", "devices", "device", "queues", "slots")
_insert = insert(workers).values(
    {name: bindparam(f"new_{name}", type_=workers.c[name].type) for name in ("id", *_TOLD)}
)
_BEAT = _insert.on_conflict_do_update(
    index_elements=[workers.c.id],
    set_={name: _insert.excluded[name] for name in _TOLD} | {"heartbeat_at": now(), "stopped_at": None},
)
_LIVE = (
    select(*workers.c)
    .where(workers.c.stopped_at.is_(None), workers.c.heartbeat_at > now() - interval("within_seconds"))
    .order_by(workers.c.id)
)
_STOP = (
    update(workers)
    .where(workers.c.id == bindparam("worker_id"), workers.c.stopped_at.is_(None))
    .values(stopped_at=now())
)


def beat(
    connection: Connection,
    *,
    id: str,
    host: str,
    pid: int,
    code_version: str,
    devices: Mapping[str, Any],
    device: str,
    queues: Sequence[str],
    slots: int,
) -> None:
    """Say that a worker lives, the first time and every time."""
    bound = {
        "new_id": id,
        "new_host": host,
        "new_pid": pid,
        "new_code_version": code_version,
        "new_devices": dict(devices),
        "new_device": str(device),
        "new_queues": [str(queue) for queue in queues],
        "new_slots": slots,
    }
    connection.execute(_BEAT, bound)


def live(connection: Connection, within_seconds: float) -> list[Worker]:
    """Return the workers that have told of themselves in the last seconds and have not stopped."""
    return [Worker(**row._asdict()) for row in connection.execute(_LIVE, {"within_seconds": within_seconds})]


def all(connection: Connection) -> list[Worker]:
    """Return every worker that is remembered, the latest heard of first."""
    rows = connection.execute(select(*workers.c).order_by(workers.c.heartbeat_at.desc()))
    return [Worker(**row._asdict()) for row in rows]


def stop(connection: Connection, worker_id: str) -> None:
    """Say that a worker has stopped on purpose: its queues are not served any more, at once."""
    connection.execute(_STOP, {"worker_id": worker_id})


def prune(connection: Connection, *, older_than_days: float) -> int:
    """Forget workers that were last heard of some time ago; return how many."""
    statement = delete(workers).where(workers.c.heartbeat_at <= now() - interval("older_seconds"))
    return connection.execute(statement, {"older_seconds": older_than_days * 86_400.0}).rowcount
