"""Which parameter set is active on a date: rows are added and never changed; a planned one may be withdrawn."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Date,
    DateTime,
    Row,
    Text,
    and_,
    bindparam,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from storage.paging import read_number, write_number
from storage.schema import parameter_set_activations, parameter_sets
from storage.sql import now


@dataclass(frozen=True, kw_only=True)
class Activation:
    """From this date on, a version of a stored set, or a packaged one, is what a model computes with."""

    id: int
    tenant: str
    model: str
    set_name: str | None
    set_version: int | None
    packaged: str | None
    active_from: date
    action: str
    reason: str
    created_by: str
    created_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None

    @property
    def reference(self) -> str:
        """NAME@VERSION; packaged@VERSION for a packaged set."""
        return f"{self.set_name}@{self.set_version}" if self.set_name else f"packaged@{self.packaged}"


@dataclass(frozen=True, kw_only=True)
class Active:
    """What is active, with its document; None for a packaged set."""

    activation: Activation
    document: dict[str, Any] | None
    content_hash: str | None


_A, _S = parameter_set_activations.c, parameter_sets.c
_TODAY = cast(func.timezone("UTC", now()), Date)
_KNOWN_AT = bindparam("known_at", type_=DateTime(timezone=True))
_ACTIVE = (
    select(*_A, _S.document, _S.content_hash)
    .select_from(
        parameter_set_activations.outerjoin(
            parameter_sets,
            and_(_S.tenant == _A.tenant, _S.name == _A.set_name, _S.version == _A.set_version),
        )
    )
    .where(
        _A.tenant == bindparam("of_tenant", type_=Text),
        _A.model == bindparam("of_model", type_=Text),
        _A.active_from <= func.coalesce(bindparam("on_day", type_=Date), _TODAY),
        or_(_KNOWN_AT.is_(None), _A.created_at <= _KNOWN_AT),
        or_(_A.withdrawn_at.is_(None), _A.withdrawn_at > _KNOWN_AT),
    )
    .order_by(_A.active_from.desc(), _A.id.desc())
    .limit(1)
)


def today(connection: Connection) -> date:
    """Return the date by Postgres' clock, in UTC."""
    found: date = connection.execute(select(_TODAY)).scalar_one()
    return found


def add(
    connection: Connection,
    *,
    tenant: str,
    model: str,
    set_name: str | None = None,
    set_version: int | None = None,
    packaged: str | None = None,
    active_from: date | None,
    action: str,
    reason: str,
    actor: str,
) -> Activation:
    """Add a row; `active_from` None is today."""
    values = {
        "tenant": tenant,
        "model": model,
        "set_name": set_name,
        "set_version": set_version,
        "packaged": packaged,
        "active_from": _TODAY if active_from is None else literal(active_from, Date),
        "action": action,
        "reason": reason,
        "created_by": actor,
    }
    return _activation(connection.execute(insert(parameter_set_activations).values(values).returning(*_A)).one())


def active(
    connection: Connection, tenant: str, model: str, day: date | None = None, *, known_at: datetime | None = None
) -> Active | None:
    """Return what is active on a day (today), as it stood at a moment (now); None where nothing was ever activated."""
    bound = {"of_tenant": tenant, "of_model": model, "on_day": day, "known_at": known_at}
    row = connection.execute(_ACTIVE, bound).one_or_none()
    if row is None:
        return None
    *_, document, content_hash = row
    return Active(activation=_activation(row), document=document, content_hash=content_hash)


def page(
    connection: Connection, tenant: str, *, model: str | None = None, cursor: str | None = None, limit: int = 50
) -> tuple[list[Activation], str | None]:
    """Return activations, newest first, withdrawn ones included; raise CursorError."""
    statement = select(*_A).where(_A.tenant == tenant)
    if model is not None:
        statement = statement.where(_A.model == model)
    if cursor is not None:
        statement = statement.where(_A.id < read_number(cursor))
    found = [_activation(row) for row in connection.execute(statement.order_by(_A.id.desc()).limit(limit + 1))]
    return found[:limit], write_number(found[limit - 1].id) if len(found) > limit else None


def planned(connection: Connection, tenant: str, model: str) -> list[Activation]:
    """Return what is to become active after today, the nearest first."""
    statement = select(*_A).where(
        _A.tenant == tenant, _A.model == model, _A.active_from > _TODAY, _A.withdrawn_at.is_(None)
    )
    return [_activation(row) for row in connection.execute(statement.order_by(_A.active_from, _A.id))]


def began(connection: Connection, tenant: str, model: str) -> list[Activation]:
    """Return what has become active up to today, the newest first."""
    statement = select(*_A).where(
        _A.tenant == tenant, _A.model == model, _A.active_from <= _TODAY, _A.withdrawn_at.is_(None)
    )
    return [_activation(row) for row in connection.execute(statement.order_by(_A.active_from.desc(), _A.id.desc()))]


def uses(connection: Connection, tenant: str, name: str, version: int) -> int:
    """Return how many activations, withdrawn ones left out, name a version."""
    statement = (
        select(func.count())
        .select_from(parameter_set_activations)
        .where(_A.tenant == tenant, _A.set_name == name, _A.set_version == version, _A.withdrawn_at.is_(None))
    )
    return connection.execute(statement).scalar_one()


def get(connection: Connection, tenant: str, activation_id: int) -> Activation | None:
    """Return one activation."""
    row = connection.execute(select(*_A).where(_A.tenant == tenant, _A.id == activation_id)).one_or_none()
    return None if row is None else _activation(row)


def withdraw(connection: Connection, tenant: str, activation_id: int, *, actor: str) -> Activation | None:
    """Withdraw an activation whose date is still to come; None if it has begun or is withdrawn already."""
    statement = (
        update(parameter_set_activations)
        .where(_A.tenant == tenant, _A.id == activation_id, _A.active_from > _TODAY, _A.withdrawn_at.is_(None))
        .values(withdrawn_by=actor, withdrawn_at=now())
        .returning(*_A)
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else _activation(row)


_FIELDS = tuple(column.name for column in _A)


def _activation(row: Row[Any]) -> Activation:
    return Activation(**dict(zip(_FIELDS, row, strict=False)))
