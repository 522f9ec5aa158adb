"""Audit rows: who did what, written in the transaction that does it; a trigger refuses to change them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select

from storage.paging import read_number, write_number
from storage.schema import audit


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """One row of the audit table."""

    id: int
    tenant: str
    actor: str
    action: str
    subject: str
    job_id: UUID | None
    detail: dict[str, Any]
    at: datetime


_COLUMNS = ("tenant", "actor", "action", "subject", "job_id", "detail")
_WRITE = insert(audit).values({name: bindparam(f"new_{name}", type_=audit.c[name].type) for name in _COLUMNS})


def write(
    connection: Connection,
    *,
    tenant: str,
    actor: str,
    action: str,
    subject: str,
    job_id: UUID | None = None,
    detail: Mapping[str, Any],
) -> None:
    """Add a row."""
    bound = {
        "new_tenant": tenant,
        "new_actor": actor,
        "new_action": action,
        "new_subject": subject,
        "new_job_id": job_id,
        "new_detail": dict(detail),
    }
    connection.execute(_WRITE, bound)


def page(
    connection: Connection,
    tenant: str,
    *,
    subject: str | None = None,
    job_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[AuditRow], str | None]:
    """Return a tenant's rows, newest first, and the cursor of the next page; raise CursorError."""
    statement = select(*audit.c).where(audit.c.tenant == tenant)
    if subject is not None:
        statement = statement.where(audit.c.subject == subject)
    if job_id is not None:
        statement = statement.where(audit.c.job_id == job_id)
    if cursor is not None:
        statement = statement.where(audit.c.id < read_number(cursor))
    rows = connection.execute(statement.order_by(audit.c.id.desc()).limit(limit + 1))
    found = [AuditRow(**row._asdict()) for row in rows]
    more = len(found) > limit
    return found[:limit], write_number(found[limit - 1].id) if more else None
