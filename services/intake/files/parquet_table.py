"""Bytes of a Parquet file → a table whose columns are read only when a field wants them.

Texts are read as dictionaries, so that a small file that repeats a long text stays small in memory.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from compute.portfolio import Floats, Labels
from core.errors import Fault
from services.errors import InvalidInputError, TooLargeError, UnparsableError
from services.intake.faults import quote
from services.intake.files.numerals import Decimal as Style
from services.intake.files.options import FileOptions
from services.intake.files.table import FIRST_DATA_ROW, MAX_COLUMNS, MAX_ROWS, Bad, Column, Table, compact, read_number
from services.intake.gunzip import MAX_FILE

_MAX_UNPACKED = 4 * MAX_FILE
_SAMPLED = 1_000
_A_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # the years 1 to 9999, in days from 1970-01-01
_NO_TEXT = "Send it as a text, or as a whole number."


def read_parquet(body: bytes, _options: FileOptions) -> Table:
    """Return a Parquet file's table; raise where it is none, or holds more than is read here."""
    with _readable():
        file = parquet.ParquetFile(pa.BufferReader(body))
        known = file.metadata
    if known.num_rows > MAX_ROWS:
        raise TooLargeError(f"The file has {known.num_rows:,} rows, more than {MAX_ROWS:,}.", limit_bytes=MAX_FILE)
    unpacked = sum(known.row_group(index).total_byte_size for index in range(known.num_row_groups))
    if unpacked > _MAX_UNPACKED:
        limit = _MAX_UNPACKED >> 20
        raise TooLargeError(f"The file unpacks to more than {limit} MiB.", limit_bytes=_MAX_UNPACKED)
    if len(file.schema_arrow) > MAX_COLUMNS:
        raise UnparsableError(f"The file has {len(file.schema_arrow):,} columns, more than {MAX_COLUMNS:,}.")
    with _readable():
        texts = [leaf.path for leaf in map(file.schema.column, range(known.num_columns)) if _is_text_leaf(leaf)]
        file = parquet.ParquetFile(pa.BufferReader(body), read_dictionary=texts, page_checksum_verification=True)
    columns: list[Column] = [
        ArrowColumn(file=file, field=index, title=each.name, type=each.type, size=known.num_rows)
        for index, each in enumerate(file.schema_arrow)
    ]
    rows = np.arange(FIRST_DATA_ROW, known.num_rows + FIRST_DATA_ROW, dtype=np.int64)
    titles = tuple(each.name.strip() for each in file.schema_arrow)
    return Table(titles=titles, columns=tuple(columns), rows=rows)


@contextmanager
def _readable(column: str | None = None) -> Iterator[None]:
    """Name what Arrow could not read."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        where = f"The column {quote(column)}" if column is not None else "The file"
        words = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UnparsableError(
            f"{where} is no Parquet that can be read: {words.rstrip('.')}.", remedy="Write the file again, unencrypted."
        ) from None


def _is_text_leaf(leaf: Any) -> bool:
    return leaf.physical_type == "BYTE_ARRAY" and leaf.logical_type.type in {"STRING", "ENUM", "JSON"}


@dataclass(frozen=True, kw_only=True)
class ArrowColumn:
    """A column of a Parquet file, read when it is first asked for; `field` counts top-level columns, nested as one."""

    file: Any
    field: int
    title: str
    type: pa.DataType
    size: int

    def labels(self) -> tuple[Labels, list[Bad]]:
        """Return its texts: whole numbers and dates as such, nothing else for a text."""
        kind = self._kind
        if kind.is_text:
            return _labels(*self._stripped), []
        texts, bad = kind.texts(self._array)
        return Labels.of(texts), bad

    def numbers(self, style: Style) -> tuple[Floats, list[Bad]]:
        """Return its numbers; NaN and infinity are none."""
        if self._kind.is_text:
            return self._parsed(style)
        if self._kind.is_number:
            return self._cast()
        word = self._kind.word
        there = np.flatnonzero(_valid(self._array)).tolist()
        return np.full(self.size, np.nan), [
            Bad(index=index, detail=f"The cell is {word}, no number.") for index in there
        ]

    def texts(self) -> tuple[list[str], list[Bad]]:
        """Return its texts, one by one."""
        if not self._kind.is_text:
            texts, bad = self._kind.texts(self._array)
            return [text or "" for text in texts], bad
        codes, values = self._stripped
        if len(values) == codes.size and np.array_equal(codes, np.arange(codes.size)):
            return values, []  # all distinct, as ids should be
        return list(map([*values, ""].__getitem__, codes.tolist())), []

    def shown(self, index: int) -> str:
        """Return a cell as Python writes it; nothing for a null."""
        if self._kind.is_text:
            codes, values = self._encoded
            return values[codes[index]] if codes[index] >= 0 else ""
        try:
            value = self._array[index].as_py()
        except (
            pa.ArrowException,
            ValueError,
            OverflowError,
            LookupError,
        ):  # a day beyond the calendar, an unknown time zone
            return f"{self._array.type} that Python cannot write"
        return "" if value is None else str(value)

    def sample(self) -> list[str]:
        """Return the distinct texts of the first rows."""
        if self._is_unreadable:
            return []
        return list(dict.fromkeys(self.shown(index) for index in range(min(self.size, _SAMPLED))).keys() - {""})

    @property
    def _is_unreadable(self) -> bool:
        return _kind_of(self.type) is None

    @property
    def _kind(self) -> "_Kind":
        kind = _kind_of(self.type)
        if kind is not None:
            return kind
        fault = Fault(
            detail=f"The column {quote(self.title)} holds {str(self.type)[:80]}, and a field needs plain values.",
            remedy="Flatten it into columns of texts, numbers and dates, or map another column.",
            column=self.title,
        )
        raise InvalidInputError([fault])

    @cached_property
    def _array(self) -> Any:
        """The column in one piece, shape (size,)."""
        with _readable(self.title):
            found = self.file.reader.read_column(self.field)
            array = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
            array = array.chunk(0) if isinstance(array, pa.ChunkedArray) and array.num_chunks == 1 else array
            array = array.storage if isinstance(array, pa.ExtensionArray) else array
            if len(array) != self.size:
                raise ValueError(f"it has {len(array):,} values and the file {self.size:,} rows")
        return array

    @cached_property
    def _encoded(self) -> tuple[NDArray[np.int64], list[str]]:
        with _readable(self.title):
            array = self._array
            if not pa.types.is_dictionary(array.type):
                array = array.dictionary_encode()
            codes = array.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
            values = array.dictionary.to_pylist()
            if codes.size and not -1 <= codes.min() <= codes.max() < len(values):
                raise ValueError("a cell refers to a text that its dictionary lacks")
        if None in values:  # a null may stand in the dictionary too
            codes = np.where(np.isin(codes, [code for code, value in enumerate(values) if value is None]), -1, codes)
        return codes, [value or "" for value in values]

    @property
    def _stripped(self) -> tuple[NDArray[np.int64], list[str]]:
        codes, values = self._encoded
        return codes, [value.strip() for value in values]

    def _parsed(self, style: Style) -> tuple[Floats, list[Bad]]:
        codes, values = self._encoded
        read = [read_number(value, style) for value in values]
        found = np.array([*(value for _, value in read), np.nan])[codes]
        wrong = {code: each for code, (each, _) in enumerate(read) if each is not None}
        rows = np.flatnonzero(np.isin(codes, list(wrong))).tolist() if wrong else []
        return found, [Bad(index=row, detail=wrong[codes[row]][0], remedy=wrong[codes[row]][1]) for row in rows]

    def _cast(self) -> tuple[Floats, list[Bad]]:
        with _readable(self.title):
            array = self._array.cast(pa.float64(), safe=False)
            found = array.to_numpy(zero_copy_only=False) + 0.0  # -0.0 is 0.0; nulls are NaN
        bad = np.flatnonzero(~np.isfinite(found) & _valid(array)).tolist()
        found[bad] = np.nan
        remedy = "Write null where there is no number."
        return found, [Bad(index=row, detail="The cell is not a finite number.", remedy=remedy) for row in bad]


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """What a type of Arrow is for a field; `texts` reads it where a text is wanted."""

    word: str
    is_text: bool = False
    is_number: bool = False
    texts: Callable[[Any], tuple[list[str | None], list[Bad]]] = lambda _array: ([], [])


def _whole_numbers(array: Any) -> tuple[list[str | None], list[Bad]]:
    cells = array.to_pylist()
    bad = [
        Bad(index=row, detail="The cell is a number with decimals, no text.", remedy=_NO_TEXT)
        for row, cell in enumerate(cells)
        if cell is not None and not _is_whole(cell)
    ]
    return [None if cell is None or not _is_whole(cell) else str(int(cell)) for cell in cells], bad


def _is_whole(cell: float | Decimal) -> bool:
    if isinstance(cell, Decimal):
        return cell == cell.to_integral_value()  # its remainder is limited to 28 digits
    return cell % 1 == 0


def _days(array: Any) -> tuple[list[str | None], list[Bad]]:
    days = array.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
    return _dates(days.fill_null(0).to_numpy(zero_copy_only=False), _valid(array))


def _moments(array: Any) -> tuple[list[str | None], list[Bad]]:
    """Read midnights as dates; a moment within a day, or one of a certain time zone, is no date."""
    there = _valid(array)
    days, rest = np.divmod(array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False), _A_DAY[array.type.unit])
    wrong = there & ((rest != 0) if array.type.tz is None else np.ones(len(array), dtype=np.bool_))
    word = "a moment within a day" if array.type.tz is None else f"a moment in the time zone {array.type.tz}"
    texts, bad = _dates(days, there & ~wrong)
    bad += [
        Bad(index=row, detail=f"The cell is {word}, no date.", remedy="Write the column as dates.")
        for row in np.flatnonzero(wrong).tolist()
    ]
    return texts, bad


def _dates(days: NDArray[np.int64], there: NDArray[np.bool_]) -> tuple[list[str | None], list[Bad]]:
    """Return days counted from 1970 as ISO dates, as far as they are `there` and in the calendar."""
    known = there & (days >= _FIRST_DAY) & (days <= _LAST_DAY)
    texts: list[str | None] = [None] * days.size
    rows = np.flatnonzero(known)
    for row, text in zip(rows.tolist(), days[rows].astype("datetime64[D]").astype(str).tolist(), strict=True):
        texts[row] = text
    remedy = "Write a day of the years 1 to 9999."
    return texts, [
        Bad(index=row, detail="The cell is no day of the calendar.", remedy=remedy)
        for row in np.flatnonzero(there & ~known).tolist()
    ]


def _no_text(word: str) -> Callable[[Any], tuple[list[str | None], list[Bad]]]:
    def read(array: Any) -> tuple[list[str | None], list[Bad]]:
        rows = np.flatnonzero(_valid(array)).tolist()
        return [None] * len(array), [Bad(index=row, detail=f"The cell is {word}, no text.") for row in rows]

    return read


_KINDS: tuple[tuple[Callable[[pa.DataType], bool], _Kind], ...] = (
    (pa.types.is_string, _Kind(word="a text", is_text=True)),
    (pa.types.is_large_string, _Kind(word="a text", is_text=True)),
    (pa.types.is_string_view, _Kind(word="a text", is_text=True)),
    (pa.types.is_integer, _Kind(word="a number", is_number=True, texts=_whole_numbers)),
    (pa.types.is_floating, _Kind(word="a number", is_number=True, texts=_whole_numbers)),
    (pa.types.is_decimal, _Kind(word="a number", is_number=True, texts=_whole_numbers)),
    (pa.types.is_date, _Kind(word="a date", texts=_days)),
    (pa.types.is_timestamp, _Kind(word="a moment", texts=_moments)),
    (pa.types.is_boolean, _Kind(word="true or false", texts=_no_text("true or false"))),
    (pa.types.is_null, _Kind(word="null", texts=_no_text("null"))),
)


def _kind_of(kind: pa.DataType) -> _Kind | None:
    """Return what a type is for a field; None for nested and binary ones."""
    if isinstance(kind, pa.BaseExtensionType):
        return _kind_of(kind.storage_type)
    if pa.types.is_dictionary(kind):
        inner = _kind_of(kind.value_type)
        return inner if inner is not None and inner.is_text else None
    return next((found for fits, found in _KINDS if fits(kind)), None)


def _valid(array: Any) -> NDArray[np.bool_]:
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)


def _labels(codes: NDArray[np.int64], values: list[str]) -> Labels:
    """Return texts without outer blanks as labels; the blank ones are none."""
    index = {value: code for code, value in enumerate(dict.fromkeys(filter(None, values)))}
    if len(index) == len(values):
        return compact(Labels(codes=codes.astype(np.int32), values=tuple(values)))
    remap = np.array([*(index.get(value, -1) for value in values), -1], dtype=np.int32)
    return compact(Labels(codes=remap[codes], values=tuple(index)))
