"""A file as columns under their titles, whatever its format; nothing is judged here but how a cell is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Floats, Labels
from services.intake.faults import quote
from services.intake.files.numerals import Decimal, number, problem
from services.intake.sheet import encode

MAX_ROWS = 2_000_000
MAX_COLUMNS = 1_000
MAX_CELLS = 16_000_000  # of a text file: up to 1 GB while they are read
FIRST_DATA_ROW = 2
_LOOKED_AT = 1_000


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A cell that cannot be read: its index among the rows read, what is wrong, what to do."""

    index: int
    detail: str
    remedy: str = ""


class Column(Protocol):
    """One column of a file, n cells."""

    def labels(self) -> tuple[Labels, list[Bad]]:
        """Return its texts without outer blanks, none where a cell is blank."""
        ...

    def numbers(self, style: Decimal) -> tuple[Floats, list[Bad]]:
        """Return its numbers, NaN where a cell is blank."""
        ...

    def texts(self) -> tuple[list[str], list[Bad]]:
        """Return its texts without outer blanks, empty where a cell is blank; for columns of distinct texts."""
        ...

    def shown(self, index: int) -> str:
        """Return a cell as the file shows it."""
        ...

    def sample(self) -> list[str]:
        """Return some distinct texts of the column, blanks left out."""
        ...


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file as columns.

    Parameters
    ----------
    titles
        One for each column, without outer blanks; may be empty or repeat.
    rows
        Shape (n,): the row of the file in which each cell stands; the header is row 1.
    ragged
        Rows that are none of the table's, and why: they are in no column.
    facts
        What reading the file decided, for the report: delimiter, encoding, worksheet.
    """

    titles: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: NDArray[np.int64]
    ragged: Mapping[int, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TextColumn:
    """A column of a text file."""

    cells: Sequence[str]

    def labels(self) -> tuple[Labels, list[Bad]]:
        """Return its texts."""
        return encode(self.cells, {}), []

    def numbers(self, style: Decimal) -> tuple[Floats, list[Bad]]:
        """Return its numbers."""
        return numbers_of(self.cells, style)

    def texts(self) -> tuple[list[str], list[Bad]]:
        """Return its texts, one by one."""
        return [cell.strip() for cell in self.cells], []

    def shown(self, index: int) -> str:
        """Return a cell."""
        return self.cells[index]

    def sample(self) -> list[str]:
        """Return the distinct texts of the first rows."""
        return distinct(self.cells)


def distinct(cells: Sequence[str]) -> list[str]:
    """Return the distinct texts of the first cells, blanks left out."""
    return list(dict.fromkeys(text for cell in islice(cells, _LOOKED_AT) if (text := cell.strip())))


def numbers_of(cells: Sequence[str], style: Decimal) -> tuple[Floats, list[Bad]]:
    """Return the numbers that texts hold: all at once, or one by one where some need a closer look."""
    if style is not Decimal.COMMA:
        try:
            found = np.fromiter((float(cell) if cell else np.nan for cell in cells), np.float64, len(cells))
            if _usual(found, cells):
                return found + 0.0, []
        except ValueError:
            pass
    out = np.full(len(cells), np.nan)
    bad = []
    for index, cell in enumerate(cells):
        wrong, value = read_number(cell, style)
        out[index] = value
        if wrong is not None:
            bad.append(Bad(index=index, detail=wrong[0], remedy=wrong[1]))
    return out, bad


def _usual(found: Floats, cells: Sequence[str]) -> bool:
    """Whether Python read what everybody reads: it takes 1_000, nan and foreign digits too."""
    joined = "".join(cells)
    return (
        "_" not in joined and joined.isascii() and int(np.isfinite(found).sum()) == len(cells) - list(cells).count("")
    )


def read_number(cell: str, style: Decimal) -> tuple[tuple[str, str] | None, float]:
    """Return what is wrong with a cell, and its number, NaN for a blank one."""
    text = cell.strip()
    if not text:
        return None, np.nan
    value = number(text, style)
    wrong = problem(text, value)
    if wrong is None and value is not None:
        return None, value
    detail, remedy = wrong or ("is no number", "")
    return (f"{quote(text)} {detail}.", remedy), np.nan


def compact(labels: Labels) -> Labels:
    """Return a column with the texts that it uses, in order of first appearance."""
    size = labels.codes.size
    first = np.full(len(labels.values) + 1, size, dtype=np.int64)
    first[labels.codes[::-1]] = np.arange(size)[::-1]  # the last to write is the first to appear
    order = [code for code in np.argsort(first[:-1], kind="stable").tolist() if first[code] < size]
    remap = np.full(len(labels.values) + 1, -1, dtype=np.int32)
    remap[order] = np.arange(len(order), dtype=np.int32)
    return Labels(codes=remap[labels.codes], values=tuple(labels.values[code] for code in order))
