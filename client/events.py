"""Server-sent events, read line by line as the WHATWG text says: id, event, data, comments as heartbeats."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from client.models import Event


@dataclass
class _Draft:
    name: str = "message"
    data: list[str] = field(default_factory=list)


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """Turn the lines of a stream into events; comments keep the connection alive and say nothing."""
    last_id, draft = "", _Draft()
    for line in lines:
        if not line:
            if draft.data:
                yield Event(id=last_id, name=draft.name, data=_decode("\n".join(draft.data)))
            draft = _Draft()
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            last_id = value
        elif name == "event":
            draft.name = value
        elif name == "data":
            draft.data.append(value)


def _decode(text: str) -> dict[str, Any]:
    value = json.loads(text)
    return value if isinstance(value, dict) else {"value": value}
