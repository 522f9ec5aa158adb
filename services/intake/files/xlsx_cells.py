"""Cells of a worksheet as columns: numbers, texts, days, and what is none of them by the cell's name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Floats, Labels
from services.intake.files.numerals import Decimal
from services.intake.files.table import Bad, distinct, read_number


@dataclass(frozen=True)
class Day:
    """A cell whose number is shown as a date."""

    text: str


@dataclass(frozen=True)
class Odd:
    """A cell that holds nothing of use, and what it shows."""

    shown: str
    word: str
    remedy: str = ""


Cell = float | str | Day | Odd | None


@dataclass(frozen=True, kw_only=True)
class CellColumn:
    """A column of a worksheet, under its letters."""

    letters: str
    rows: NDArray[np.int64]
    cells: Sequence[Cell]

    def labels(self) -> tuple[Labels, list[Bad]]:
        """Return its texts: whole numbers and days as such."""
        texts, bad = self.texts()
        return Labels.of(text or None for text in texts), bad

    def texts(self) -> tuple[list[str], list[Bad]]:
        """Return its texts, one by one."""
        found, bad = [], []
        for index, cell in enumerate(self.cells):
            text = _text(cell)
            if text is None:
                word = cell.word if isinstance(cell, Odd) else "a number with decimals, no text"
                remedy = cell.remedy if isinstance(cell, Odd) else "Write it as a text."
                bad.append(self._bad(index, word, remedy))
            found.append(text or "")
        return found, bad

    def numbers(self, style: Decimal) -> tuple[Floats, list[Bad]]:
        """Return its numbers; those written as texts as well."""
        out = np.full(len(self.cells), np.nan)
        bad = []
        for index, cell in enumerate(self.cells):
            if isinstance(cell, float):
                out[index] = cell + 0.0  # -0.0 is 0.0
            elif isinstance(cell, str):
                wrong, out[index] = read_number(cell, style)
                if wrong is not None:
                    bad.append(Bad(index=index, detail=f"{self.name(index)}: {wrong[0]}", remedy=wrong[1]))
            elif isinstance(cell, Day):
                bad.append(self._bad(index, "a date, no number", "Format the cell as a number, if it is one."))
            elif cell is not None:
                bad.append(self._bad(index, cell.word, cell.remedy))
        return out, bad

    def shown(self, index: int) -> str:
        """Return a cell."""
        cell = self.cells[index]
        if isinstance(cell, Odd):
            return cell.shown
        if isinstance(cell, float):
            return f"{cell:.15g}"
        return cell.text if isinstance(cell, Day) else cell or ""

    def sample(self) -> list[str]:
        """Return the distinct texts of the first rows."""
        return distinct([self.shown(index) for index in range(min(1_000, len(self.cells)))])

    def name(self, index: int) -> str:
        """Return a cell's name, such as B7."""
        return f"{self.letters}{self.rows[index]}"

    def _bad(self, index: int, word: str, remedy: str) -> Bad:
        return Bad(index=index, detail=f"The cell {self.name(index)} is {word}.", remedy=remedy)


def _text(cell: Cell) -> str | None:
    """Return a cell as a text, empty for a blank one, None for what is no text."""
    if isinstance(cell, float):
        return str(int(cell)) if cell % 1 == 0 else None
    if isinstance(cell, Odd):
        return None
    return cell.text if isinstance(cell, Day) else (cell or "").strip()
