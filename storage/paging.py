"""Cursors: opaque text that holds the position of the last item of a page."""

from base64 import b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

from storage.errors import CursorError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_text(position: str) -> str:
    """Return the cursor of a text position."""
    return _write(position.encode())


def read_text(cursor: str) -> str:
    """Return the text position of a cursor; raise CursorError."""
    try:
        position = _read(cursor).decode()
    except UnicodeDecodeError as error:
        raise CursorError from error
    if "\0" in position:
        raise CursorError
    return position


def write_number(position: int) -> str:
    """Return the cursor of a row number."""
    return _write(position.to_bytes(8, "big"))


def read_number(cursor: str) -> int:
    """Return the row number of a cursor; raise CursorError."""
    raw = _read(cursor)
    number = int.from_bytes(raw, "big")
    if len(raw) != 8 or number >= 2**63:
        raise CursorError
    return number


def write_moment(moment: datetime, row_id: UUID) -> str:
    """Return the cursor of a moment and the id that breaks ties."""
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    return _write(micros.to_bytes(8, "big", signed=True) + row_id.bytes)


def read_moment(cursor: str) -> tuple[datetime, UUID]:
    """Return the moment and the id of a cursor; raise CursorError."""
    raw = _read(cursor)
    try:
        micros = int.from_bytes(raw[:8], "big", signed=True)
        return _EPOCH + timedelta(microseconds=micros), UUID(bytes=raw[8:])
    except (ValueError, OverflowError) as error:
        raise CursorError from error


def _write(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _read(cursor: str) -> bytes:
    try:
        return b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise CursorError from error
