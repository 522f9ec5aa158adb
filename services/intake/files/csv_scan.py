"""One pass over the bytes of a plain delimited file: where each cell stands, no text made of it.

The scanner reads what programs write: no quotes, every row as wide as the header. Whatever it is not sure of it leaves
to the csv module, which says what is wrong; so it needs no words, only a doubt.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.portfolio import Floats, Labels
from compute.words import byte_at
from services.intake import scanner
from services.intake.files.numerals import Decimal
from services.intake.files.table import Bad, distinct, numbers_of, read_number
from services.intake.scanner import DOUBT, PADDING, Bytes, Offsets

_NEWLINE, _RETURN, _QUOTE, _BLANK, _TAB = 10, 13, 34, 32, 9
_SAMPLED = 1_000


@njit()
def _trimmed(data: Bytes, start: int, end: int) -> tuple[int, int]:
    """Return a cell's place without outer blanks; start DOUBT where nothing is left."""
    while start < end and (byte_at(data, start) == _BLANK or byte_at(data, start) == _TAB):
        start += 1
    while end > start and byte_at(data, end - 1) <= _BLANK:
        end -= 1
    return (start, end) if end > start else (DOUBT, end)


@njit()
def _cell_end(data: Bytes, at: int, size: int, delimiter: int) -> int:
    """Return the index of the delimiter or newline after a cell, `size` at the end, or DOUBT."""
    while at < size:
        byte = byte_at(data, at)
        if byte in (delimiter, _NEWLINE):
            return at
        if byte == _QUOTE or byte == 0 or (byte == _RETURN and byte_at(data, at + 1) != _NEWLINE):
            return DOUBT
        at += 1
    return size


@njit()
def cells(data: Bytes, at: int, size: int, delimiter: int, starts: Offsets, ends: Offsets) -> int:
    """Find the cells of the rows from `at` to `size`.

    Parameters
    ----------
    data
        The file, with PADDING zero bytes after its end.
    delimiter
        The byte between two cells.
    starts, ends
        Filled, shape (columns, capacity): first byte and byte after of each cell without outer blanks; start -1 where
        a cell is blank.

    Returns
    -------
    int
        Rows read, or DOUBT at a quote, a zero byte, a lone carriage return, or a row that is blank or of another width.
    """
    width, row = starts.shape[0], 0
    while at < size:
        filled = 0
        for column in range(width):
            end = _cell_end(data, at, size, delimiter)
            ends_row = end == size or byte_at(data, max(end, 0)) == _NEWLINE
            if end == DOUBT or ends_row != (column == width - 1):
                return DOUBT
            starts[column, row], ends[column, row] = _trimmed(data, at, end)
            filled += starts[column, row] >= 0
            at = end + 1
        if filled == 0:
            return DOUBT
        row += 1
    return row


@njit()
def _lines(data: Bytes, starts: Offsets, ends: Offsets) -> Bytes:
    """Return the cells, a newline between each two."""
    total = max(0, starts.size - 1)
    for index in range(starts.size):
        if starts[index] >= 0:
            total += ends[index] - starts[index]
    out = np.empty(total, dtype=np.uint8)
    put = 0
    for index in range(starts.size):
        if index:
            out[put] = _NEWLINE
            put += 1
        if starts[index] >= 0:
            for at in range(starts[index], ends[index]):
                out[put] = byte_at(data, at)
                put += 1
    return out


@dataclass(frozen=True, kw_only=True)
class ScannedColumn:
    """A column of cells that still stand where the file has them."""

    data: Bytes = field(repr=False)
    starts: Offsets
    ends: Offsets

    def labels(self) -> tuple[Labels, list[Bad]]:
        """Return its texts."""
        slots = np.full(1 << (2 * self.starts.size).bit_length(), -1, dtype=np.int32)
        codes, first, size = scanner.codes(self.data, self.starts, self.ends, slots)
        if size == DOUBT:  # too many texts share a hash
            return Labels.of(text or None for text in self._all()), []
        return Labels(codes=codes, values=tuple(self._at(first[:size])._all())), []

    def numbers(self, style: Decimal) -> tuple[Floats, list[Bad]]:
        """Return its numbers."""
        if style is Decimal.COMMA:
            return numbers_of(self._all(), style)
        found = scanner.numbers(self.data, self.starts, self.ends)
        bad = []
        for index in np.flatnonzero(np.isinf(found)).tolist():
            wrong, found[index] = read_number(self.shown(index), style)
            if wrong is not None:
                bad.append(Bad(index=index, detail=wrong[0], remedy=wrong[1]))
        return found, bad

    def texts(self) -> tuple[list[str], list[Bad]]:
        """Return its texts, one by one."""
        return self._all(), []

    def shown(self, index: int) -> str:
        """Return a cell."""
        start = int(self.starts[index])
        return "" if start < 0 else self.data[start : int(self.ends[index])].tobytes().decode()

    def sample(self) -> list[str]:
        """Return the distinct texts of the first rows."""
        return distinct(self._at(slice(_SAMPLED))._all())

    def _at(self, rows: NDArray[np.int64] | slice) -> "ScannedColumn":
        return ScannedColumn(data=self.data, starts=self.starts[rows], ends=self.ends[rows])

    def _all(self) -> list[str]:
        if not self.starts.size:
            return []
        return _lines(self.data, self.starts, self.ends).tobytes().decode().split("\n")


def rows_at_most(body: bytes, at: int) -> int:
    """Return how many rows there can be after the header, which ends at `at`."""
    return body.count(b"\n", at) + 1


def scan(body: bytes, at: int, delimiter: str, width: int) -> tuple[ScannedColumn, ...] | None:
    """Return the columns of the rows after the header, which ends at `at`; None in any doubt. `body` is UTF-8."""
    data = np.frombuffer(body + bytes(PADDING), dtype=np.uint8)
    shape = (width, rows_at_most(body, at))
    starts, ends = np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.int32)
    rows = cells(data, at, len(body), ord(delimiter), starts, ends)
    if rows == DOUBT:
        return None
    return tuple(ScannedColumn(data=data, starts=starts[one, :rows], ends=ends[one, :rows]) for one in range(width))
