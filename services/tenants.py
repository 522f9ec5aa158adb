"""Tenants: added at the machine or by an administrator over HTTP; their tokens come from the machine alone."""

import re
from typing import Any

from core.clock import isoformat
from core.security import DEFAULT_TENANT
from services.errors import InvalidInputError
from storage import audit, tenants
from storage.database import Database
from storage.tenants import Tenant

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def add_tenant(database: Database, tenant: str, name: str, *, actor: str) -> Tenant:
    """Store a tenant, with its audit row."""
    if not _ID.fullmatch(tenant):
        detail = "A tenant's id has 1 to 63 characters: lower-case letters, digits, dots, dashes, underscores."
        raise InvalidInputError.at("/id", detail, remedy="Use for example desk-1.")
    with database.unit_of_work() as conn:
        added = tenants.add(conn, tenant, name)
        audit.write(
            conn,
            tenant=tenant,
            actor=actor,
            action="tenant.added",
            subject=f"tenant:{tenant}",
            detail=tenant_document(added),
        )
    return added


def ensure_default_tenant(database: Database) -> None:
    """Store the tenant that tokens name unless told otherwise."""
    with database.unit_of_work() as conn:
        tenants.ensure(conn, DEFAULT_TENANT, "Default")


def list_tenants(database: Database) -> list[Tenant]:
    """Return every tenant by id."""
    with database.read() as conn:
        return tenants.all(conn)


def tenant_document(tenant: Tenant) -> dict[str, Any]:
    """Return a tenant as the terminal prints it."""
    return {"id": tenant.id, "name": tenant.name, "created_at": isoformat(tenant.created_at)}
