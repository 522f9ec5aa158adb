"""Bytes of a delimited file → text columns by the names that we know; what is no table is named by row.

Rows are counted as a spreadsheet shows them, from 1. A file without quotes, which most are, is cut by its delimiters
at once; any other is read by the csv module.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress, count
from operator import methodcaller

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Labels
from services.errors import UnparsableError
from services.intake.faults import Faults, quote
from services.intake.values import text_problem

MAX_ROWS = 2_000_000
FIRST_DATA_ROW = 2
_DELIMITERS = ",\t;"
_LINE = re.compile(r"[^\r\n]*\S[^\r\n]*")
_CELLS_QUOTED = "Quote cells that hold the delimiter."


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A file as text columns, by our names.

    Parameters
    ----------
    titles
        The columns' names in the file, for messages.
    ignored
        The titles of columns that we do not know.
    rows
        Shape (n,): the row of the file that each cell stands in.
    """

    columns: Mapping[str, Sequence[str]]
    titles: Mapping[str, str]
    ignored: tuple[str, ...]
    rows: NDArray[np.int64]

    @property
    def size(self) -> int:
        """How many rows there are below the header."""
        return self.rows.size

    def where(self, mask: NDArray[np.bool_]) -> "Sheet":
        """Return the rows under a mask of shape (n,)."""
        chosen = mask.tolist()
        columns = {name: list(compress(cells, chosen)) for name, cells in self.columns.items()}
        return replace(self, columns=columns, rows=self.rows[mask])


def read_sheet(body: bytes, names: Mapping[str, str]) -> Sheet:
    """Return a file's columns; `names` maps a title's letters and digits to our name.

    Raises
    ------
    UnparsableError
        The bytes are no text, or no table of ours.
    InvalidInputError
        Rows of another length than the header's, a column that stands there twice, or a title that is no text.
    """
    text = _decoded(body)
    delimiter = _delimiter(text)
    first, header = _header(text, delimiter)
    named = [names.get(re.sub(r"[^a-z0-9]", "", title.lower())) for title in header]
    titles = [title.strip() for title in header]
    _judge_header(first, titles, named)
    columns, rows = _plain(text, delimiter) or _quoted(text, delimiter, first, len(header))
    unknown = (title or f"column {place}" for place, title in enumerate(titles, 1))
    cells = zip(named, unknown, columns, strict=True)
    return Sheet(
        columns={name: column for name, column in zip(named, columns, strict=True) if name is not None},
        titles={name: title for name, title in zip(named, titles, strict=True) if name is not None},
        ignored=tuple(title for name, title, column in cells if name is None and any(map(str.strip, column))),
        rows=rows,
    )


def _judge_header(row: int, titles: Sequence[str], named: Sequence[str | None]) -> None:
    if not any(named):
        raise UnparsableError(
            "This is no CRIF: the first row names none of its columns.",
            remedy="Begin with a header such as TradeID,PortfolioID,ProductClass,RiskType,Qualifier,Bucket,Label1,….",
        )
    faults = Faults()
    for place, (title, name) in enumerate(zip(titles, named, strict=True)):
        problem = text_problem(title) if title else None
        if problem is not None:
            faults.add("", f"The title {problem}.", row=row, column=quote(title), remedy="Write it anew.")
        if name is not None and name in named[:place]:
            other = titles[named.index(name)]
            detail = f"{quote(title)} is the same column as {quote(other)}."
            faults.add("", detail, row=row, column=title, remedy="Keep one of them.")
    faults.settle()


def encode(cells: Sequence[str], words: Mapping[str, str]) -> Labels:
    """Return a text column without outer blanks; `words` maps lower case to how a known word is written."""
    index: defaultdict[str, int] = defaultdict(count().__next__)
    spelling = np.fromiter(map(index.__getitem__, cells), np.int32, len(cells))
    texts = (text.strip() for text in index)
    merged = Labels.of([words.get(text.lower(), text) or None for text in texts])
    return Labels(codes=merged.codes[spelling] if len(cells) else spelling, values=merged.values)


_Cells = tuple[Sequence[Sequence[str]], NDArray[np.int64]]


def _decoded(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        row = body.count(b"\n", 0, error.start) + 1
        raise UnparsableError(
            f"The file is not UTF-8 text: byte {error.start}, in row {row}, cannot be read.",
            position=error.start,
            remedy="Save it as UTF-8.",
        ) from None
    if not text.strip():
        raise UnparsableError("The file is empty.", remedy="Send a CRIF with a header and one row a sensitivity.")
    return text


def _delimiter(text: str) -> str:
    line = _LINE.search(text)
    return max(_DELIMITERS, key=line[0].count) if line is not None else _DELIMITERS[0]


def _header(text: str, delimiter: str) -> tuple[int, list[str]]:
    """Return the first row that holds anything, and its number."""
    return next((number, row) for number, row in enumerate(_records(text, delimiter), start=1) if not _blank(row))


def _plain(text: str, delimiter: str) -> _Cells | None:
    """Cut a regular file without quotes; None for any other, which `_quoted` reads or names what is wrong with."""
    if '"' in text or "\r" in text:
        return None
    text = text.rstrip("\n")
    lines = text.split("\n")
    commas = set(map(methodcaller("count", delimiter), lines))
    if len(commas) > 1 or 0 in commas or len(lines) > MAX_ROWS:
        return None
    width = commas.pop() + 1
    if f"\n{delimiter * (width - 1)}\n" in f"{text}\n" or not lines[0].strip(delimiter):
        return None  # a row of empty cells
    cells = text.replace("\n", delimiter).split(delimiter)
    columns = [cells[index + width :: width] for index in range(width)]
    return columns, np.arange(FIRST_DATA_ROW, len(lines) + 1)


def _quoted(text: str, delimiter: str, first: int, width: int) -> _Cells:
    """Read any file row by row; the header is row `first`."""
    faults = Faults()
    numbered = enumerate(_records(text, delimiter), start=1)
    kept = [(number, row) for number, row in numbered if number > first and _holds(row, number, width, faults)]
    faults.settle()
    columns = list(zip(*(row for _, row in kept), strict=True)) if kept else [()] * width
    return columns, np.array([number for number, _ in kept], dtype=np.int64)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise UnparsableError(
            f"Row {reader.line_num} cannot be read: {error}.",
            remedy="Close every quote, and quote cells that hold one.",
        ) from None


def _holds(row: list[str], number: int, width: int, faults: Faults) -> bool:
    """Return whether a row is one of the table's; blank rows are none, ragged ones are faults."""
    if _blank(row):
        return False
    if number > MAX_ROWS:
        faults.add("", f"The file has more than {MAX_ROWS:,} rows.", row=number, remedy="Send it in parts.")
        faults.settle()
    if len(row) != width:
        detail = f"The row has {len(row)} cells, the header {width}."
        faults.add("", detail, row=number, remedy=_CELLS_QUOTED)
        return False
    return True


def _blank(row: Sequence[str]) -> bool:
    return not any(map(str.strip, row))
