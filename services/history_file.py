"""A wide CSV of daily closes (Date,SYM1,SYM2…) → one column a symbol; an empty cell is a missing day."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from core.clock import utcnow
from services.errors import UnparsableError
from services.intake.faults import Faults, quote
from services.intake.values import date_problem, text_problem

MAX_SYMBOLS = 10_000
MAX_PRICE = 1e15
_AHEAD = timedelta(days=1)  # it is tomorrow already where the day begins


@dataclass(frozen=True, kw_only=True)
class SymbolHistory:
    """The closes of one symbol, missing days left out: dates (t,) datetime64[D] strictly rising, closes (t,)."""

    symbol: str
    dates: NDArray[np.datetime64]
    closes: NDArray[np.float64]


def decode_history(data: bytes) -> list[SymbolHistory]:
    """Return the history of each symbol in a file; raise with row and column of every cell that will not do."""
    faults = Faults()
    rows = _rows(data)
    symbols = _symbols(next(rows, []), faults)
    faults.settle()
    days, cells = _body(rows, symbols, faults)
    faults.settle()
    return _by_symbol(symbols, days, cells, faults)


def _rows(data: bytes) -> Iterator[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnparsableError("The file is not UTF-8.", position=error.start) from None
    try:
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise UnparsableError(f"The file is not valid CSV: {error}.") from None


def _symbols(header: Sequence[str], faults: Faults) -> list[str]:
    names = [name.strip() for name in header]
    if len(names) < 2 or names[0].lower() != "date":
        faults.add("", "The first line must be Date and at least one symbol.", remedy="Send Date,AAPL,MSFT…", row=1)
        return []
    if len(names) - 1 > MAX_SYMBOLS:
        faults.add("", f"There are {len(names) - 1:,} symbols, more than {MAX_SYMBOLS:,}.", row=1)
        return []
    seen: set[str] = set()
    for index, name in enumerate(names[1:], start=2):
        problem = text_problem(name) or ("comes more than once" if name in seen else None)
        if problem is not None:
            faults.add("", f"The symbol in column {index} {problem}.", row=1, column=str(index))
        seen.add(name)
    return names[1:]


def _body(
    rows: Iterator[list[str]], symbols: list[str], faults: Faults
) -> tuple[list[date], list[NDArray[np.float64]]]:
    days: list[date] = []
    cells: list[NDArray[np.float64]] = []  # a quarter of what lists take
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != len(symbols) + 1:
            faults.add("", f"The row has {len(row)} cells, the first line {len(symbols) + 1}.", row=number)
            continue
        day = _day(row[0], days[-1] if days else None, number, faults)
        if day is not None:
            days.append(day)
            cells.append(np.array(_closes(row, symbols, number, faults)))
    if not days and not faults:
        faults.add("", "The file holds no day.", remedy="Send one line a day below the first.")
    return days, cells


def _day(text: str, before: date | None, row: int, faults: Faults) -> date | None:
    problem = date_problem(text.strip())
    if problem is not None:
        faults.add("", f"Date {problem}.", remedy="Write dates as 2025-01-31.", row=row, column="Date")
        return None
    day = date.fromisoformat(text.strip())
    if day > utcnow().date() + _AHEAD:
        faults.add("", "The date lies in the future.", row=row, column="Date")
    elif before is not None and day <= before:
        faults.add(
            "", "The date is not after the one above it.", remedy="Sort the days; each once.", row=row, column="Date"
        )
    return day


def _closes(row: Sequence[str], symbols: Sequence[str], number: int, faults: Faults) -> list[float]:
    try:  # the usual row in one go; only one with something wrong is looked at cell by cell
        found = [float(cell) if cell else math.nan for cell in row[1:]]
        usual = not any("_" in cell for cell in row)  # Python reads 1_000, nobody else does
        if usual and all(-MAX_PRICE <= value <= MAX_PRICE for value, cell in zip(found, row[1:], strict=True) if cell):
            return found
    except ValueError:
        pass
    return [_close(cell.strip(), symbol, number, faults) for cell, symbol in zip(row[1:], symbols, strict=True)]


def _close(cell: str, symbol: str, row: int, faults: Faults) -> float:
    if not cell:
        return math.nan
    try:
        value = math.nan if "_" in cell else float(cell)
    except ValueError:
        value = math.nan
    if not -MAX_PRICE <= value <= MAX_PRICE:
        faults.add("", f"{quote(cell)} is no price.", remedy="Leave a missing day empty.", row=row, column=symbol)
    return value


def _by_symbol(
    symbols: Sequence[str], days: Sequence[date], cells: Sequence[NDArray[np.float64]], faults: Faults
) -> list[SymbolHistory]:
    calendar = np.array(days, dtype="datetime64[D]")
    table = np.array(cells, dtype=np.float64)
    found = []
    for index, symbol in enumerate(symbols):
        there = ~np.isnan(table[:, index])
        if not there.any():
            faults.add("", f"There is no price of {quote(symbol)}.", remedy="Leave its column out.", column=symbol)
        found.append(SymbolHistory(symbol=symbol, dates=calendar[there], closes=table[there, index]))
    faults.settle()
    return found
