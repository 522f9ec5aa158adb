"""The XML of one worksheet → its cells by row and column; a row that holds nothing is no row."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.errors import UnparsableError
from services.intake.faults import quote
from services.intake.files.xlsx_cells import Cell, Day, Odd
from services.intake.files.xlsx_package import Handlers

_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_MOST_CELLS = 6_000_000  # about 0.5 GB while they are read
_MOST_ROWS = 1_048_576
_MOST_COLUMNS = 16_384
_LEAP = 60  # the 29th of February 1900, which a workbook believes in
_LAST_DAY = 2_900_000  # in the year 9839
_YEAR_1904 = 1904
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})(T00:00(:00(\.0+)?)?Z?)?")


@dataclass(frozen=True, kw_only=True)
class Days:
    """How the workbook counts days."""

    first: date

    def cell(self, serial: float) -> Cell:
        """Return the cell of a number that is shown as a date."""
        shown = f"{serial:.15g}"
        if serial % 1:
            return Odd(shown, "a moment within a day, no date", "Write the date alone.")
        day = int(serial)
        early = self.first.year != _YEAR_1904 and day <= _LEAP
        if not early <= day <= _LAST_DAY or (early and day == _LEAP):
            return Odd(shown, "no day of the calendar", "Write the date as a text such as 2026-01-31.")
        return Day((self.first + timedelta(days=day + early)).isoformat())


def letters(column: int) -> str:
    """Return the letters of a column counted from 1."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def number_of(name: str) -> int:
    """Return the number of a column's letters, counted from 1."""
    found = 0
    for letter in name:
        found = 26 * found + ord(letter) - 64
    return found


class SheetReader:
    """Takes the elements of a worksheet as they come.

    Parameters
    ----------
    texts
        The workbook's shared texts.
    dates
        The cell styles that show a number as a date.
    """

    def __init__(self, *, texts: Sequence[str], dates: frozenset[int], days: Days) -> None:
        self.rows: dict[int, dict[int, Cell]] = {}
        self.merged: list[str] = []
        self.formulas = 0
        self._texts = texts
        self._dates = {str(style) for style in dates}
        self._days = days
        self._columns: dict[str, int] = {}
        self._row, self._column, self._count = 0, 0, 0
        self._kind, self._style = "n", ""
        self._formula, self._within, self._phonetic = False, False, False
        self._pieces: list[str] = []

    @property
    def handlers(self) -> Handlers:
        """What to call."""
        return Handlers(start=self._start, end=self._end, text=self._text)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._place(attributes.get("r"))
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._formula = False
            self._pieces = []
        elif tag in {"v", "t"}:
            self._within = not self._phonetic
        elif tag == "row":
            given = attributes.get("r", "")
            self._row = int(given) if given.isdecimal() and len(given) < 8 else self._row + 1
            self._column = 0
        else:
            self._start_rarely(tag, attributes)

    def _start_rarely(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "f":
            self._formula = True
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "mergeCell":
            self.merged.append(attributes.get("ref", ""))

    def _end(self, tag: str) -> None:
        if tag in {"v", "t"}:
            self._within = False
        elif tag == "c":
            cell = self._cell()
            if cell is not None:
                self._keep(cell)
        elif tag == "rPh":
            self._phonetic = False

    def _text(self, piece: str) -> None:
        if self._within:
            self._pieces.append(piece)

    def _place(self, reference: str | None) -> None:
        """Go to a cell: the one that is named, else the next one."""
        if reference is None:
            self._column += 1
            return
        found = _REFERENCE.fullmatch(reference)
        if found is None or not 0 < int(found[2]) <= _MOST_ROWS:
            raise UnparsableError(f"The sheet names a cell {quote(reference)}, which is none.")
        name = found[1]
        self._column = self._columns.get(name) or self._columns.setdefault(name, number_of(name))
        self._row = int(found[2])

    def _keep(self, cell: Cell) -> None:
        self._count += 1
        if self._count > _MOST_CELLS or self._column > _MOST_COLUMNS:
            raise UnparsableError(f"The sheet has more than {_MOST_CELLS:,} cells.", remedy="Send it in parts.")
        self.rows.setdefault(self._row, {})[self._column] = cell

    def _cell(self) -> Cell:
        text = "".join(self._pieces)
        if self._formula:
            if not text:
                return Odd("", "a formula without a stored value", "Open the workbook, let it calculate, and save it.")
            self.formulas += 1
        if not text:
            return None
        return self._number(text) if self._kind == "n" else self._other(text)

    def _number(self, text: str) -> Cell:
        try:
            value = float(text)
        except ValueError:
            return Odd(text, "no number")
        if not math.isfinite(value):
            return Odd(text, "no finite number")
        return self._days.cell(value) if self._style in self._dates else value

    def _other(self, text: str) -> Cell:
        if self._kind == "s":
            index = int(text) if text.isdecimal() and len(text) < 10 else -1
            if not 0 <= index < len(self._texts):
                raise UnparsableError(f"The sheet refers to a text {quote(text)}, which the workbook lacks.")
            return self._texts[index] or None
        if self._kind in {"str", "inlineStr"}:
            return text
        if self._kind == "e":
            return Odd(text, f"the error {text[:20]}", "Mend the formula, or leave the cell empty.")
        if self._kind == "b":
            return Odd("TRUE" if text == "1" else "FALSE", "true or false", "Write a number or a text.")
        if self._kind == "d":
            found = _MIDNIGHT.fullmatch(text)
            return Day(found[1]) if found else Odd(text, "a moment within a day, no date", "Write the date alone.")
        return Odd(text, f"of the unknown kind {quote(self._kind)}")
