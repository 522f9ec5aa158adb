"""Reading the audit rows."""

from typing import Any
from uuid import UUID

from core.names import Permission
from core.security import Principal
from services.runtime import Runtime
from storage import audit
from storage.audit import AuditRow


def listing(
    runtime: Runtime,
    principal: Principal,
    *,
    subject: str | None = None,
    job_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[AuditRow], str | None]:
    """Return a page of the tenant's audit rows, newest first."""
    principal.require(Permission.AUDIT)
    with runtime.database.read() as conn:
        return audit.page(conn, principal.tenant, subject=subject, job_id=job_id, cursor=cursor, limit=limit)


def audit_document(row: AuditRow) -> dict[str, Any]:
    """Return a row as it goes over the wire."""
    return {
        "id": row.id,
        "at": row.at,
        "actor": row.actor,
        "action": row.action,
        "subject": row.subject,
        "job_id": None if row.job_id is None else str(row.job_id),
        "detail": row.detail,
    }
