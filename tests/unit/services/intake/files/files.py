"""Reading small files in tests."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from core.errors import Fault
from services.errors import InvalidInputError, UnparsableError
from services.intake.files import FileOptions, FileRead, Format, read_file

HEADER = "id,symbol,quantity,price,asset_class\n"
GOOD = "p1,AAPL,100,150.0,equity\n"
HEAD = {"id": "book", "as_of": "2026-01-30"}


def csv(text: str | bytes, *, head: Mapping[str, Any] = HEAD, **options: Any) -> FileRead:
    """Read a CSV."""
    body = text if isinstance(text, bytes) else text.encode()
    return read_file(body, FileOptions(format=Format.CSV, head=head, **options))


def xlsx(body: bytes, **options: Any) -> FileRead:
    """Read a workbook."""
    return read_file(body, FileOptions(format=Format.XLSX, head=HEAD, **options))


def parquet_of(columns: Mapping[str, Any], **options: Any) -> bytes:
    """Return a Parquet file of columns."""
    buffer = io.BytesIO()
    parquet.write_table(pa.table(dict(columns)), buffer, **options)
    return buffer.getvalue()


def read_parquet(body: bytes, **options: Any) -> FileRead:
    """Read a Parquet file."""
    return read_file(body, FileOptions(format=Format.PARQUET, head=HEAD, **options))


def faults_of(read: Any, *arguments: Any, **options: Any) -> list[Fault]:
    """Return the faults for which a file is refused."""
    with pytest.raises(InvalidInputError) as refused:
        read(*arguments, **options)
    return list(refused.value.faults)


def places(faults: Sequence[Fault]) -> list[tuple[int | None, str | None, str | None]]:
    """Return where the faults stand, and the cells."""
    return [(fault.row, fault.column, fault.value) for fault in faults]


def unreadable(read: Any, *arguments: Any, **options: Any) -> UnparsableError:
    """Return why a file cannot be read; there is always something to do about it."""
    with pytest.raises(UnparsableError) as refused:
        read(*arguments, **options)
    return refused.value
