"""Schedules: what beat should send, and the ticks that were claimed, each once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Connection, Double, Row, Text, bindparam, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.dialects.postgresql import insert

from core.names import Measure
from storage.schema import schedule_ticks, schedules
from storage.sql import interval, now


@dataclass(frozen=True, kw_only=True)
class NewSchedule:
    """A schedule as it is added."""

    id: UUID = field(default_factory=uuid4)
    tenant: str
    name: str
    measure: Measure
    portfolio_ids: Sequence[str]
    parameters: Mapping[str, Any]
    every_seconds: float
    aligned: bool
    misfire: str
    created_by: str
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One row of the schedules table."""

    id: UUID
    tenant: str
    name: str
    measure: Measure
    portfolio_ids: list[str]
    parameters: dict[str, Any]
    every_seconds: float
    aligned: bool
    misfire: str
    enabled: bool
    created_by: str
    created_at: datetime
    last_tick_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A tick that somebody claimed, and what came of it."""

    schedule_id: UUID
    tick: int
    at: datetime
    outcome: str


_EPOCH = cast(func.extract("epoch", now()), Double)
_CLOCK = select(_EPOCH)
_ticked = (
    insert(schedule_ticks)
    .values(
        schedule_id=bindparam("of_schedule", type_=UUID_TYPE(as_uuid=True)),
        tick=bindparam("of_tick", type_=BigInteger),
        outcome=bindparam("with_outcome", type_=Text),
    )
    .on_conflict_do_nothing()
    .returning(schedule_ticks.c.schedule_id)
    .cte("ticked")
)
_CLAIM_TICK = (
    update(schedules)
    .where(schedules.c.id == _ticked.c.schedule_id)
    .values(last_tick_at=now())
    .returning(schedules.c.id)
)


def add(connection: Connection, schedule: NewSchedule) -> Schedule | None:
    """Store a schedule; None if the tenant has one of that name."""
    values = {
        **{name: getattr(schedule, name) for name in NewSchedule.__dataclass_fields__},
        "measure": schedule.measure.value,
        "portfolio_ids": list(schedule.portfolio_ids),
        "parameters": dict(schedule.parameters),
    }
    statement = insert(schedules).values(values).on_conflict_do_nothing().returning(*schedules.c)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _schedule(row)


def get(connection: Connection, tenant: str, schedule_id: UUID) -> Schedule | None:
    """Return a tenant's schedule, or None."""
    statement = select(*schedules.c).where(schedules.c.tenant == tenant, schedules.c.id == schedule_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _schedule(row)


def with_clock(connection: Connection, schedule_id: UUID) -> tuple[float, Schedule] | None:
    """Return Postgres' clock and a schedule of whatever tenant, for its tick; None once it is removed."""
    statement = select(*schedules.c, _EPOCH).where(schedules.c.id == schedule_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else (row[-1], _schedule(row))


def list_all(connection: Connection, tenant: str) -> list[Schedule]:
    """Return a tenant's schedules by name."""
    statement = select(*schedules.c).where(schedules.c.tenant == tenant).order_by(schedules.c.name)
    return [_schedule(row) for row in connection.execute(statement)]


def enabled(connection: Connection) -> tuple[float, list[Schedule]]:
    """Return Postgres' clock and the enabled schedules of every tenant, for beat."""
    statement = select(*schedules.c).where(schedules.c.enabled).order_by(schedules.c.id)
    return clock(connection), [_schedule(row) for row in connection.execute(statement)]


def remove(connection: Connection, tenant: str, schedule_id: UUID) -> bool:
    """Remove a schedule with its ticks; False if there is none."""
    statement = delete(schedules).where(schedules.c.tenant == tenant, schedules.c.id == schedule_id)
    return connection.execute(statement).rowcount == 1


def enable(connection: Connection, tenant: str, schedule_id: UUID, enabled: bool = True) -> Schedule | None:
    """Turn a schedule on or off; None if there is none."""
    statement = (
        update(schedules)
        .where(schedules.c.tenant == tenant, schedules.c.id == schedule_id)
        .values(enabled=enabled)
        .returning(*schedules.c)
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else _schedule(row)


def claim_tick(connection: Connection, schedule_id: UUID, tick: int, *, outcome: str = "submitted") -> bool:
    """Claim a tick: True for the first who asks, False for everybody else and for a schedule that is gone."""
    known = select(schedules.c.id).where(schedules.c.id == schedule_id).with_for_update(key_share=True, read=True)
    if connection.execute(known).one_or_none() is None:
        return False
    bound = {"of_schedule": schedule_id, "of_tick": tick, "with_outcome": outcome}
    return connection.execute(_CLAIM_TICK, bound).one_or_none() is not None


def last_tick(connection: Connection, schedule_id: UUID) -> Tick | None:
    """Return the latest tick that was claimed, or None."""
    found = ticks(connection, schedule_id, limit=1)
    return found[0] if found else None


def ticks(connection: Connection, schedule_id: UUID, *, limit: int = 50) -> list[Tick]:
    """Return the latest ticks, newest first."""
    statement = (
        select(*schedule_ticks.c)
        .where(schedule_ticks.c.schedule_id == schedule_id)
        .order_by(schedule_ticks.c.tick.desc())
        .limit(limit)
    )
    return [Tick(**row._asdict()) for row in connection.execute(statement)]


def clock(connection: Connection) -> float:
    """Return Postgres' clock as seconds since the epoch: ticks are numbered by it."""
    return float(connection.execute(_CLOCK).scalar_one())


def prune_ticks(connection: Connection, *, older_than_days: float) -> int:
    """Forget ticks of a certain age; return how many."""
    statement = delete(schedule_ticks).where(schedule_ticks.c.at <= now() - interval("older_seconds"))
    return connection.execute(statement, {"older_seconds": older_than_days * 86_400.0}).rowcount


def _schedule(row: Row[Any]) -> Schedule:
    values = dict(zip(Schedule.__dataclass_fields__, row, strict=False))
    return Schedule(**{**values, "measure": Measure(values["measure"])})
