"""Positions of two portfolios side by side: the same position, the same instrument, or new."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.analysis.bridge.fields import INSTRUMENT
from compute.portfolio import Portfolio

Rows = NDArray[np.int64]
Column = NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Where each position of one portfolio finds its instrument in another.

    Parameters
    ----------
    rows
        Shape (n,), the row in the other portfolio, -1 for none.
    by_id
        How many are the position of the same id, and still in the same instrument.
    by_instrument
        How many are another position in the same instrument, the first there is.
    """

    rows: Rows
    by_id: int
    by_instrument: int

    @property
    def new(self) -> int:
        """How many find none."""
        return int(self.rows.size) - self.by_id - self.by_instrument


def values(portfolio: Portfolio, name: str) -> Column:
    """Return a column as plain values, None where a position has none, shape (n,)."""
    found = np.full(len(portfolio), None, dtype=object)
    if name in portfolio.labels:
        found[:] = portfolio.labels[name].texts()
    elif name in portfolio.numbers:
        column = portfolio.numbers[name]
        there = ~np.isnan(column)
        found[there] = column[there].tolist()
    return found


def matches(portfolio: Portfolio, other: Portfolio) -> Matches:
    """Return for each position its counterpart: by id where the instrument is the same, else by instrument."""
    own, theirs = _instruments(portfolio), _instruments(other)
    row_of = {each: row for row, each in enumerate(other.ids)}
    first: dict[tuple[object, ...], int] = {}
    for row, instrument in enumerate(theirs):
        first.setdefault(instrument, row)
    rows, by_id = np.full(len(portfolio), -1, dtype=np.int64), 0
    for place, (each, instrument) in enumerate(zip(portfolio.ids, own, strict=True)):
        row = row_of.get(each, -1)
        if row >= 0 and theirs[row] == instrument:
            by_id += 1
            rows[place] = row
        else:
            rows[place] = first.get(instrument, -1)
    return Matches(rows=rows, by_id=by_id, by_instrument=int((rows >= 0).sum()) - by_id)


def _instruments(portfolio: Portfolio) -> list[tuple[object, ...]]:
    return list(zip(*(values(portfolio, name).tolist() for name in INSTRUMENT), strict=True))
