"""Events on their way out: written in the transaction they tell of, relayed after, in order of their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Connection, Integer, bindparam, delete, func, insert, select, update

from storage.schema import outbox
from storage.sql import interval, now


@dataclass(frozen=True, kw_only=True)
class Event:
    """One row of the outbox; a consumer tells a repeat by its id."""

    id: int
    tenant: str
    type: str
    subject: str
    data: dict[str, Any]
    created_at: datetime


_COLUMNS = ("tenant", "type", "subject", "data")
_ADD = insert(outbox).values({name: bindparam(f"new_{name}", type_=outbox.c[name].type) for name in _COLUMNS})
_IDS = outbox.c.id == func.any(bindparam("ids", type_=ARRAY(BigInteger)))
_WAITING = (
    select(*(column for column in outbox.c if column.name != "relayed_at"))
    .where(outbox.c.relayed_at.is_(None))
    .order_by(outbox.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_RELAYED = update(outbox).where(_IDS).values(relayed_at=now())
_TURN = select(func.pg_try_advisory_xact_lock(bindparam("lock", type_=BigInteger)))
_RELAY_LOCK = 0x6F757462


def add(connection: Connection, *, tenant: str, type: str, subject: str, data: Mapping[str, Any]) -> None:
    """Add an event to what this transaction does."""
    connection.execute(_ADD, {"new_tenant": tenant, "new_type": type, "new_subject": subject, "new_data": dict(data)})


def waiting(connection: Connection, *, limit: int = 500) -> list[Event]:
    """Return the oldest events not yet relayed, locked until the transaction ends; none while another relay is at it.

    One relay at a time keeps the order. An event whose transaction commits late may come after one with a higher id.
    """
    if not connection.execute(_TURN, {"lock": _RELAY_LOCK}).scalar_one():
        return []
    return [Event(**row._asdict()) for row in connection.execute(_WAITING, {"most": limit})]


def relayed(connection: Connection, event_ids: Sequence[int]) -> None:
    """Mark events as relayed."""
    connection.execute(_RELAYED, {"ids": list(event_ids)})


def prune(connection: Connection, *, older_than_days: float, limit: int = 1000) -> int:
    """Remove relayed events of a certain age; return how many."""
    old = (
        select(outbox.c.id)
        .where(outbox.c.relayed_at <= now() - interval("older_seconds"))
        .order_by(outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    statement = delete(outbox).where(outbox.c.id.in_(select(old.c.id)))
    return connection.execute(statement, {"older_seconds": older_than_days * 86_400.0}).rowcount
