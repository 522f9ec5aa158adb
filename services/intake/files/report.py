"""What became of a file: its mapping, what no field took, and every row that was left out."""

from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Portfolio
from core.errors import Fault
from services.intake.faults import quote
from services.intake.fields import MAX_TEXT
from services.intake.files.mapping import Mapping, Unused
from services.intake.files.options import FileOptions
from services.intake.files.rejects import RowFaults
from services.intake.files.table import Table

_ROW_NUMBERS = "row numbers"
_MOST_UNUSED = 100


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a file.

    Parameters
    ----------
    mapping
        Field to title: what the caller may send back as the mapping, changed or not.
    rows, taken
        Rows below the header that are not blank; those that are positions now.
    rejected
        What is wrong with the rows that were left out, the first hundred faults.
    rejected_rows
        The rows that were left out, all of them.
    """

    format: str
    facts: Map[str, Any]
    mapping: Map[str, str]
    guessed: tuple[str, ...]
    fill: Map[str, str]
    unused: tuple[Unused, ...]
    rows: int
    taken: int
    rejected: tuple[Fault, ...] = field(default=())
    rejected_rows: frozenset[int] = frozenset()
    omitted: int = 0

    @classmethod
    def of(cls, table: Table, mapping: Mapping, options: FileOptions, faults: RowFaults) -> "Report":
        """Return the report of a file that was read."""
        rows = int(table.rows.size) + len(table.ragged)
        titled = {name: table.titles[at] or f"#{at + 1}" for name, at in mapping.columns.items()}
        return cls(
            format=options.format.value,
            facts={**table.facts, "decimal": options.style.value},
            mapping=titled,
            guessed=mapping.guessed,
            fill=options.fill,
            unused=mapping.unused,
            rows=rows,
            taken=rows - len(faults.rejected),
            rejected=tuple(faults.in_order),
            rejected_rows=frozenset(faults.rejected),
            omitted=faults.omitted,
        )

    def document(self) -> dict[str, Any]:
        """Return the report as JSON-safe values."""
        found: dict[str, Any] = {
            "format": self.format,
            **self.facts,
            "rows": self.rows,
            "taken": self.taken,
            "mapping": {name: _short(title) for name, title in self.mapping.items()},
            "guessed": list(self.guessed),
            "unused": [
                {"column": _short(each.column), "note": _short(each.note)} for each in self.unused[:_MOST_UNUSED]
            ],
            "rejected_count": len(self.rejected_rows),
            "rejected_rows": [_entry(fault) for fault in self.rejected],
        }
        if "id" not in self.mapping:
            found["ids_from"] = _ROW_NUMBERS
        if self.fill:
            found["fill"] = dict(self.fill)
        if len(self.unused) > _MOST_UNUSED:
            found["unused_not_listed"] = len(self.unused) - _MOST_UNUSED
        if self.omitted:
            found["rejected_rows_not_listed"] = self.omitted
        return found

    def within(self, rows: NDArray[np.int64]) -> "Report":
        """Return the report of one of several portfolios, given its rows of the file."""
        own = self.rejected_rows.intersection(rows.tolist()) if self.rejected_rows else self.rejected_rows
        return replace(
            self,
            rows=int(rows.size),
            taken=int(rows.size) - len(own),
            rejected=tuple(fault for fault in self.rejected if fault.row in own),
            rejected_rows=own,
            omitted=0,
        )

    def noted(self, portfolio: Portfolio) -> Portfolio:
        """Return a portfolio that carries the report, so that every result computed from it says so."""
        return replace(portfolio, notes=self.document())


def _short(text: str) -> str:
    """Return a text of the file, shortened and fit to be printed."""
    plain = text if text.isprintable() else quote(text)[1:-1]
    return plain if len(plain) <= MAX_TEXT else f"{plain[:MAX_TEXT]}…"


def _entry(fault: Fault) -> dict[str, Any]:
    return {
        "row": fault.row,
        "column": None if fault.column is None else _short(fault.column),
        "value": fault.value,
        "detail": fault.detail,
        "remedy": fault.remedy,
    }
