"""What is wrong with a file's rows, each with its row, column and value; and which rows these are, however many."""

import re
from collections.abc import Callable

from core.errors import Fault
from services.intake.faults import MAX_FAULTS, Faults, quote

POSITIONS = "/positions"
PLACE = re.compile(rf"{POSITIONS}/(\d+)/([a-z_]+)")
_SHOWN = 40
Locate = Callable[[int, str], tuple[int, str, str]]
"""Index of a position and name of a field → row of the file, title of the column, the cell."""


class RowFaults(Faults):
    """Faults of a file: those of positions are placed by row and column, the others by pointer."""

    def __init__(self) -> None:
        super().__init__()
        self.rejected: dict[int, None] = {}
        self.others = 0
        self._locate: Locate | None = None

    def within(self, locate: Locate) -> "RowFaults":
        """Return itself, placing what comes by a portfolio's own rows."""
        self._locate = locate
        return self

    @property
    def in_order(self) -> list[Fault]:
        """The faults, those of the whole file first, the others by row."""
        return sorted(self.items, key=lambda fault: fault.row or 0)

    def settle(self) -> None:
        """Raise InvalidInputError if there is any fault."""
        self.items = self.in_order
        super().settle()

    def forget_others(self) -> None:
        """Forget what was wrong beside the rows: it is judged anew without them."""
        self.items = [fault for fault in self.items if fault.row in self.rejected]
        self.others = 0

    def add(
        self, pointer: str, detail: str, *, remedy: str = "", row: int | None = None, column: str | None = None
    ) -> None:
        """Record a fault; one of a position's field as the fault of its cell."""
        place = PLACE.fullmatch(pointer)
        if place is None or self._locate is None:
            self.others += 1
            super().add(pointer, detail, remedy=remedy, row=row, column=column)
        else:
            at, title, cell = self._locate(int(place[1]), place[2])
            self.reject(at, title, cell, detail, remedy)

    def reject(self, row: int, column: str | None, value: str | None, detail: str, remedy: str = "") -> None:
        """Record what is wrong with a cell, or with a whole row."""
        self.rejected[row] = None
        if len(self.items) >= MAX_FAULTS:
            self.omitted += 1
            return
        shown = None if value is None else quote(value)[1:-1]
        self.items.append(Fault(detail=detail, remedy=remedy, row=row, column=column, value=shown))
