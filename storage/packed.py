"""Packed columns as they lie in a table; kept apart from `storage.columns` so that its users do not load numpy."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Packed:
    """Compressed columns and the SHA-256 of what they hold before compression, as hex."""

    data: bytes
    content_hash: str
