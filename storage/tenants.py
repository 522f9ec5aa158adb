"""Tenants: every other row belongs to one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from storage.errors import NameTakenError
from storage.schema import tenants


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One row of the tenants table."""

    id: str
    name: str
    created_at: datetime


def add(connection: Connection, tenant: str, name: str) -> Tenant:
    """Store a new tenant; raise NameTakenError if the id is in use."""
    statement = insert(tenants).values(id=tenant, name=name).on_conflict_do_nothing().returning(*tenants.c)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise NameTakenError(f"There is a tenant {tenant!r} already.")
    return Tenant(**row._asdict())


def ensure(connection: Connection, tenant: str, name: str) -> None:
    """Store a tenant unless it is there."""
    connection.execute(insert(tenants).values(id=tenant, name=name).on_conflict_do_nothing())


def get(connection: Connection, tenant: str) -> Tenant | None:
    """Return a tenant, or None."""
    row = connection.execute(select(*tenants.c).where(tenants.c.id == tenant)).one_or_none()
    return None if row is None else Tenant(**row._asdict())


def all(connection: Connection) -> list[Tenant]:
    """Return every tenant by id."""
    return [Tenant(**row._asdict()) for row in connection.execute(select(*tenants.c).order_by(tenants.c.id))]
