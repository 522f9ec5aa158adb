"""Columns as bytes: msgpack around little-endian arrays, compressed with zstd.

The layout is `{"document": …, "tables": {table: {column: column}}}`; a column is either a list (of texts) or
`{"dtype": "<f8", "shape": [n], "data": bytes}`. The data are every element's first byte, then every second byte and so
on (Parquet's BYTE_STREAM_SPLIT): signs and exponents stand together, and zstd takes a third of the time. The content
hash is taken before compression, so that another compressor level or version leaves it as it is. Equal input in equal
order gives equal bytes.
"""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from storage.errors import CorruptColumnsError
from storage.packed import Packed

__all__ = ["MAX_BYTES", "Packed", "is_sound", "pack", "unpack", "verified"]

MAX_BYTES = 512 * 1024 * 1024
_LEVEL = 1
_CHANGED = "The stored columns do not match their content hash."
_READABLE = frozenset({"<f8", "<f4", "<i8", "<i4", "<i2", "<u8", "<u4", "|i1", "|u1", "|b1", "<M8[D]"})

Column = NDArray[Any] | Sequence[str | None]


class _Array(msgspec.Struct):
    dtype: str
    shape: list[int]
    data: memoryview


class _Stored(msgspec.Struct):
    document: dict[str, Any]
    tables: dict[str, dict[str, _Array | list[Any]]]


class _Codec(threading.local):
    """One of each for a thread: they may not be shared, and a new one for each call costs more than its work."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True)
        self.decompressor = zstandard.ZstdDecompressor()


_codec = _Codec()
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Stored)


def pack(document: Mapping[str, Any], tables: Mapping[str, Mapping[str, Column]]) -> Packed:
    """Return a document and its tables of columns as compressed bytes with their hash.

    Parameters
    ----------
    document
        JSON-like values.
    tables
        Table name to columns: arrays of numbers, booleans or days (any shape), or sequences of text.

    Raises
    ------
    TypeError
        A column's dtype cannot be stored.
    """
    stored = {
        "document": document,
        "tables": {
            table: {name: _encoded(name, column) for name, column in columns.items()}
            for table, columns in tables.items()
        },
    }
    plain = _encoder.encode(stored)
    return Packed(data=_codec.compressor.compress(plain), content_hash=hashlib.sha256(plain).hexdigest())


def unpack(data: bytes, *, content_hash: str | None = None) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the document and the tables; arrays are read-only views.

    Parameters
    ----------
    data
        What `pack` returned.
    content_hash
        When given, it is recomputed and compared.

    Raises
    ------
    CorruptColumnsError
        The bytes are not what `pack` wrote, or would unfold to more than `MAX_BYTES`.
    """
    plain = _decompressed(data)
    if content_hash is not None and hashlib.sha256(plain).hexdigest() != content_hash:
        raise CorruptColumnsError(_CHANGED)
    try:
        stored = _decoder.decode(plain)
        tables = {
            table: {name: _decoded(column) for name, column in columns.items()}
            for table, columns in stored.tables.items()
        }
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise CorruptColumnsError(f"The stored columns cannot be read: {error}.") from error
    return stored.document, tables


def is_sound(data: bytes, content_hash: str) -> bool:
    """Return whether stored bytes are what their hash promised; raise CorruptColumnsError for what does not unfold."""
    return hashlib.sha256(_decompressed(data)).hexdigest() == content_hash


def verified(data: bytes, content_hash: str | None) -> bytes:
    """Return stored bytes; raise CorruptColumnsError where they are not what their hash, if any, promised."""
    if content_hash is not None and not is_sound(data, content_hash):
        raise CorruptColumnsError(_CHANGED)
    return data


def _encoded(name: str, column: Column) -> Any:
    if not isinstance(column, np.ndarray):
        return column if isinstance(column, list | tuple) else list(column)
    if column.dtype.kind in "UO":
        return column.tolist()
    array = np.ascontiguousarray(column, dtype=column.dtype.newbyteorder("<"))
    if array.dtype.str not in _READABLE:
        raise TypeError(f"The column {name} has the dtype {array.dtype}, which cannot be stored.")
    split = np.ascontiguousarray(array.reshape(-1).view(np.uint8).reshape(-1, array.itemsize).T)
    return {"dtype": array.dtype.str, "shape": array.shape, "data": split.data}


def _decoded(column: _Array | list[Any]) -> Any:
    if isinstance(column, list):
        return column
    if column.dtype not in _READABLE:
        raise ValueError(f"unknown dtype {column.dtype!r}")
    dtype = np.dtype(column.dtype)
    split = np.frombuffer(column.data, dtype=np.uint8).reshape(dtype.itemsize, -1)
    array = np.ascontiguousarray(split.T).view(dtype).reshape(column.shape)
    array.flags.writeable = False
    return array


def _decompressed(data: bytes) -> bytes:
    try:
        size = zstandard.get_frame_parameters(data).content_size
        if size > MAX_BYTES:  # an unknown size reads as 2^64 - 1
            raise CorruptColumnsError("The stored columns would unfold to more than is allowed.")
        return _codec.decompressor.decompress(data, max_output_size=size, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise CorruptColumnsError(f"The stored columns cannot be decompressed: {error}.") from error
