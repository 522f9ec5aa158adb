"""Bytes of a workbook → a table: one worksheet, its header in the first row that holds anything."""

import re
from typing import Any

import numpy as np

from core.errors import Fault
from services.errors import InvalidInputError, UnparsableError
from services.intake.faults import MAX_FAULTS, nearest, quote
from services.intake.files.options import FileOptions
from services.intake.files.table import MAX_COLUMNS, Column, Table
from services.intake.files.xlsx_cells import Cell, CellColumn
from services.intake.files.xlsx_package import Package
from services.intake.files.xlsx_parts import Workbook, read_workbook
from services.intake.files.xlsx_sheet import SheetReader, letters

_CELL = re.compile(r"([A-Z]+)([0-9]+)")


def read_xlsx(body: bytes, options: FileOptions) -> Table:
    """Return the table of a workbook's worksheet; raise where there is none, or cells are merged."""
    package = Package(body)
    book = read_workbook(package)
    name, part = _chosen(book, options)
    reader = SheetReader(texts=book.texts, dates=book.dates, days=book.days)
    package.read(part, reader.handlers)
    facts: dict[str, Any] = {"sheet": name}
    if len(book.sheets) > 1:
        facts["other_sheets"] = [each for each in book.sheets if each != name]
    if reader.formulas:
        facts["formulas"] = reader.formulas  # their values are those that were saved
    return _table(reader, facts)


def _chosen(book: Workbook, options: FileOptions) -> tuple[str, str]:
    if options.sheet is not None:
        if options.sheet in book.sheets:
            return options.sheet, book.sheets[options.sheet]
        detail = f"The workbook has no visible sheet {quote(options.sheet)}."
        raise InvalidInputError.at("/sheet", detail, remedy=nearest(options.sheet, list(book.sheets)))
    if not book.sheets:
        raise UnparsableError("The workbook has no visible sheet.", remedy="Show the sheet that holds the positions.")
    return next(iter(book.sheets.items()))


def _table(reader: SheetReader, facts: dict[str, Any]) -> Table:
    rows = iter(sorted(reader.rows.items()))
    first = next(rows, None)
    if first is None:
        raise UnparsableError(
            f"The sheet {quote(str(facts['sheet']))} is empty.", remedy="Name another with sheet=NAME."
        )
    header_row, header = first
    if header_row != 1:
        facts["header_row"] = header_row
    columns = sorted(header)
    if len(columns) > MAX_COLUMNS:
        raise UnparsableError(f"The header names {len(columns):,} columns, more than {MAX_COLUMNS:,}.")
    _judge_merged(reader)
    known = frozenset(columns)
    numbers: list[int] = []
    kept: list[dict[int, Cell]] = []
    ragged: dict[int, str] = {}
    for number, cells in rows:
        stray = next((column for column in cells if column not in known), None)
        if stray is None:
            numbers.append(number)
            kept.append(cells)
        else:
            ragged[number] = f"The cell {letters(stray)}{number} has no title above it."
    at = np.array(numbers, dtype=np.int64)
    found: tuple[Column, ...] = tuple(
        CellColumn(letters=letters(column), rows=at, cells=[cells.get(column) for cells in kept]) for column in columns
    )
    heads = CellColumn(letters="", rows=np.array([header_row]), cells=[header[column] for column in columns])
    titles = tuple(heads.shown(index).strip() for index in range(len(columns)))
    return Table(titles=titles, columns=found, rows=at, ragged=ragged, facts=facts)


def _judge_merged(reader: SheetReader) -> None:
    """Refuse merged cells within the table: of them only the first holds the value that all seem to have."""
    last = max(reader.rows)
    faults = []
    for merged in reader.merged:
        found = _CELL.match(merged)
        if found is not None and int(found[2]) <= last:
            detail = f"The cells {merged[:40]} are merged."
            remedy = "Unmerge them and fill in each cell."
            faults.append(Fault(detail=detail, remedy=remedy, row=int(found[2]), column=found[1]))
    if faults:
        raise InvalidInputError(faults[:MAX_FAULTS], omitted=max(0, len(faults) - MAX_FAULTS))
