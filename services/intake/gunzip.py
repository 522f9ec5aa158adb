"""Unpacking gzip without ever holding more than the limit: a compression bomb stops where it begins."""

import zlib

from services.errors import TooLargeError, UnparsableError
from services.intake.parse import MAX_BODY

MAX_FILE = 256 * 1024 * 1024
_CHUNK = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS
_AGAIN = "Pack it again, and send all of it."
_MAGIC = b"\x1f\x8b"


def is_gzip(data: bytes) -> bool:
    """Return whether the bytes begin as gzip does."""
    return data.startswith(_MAGIC)


def gunzip(data: bytes, *, limit: int = MAX_BODY) -> bytes:
    """Return what gzip members unpack to; raise TooLargeError beyond the limit, UnparsableError if they are broken."""
    parts: list[bytes] = []
    size = 0
    rest = data
    while rest:
        reader = zlib.decompressobj(_GZIP)
        while not reader.eof:
            part = _next(reader, rest, len(data))
            rest = reader.unconsumed_tail
            size += len(part)
            if size > limit:
                raise TooLargeError(f"The body unpacks to more than {limit // (1 << 20)} MiB.", limit_bytes=limit)
            parts.append(part)
        rest = reader.unused_data
    return b"".join(parts)


def _next(reader: "zlib._Decompress", rest: bytes, total: int) -> bytes:
    try:
        part = reader.decompress(rest, _CHUNK)
    except zlib.error:
        raise UnparsableError("The body is not valid gzip.", position=total - len(rest), remedy=_AGAIN) from None
    if not part and not reader.unconsumed_tail and not reader.eof:
        raise UnparsableError("The gzip body ends too early.", position=total, remedy=_AGAIN)
    return part
