"""Bytes of a delimited file → text columns by the names that we know; what is no table is named by row.

Rows are counted as a spreadsheet shows them: the header is row 1. A file without quotes, which most are, is cut by its
delimiters at once; any other is read by the csv module.
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
from services.intake.faults import Faults

MAX_ROWS = 2_000_000
FIRST_DATA_ROW = 2
_DELIMITERS = ",\t;"
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
        Rows of another length than the header's, or a column that stands there twice.
    """
    text = _decoded(body)
    header, columns, rows = _plain(text) or _quoted(text)
    named = [names.get(re.sub(r"[^a-z0-9]", "", title.lower())) for title in header]
    if not any(named):
        raise UnparsableError(
            "This is no CRIF: the first row names none of its columns.",
            remedy="Begin with a header such as TradeID,PortfolioID,ProductClass,RiskType,Qualifier,Bucket,Label1,….",
        )
    faults = Faults()
    for name in sorted({name for name in named if name is not None and named.count(name) > 1}):
        faults.add("", "This column stands twice in the header.", row=1, column=name, remedy="Keep one.")
    faults.settle()
    return Sheet(
        columns={name: column for name, column in zip(named, columns, strict=True) if name is not None},
        titles={name: title.strip() for name, title in zip(named, header, strict=True) if name is not None},
        ignored=tuple(title for name, title in zip(named, header, strict=True) if name is None),
        rows=rows,
    )


def encode(cells: Sequence[str], words: Mapping[str, str]) -> Labels:
    """Return a text column without outer blanks; `words` maps lower case to how a known word is written."""
    index: defaultdict[str, int] = defaultdict(count().__next__)
    spelling = np.fromiter(map(index.__getitem__, cells), np.int32, len(cells))
    texts = (text.strip() for text in index)
    merged = Labels.of([words.get(text.lower(), text) or None for text in texts])
    return Labels(codes=merged.codes[spelling] if len(cells) else spelling, values=merged.values)


_Table = tuple[Sequence[str], Sequence[Sequence[str]], NDArray[np.int64]]


def _decoded(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UnparsableError(
            f"The file is not UTF-8 text: byte {error.start} cannot be read.",
            position=error.start,
            remedy="Save it as UTF-8.",
        ) from None
    if not text.strip():
        raise UnparsableError("The file is empty.", remedy="Send a CRIF with a header and one row a sensitivity.")
    return text


def _delimiter(text: str) -> str:
    return max(_DELIMITERS, key=text.partition("\n")[0].count)


def _plain(text: str) -> _Table | None:
    """Cut a regular file without quotes; None for any other, which `_quoted` reads or names what is wrong with."""
    if '"' in text or "\r" in text:
        return None
    delimiter, text = _delimiter(text), text.rstrip("\n")
    lines = text.split("\n")
    commas = set(map(methodcaller("count", delimiter), lines))
    if len(commas) > 1 or 0 in commas or len(lines) > MAX_ROWS:
        return None
    cells = text.replace("\n", delimiter).split(delimiter)
    width = commas.pop() + 1
    columns = [cells[index + width :: width] for index in range(width)]
    return cells[:width], columns, np.arange(FIRST_DATA_ROW, len(lines) + 1)


def _quoted(text: str) -> _Table:
    records = _records(text)
    header = next(records)
    faults = Faults()
    kept = [
        (number, row) for number, row in enumerate(records, FIRST_DATA_ROW) if _holds(row, number, len(header), faults)
    ]
    faults.settle()
    columns = list(zip(*(row for _, row in kept), strict=True)) if kept else [()] * len(header)
    return header, columns, np.array([number for number, _ in kept], dtype=np.int64)


def _records(text: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise UnparsableError(
            f"Row {reader.line_num} cannot be read: {error}.",
            remedy="Close every quote, and quote cells that hold one.",
        ) from None


def _holds(row: list[str], number: int, width: int, faults: Faults) -> bool:
    """Return whether a row is one of the table's; blank rows are none, ragged ones are faults."""
    if not row or (len(row) == 1 and not row[0].strip()):
        return False
    if number > MAX_ROWS:
        faults.add("", f"The file has more than {MAX_ROWS:,} rows.", row=number, remedy="Send it in parts.")
        faults.settle()
    if len(row) != width:
        detail = f"The row has {len(row)} cells, the header {width}."
        faults.add("", detail, row=number, remedy=_CELLS_QUOTED)
        return False
    return True
