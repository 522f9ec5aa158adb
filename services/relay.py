"""The relay of the outbox: events leave for the Redis stream after the transaction that they tell of."""

import json
from typing import Any

from core.clock import isoformat
from services.runtime import Runtime
from storage import outbox

SOURCE = "/nautilus-collateral"


def relay(runtime: Runtime) -> int:
    """Relay what waits, in order; what Redis does not take stays for the next pass."""
    if not runtime.settings.messagebus_enabled:
        return 0
    with runtime.database.unit_of_work() as conn:
        waiting = outbox.waiting(conn)
        if not waiting or not runtime.cache.append_events([_message(event) for event in waiting]):
            return 0
        outbox.relayed(conn, [event.id for event in waiting])
    return len(waiting)


def _message(event: outbox.Event) -> dict[str, str]:
    return {"event": json.dumps(cloud_event(event), separators=(",", ":"))}


def cloud_event(event: outbox.Event) -> dict[str, Any]:
    """Return an event in CloudEvents' JSON form; a consumer tells a repeat by its id."""
    return {
        "specversion": "1.0",
        "id": str(event.id),
        "source": SOURCE,
        "type": event.type,
        "subject": event.subject,
        "time": isoformat(event.created_at),
        "tenant": event.tenant,
        "datacontenttype": "application/json",
        "data": event.data,
    }
