"""What is written beside a job that has ended: its audit row and its event, in one statement."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert

from storage.schema import audit, outbox

_AUDIT = ("tenant", "actor", "action", "subject", "job_id", "detail")
_EVENT = ("tenant", "type", "subject", "data")
_AUDITED = insert(audit).values({name: bindparam(f"audit_{name}", type_=audit.c[name].type) for name in _AUDIT})
_RECORD = (
    insert(outbox)
    .values({name: bindparam(f"event_{name}", type_=outbox.c[name].type) for name in _EVENT})
    .add_cte(_AUDITED.cte("audited"))
)


def record(
    connection: Connection,
    *,
    tenant: str,
    actor: str,
    action: str,
    subject: str,
    job_id: UUID,
    detail: Mapping[str, Any],
    event: str,
    data: Mapping[str, Any],
) -> None:
    """Add the audit row of a job and the event that tells of it."""
    bound = {
        "audit_tenant": tenant,
        "audit_actor": actor,
        "audit_action": action,
        "audit_subject": subject,
        "audit_job_id": job_id,
        "audit_detail": dict(detail),
        "event_tenant": tenant,
        "event_type": event,
        "event_subject": str(job_id),
        "event_data": dict(data),
    }
    connection.execute(_RECORD, bound)
