"""Aware UTC time; a naive datetime never enters the system."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def isoformat(moment: datetime) -> str:
    """Return RFC 3339 text with a `Z`; refuse a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place on the wire")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
