"""Ids in paths: what cannot be an id names nothing, so the answer is 404 and not 422."""

from uuid import UUID

from services.errors import NotFoundError

_LONGEST = 64


def job_id_of(text: str) -> UUID:
    """Return a job's id, or raise NotFoundError."""
    return _uuid("job", text)


def _uuid(kind: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        shown = text[:_LONGEST].encode("ascii", "replace").decode()
        raise NotFoundError(kind, shown) from None
