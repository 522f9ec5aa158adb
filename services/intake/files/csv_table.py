"""Bytes of a delimited file → a table: encoding, delimiter and rows, each oddity answered by name."""

import csv
import io
import re
from collections.abc import Iterator

import numpy as np

from services.errors import UnparsableError
from services.intake.faults import quote
from services.intake.files.csv_scan import rows_at_most, scan
from services.intake.files.options import ENCODINGS, FileOptions
from services.intake.files.table import FIRST_DATA_ROW, MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Column, Table, TextColumn

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_DIRECTIVE = re.compile(r"sep=([,;\t|])\r?\n", re.IGNORECASE)
_SCANNED_FROM = 1 << 15  # below, loading the scanner takes longer than the csv module


def read_csv(body: bytes, options: FileOptions) -> Table:
    """Return a delimited file's table; raise UnparsableError where it is none, naming what would help."""
    text, encoding = _decoded(body, options)
    told = _DIRECTIVE.match(text)  # a line for spreadsheets, which they do not show
    text = text[told.end() :] if told is not None else text
    delimiter = told[1] if told is not None else _delimiter(text.partition("\n")[0], options)
    facts = {"encoding": encoding, "delimiter": next(name for name, each in DELIMITERS.items() if each == delimiter)}
    return _scanned(text, delimiter, facts) or _careful(text, delimiter, facts)


def _decoded(body: bytes, options: FileOptions) -> tuple[str, str]:
    if not body.strip():
        raise UnparsableError("The file is empty.", remedy="Send a header and one row a position.")
    encoding = options.encoding or next((name for mark, name in _MARKS.items() if body.startswith(mark)), "utf-8")
    if not encoding.startswith("utf-16") and b"\0" in body:
        row = body.count(b"\n", 0, body.index(b"\0")) + 1
        raise UnparsableError(
            f"Row {row} holds a zero byte: the file is no text, or UTF-16 without a mark.",
            position=body.index(b"\0"),
            remedy="Save it as CSV UTF-8, or name its encoding: encoding=utf-16-le.",
        )
    try:
        text = body.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        row = body.count(b"\n", 0, error.start) + 1
        raise UnparsableError(
            f"The file is not {encoding.removesuffix('-sig').upper()}: byte {error.start} in row {row} cannot be read.",
            position=error.start,
            remedy=f"Save it as UTF-8, or name its encoding: encoding={' or '.join(ENCODINGS[:3])}.",
        ) from None
    if "\0" in text:
        raise UnparsableError(
            f"Row {text.count(chr(10), 0, text.index(chr(0))) + 1} holds a zero character.", remedy="Remove it."
        )
    return text.removeprefix("\ufeff"), encoding.removesuffix("-sig")


def _delimiter(header: str, options: FileOptions) -> str:
    if options.delimiter is not None:
        return DELIMITERS[options.delimiter]
    outside = "".join(header.split('"')[::2])
    found = {each: outside.count(each) for each in DELIMITERS.values()}
    most = max(found.values())
    best = [each for each, count in found.items() if count == most]
    if most and len(best) == 1:
        return best[0]
    if most:
        names = [name for name, each in DELIMITERS.items() if each in best]
        raise UnparsableError(
            f"The header could be cut by {' or by '.join(names)}.", remedy=f"Say which: delimiter={names[0]}."
        )
    raise UnparsableError(
        f"Row 1 is no header of several columns: {quote(header.strip())}.",
        remedy="Begin with a header such as symbol,quantity,price,asset_class, cut by comma, semicolon, tab or pipe.",
    )


def _scanned(text: str, delimiter: str, facts: dict[str, str]) -> Table | None:
    """Return the table of a regular file; None for any other."""
    header, newline, _ = text.partition("\n")
    if len(text) < _SCANNED_FROM or not newline or '"' in header or "\r" in header.removesuffix("\r"):
        return None
    titles = _titles(header.split(delimiter))
    body, at = text.encode(), len(header.encode()) + 1
    most = rows_at_most(body, at)
    if most * len(titles) > len(body) + len(titles):
        return None  # rows that are blank or too short
    _bound(most - 1, most * len(titles))  # the last row may be blank
    found = scan(body, at, delimiter, len(titles))
    if found is None:
        return None
    rows = found[0].starts.size
    return Table(
        titles=titles, columns=found, rows=np.arange(FIRST_DATA_ROW, rows + FIRST_DATA_ROW, dtype=np.int64), facts=facts
    )


def _careful(text: str, delimiter: str, facts: dict[str, str]) -> Table:
    records = _records(text, delimiter)
    titles = _titles(next(records))
    rows, kept, ragged = [], [], {}
    for number, record in enumerate(records, FIRST_DATA_ROW):
        if len(record) == len(titles):
            if any(map(str.strip, record)):
                rows.append(number)
                kept.append(record)
        elif any(map(str.strip, record)):
            ragged[number] = f"The row has {len(record)} cells, the header {len(titles)}."
        _bound(number - FIRST_DATA_ROW, len(kept) * len(titles))
    cells = list(zip(*kept, strict=True)) if kept else [()] * len(titles)
    columns: tuple[Column, ...] = tuple(TextColumn(cells=column) for column in cells)
    return Table(titles=titles, columns=columns, rows=np.array(rows, dtype=np.int64), ragged=ragged, facts=facts)


def _titles(record: list[str]) -> tuple[str, ...]:
    if len(record) > MAX_COLUMNS:
        raise UnparsableError(f"The header names {len(record):,} columns, more than {MAX_COLUMNS:,}.")
    return tuple(title.strip() for title in record)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for record in reader:
            number += 1
            yield record
    except csv.Error as error:
        raise UnparsableError(
            f"Row {number + 1} cannot be read: {error}.", remedy="Close every quote, and quote cells that hold one."
        ) from None


def _bound(rows: int, cells: int) -> None:
    if rows > MAX_ROWS:
        raise UnparsableError(f"The file has more than {MAX_ROWS:,} rows.", remedy="Send it in parts.")
    if cells > MAX_CELLS:
        remedy = "Send it in parts, or without the columns that are not needed."
        raise UnparsableError(f"The file has more than {MAX_CELLS:,} cells.", remedy=remedy)
