"""A whole-numbered program assembled column by column, then row by row."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from compute.margin.reg_t.branch import branch_and_bound
from compute.margin.reg_t.diving import ROUNDING as EQUAL
from compute.margin.reg_t.simplex import GIVEN_UP, OPTIMAL
from compute.portfolio import Floats

ROUNDS = 6
"""Rounds of cuts before the search."""
EXACT = 1e-4
"""How far a solution in whole numbers may break a row whose factors are none, before it is refused."""
ROUNDING = 1e-12
FRACTION = 1e-11
"""What a factor may be off a whole number by its own rounding."""

Column = int


@dataclass
class Columns:
    """Variables from zero to `upper`, each with two costs; `whole` where they must be whole numbers."""

    first: list[float] = field(default_factory=list)
    second: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    free: list[bool] = field(default_factory=list)

    def add(self, first: float, second: float, upper: float, *, whole: bool = True, free: bool = True) -> Column:
        """Add a variable; return its column."""
        self.first.append(first)
        self.second.append(second)
        self.upper.append(upper)
        self.whole.append(whole)
        self.free.append(free)
        return len(self.first) - 1

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, kw_only=True)
class Program:
    """Minimise first x, among its minima second x, with bounds on x and on matrix x; x = 0 is allowed.

    Parameters
    ----------
    first, second
        Shape (n,).
    matrix
        Shape (m, n).
    lows, highs, whole
        Shape (n + m,): of x, then of matrix x.
    """

    first: Floats
    second: Floats
    matrix: Floats
    lows: Floats
    highs: Floats
    whole: NDArray[np.bool_]
    free: NDArray[np.bool_]


Row = tuple[Floats, float, float]
"""Factors of all columns, lower and upper bound."""


def assemble(columns: Columns, rows: Iterable[Row]) -> Program:
    """Return the program of columns and rows; a row of one column becomes its bound."""
    upper = np.array(columns.upper)
    several = []
    for row, low, high in rows:
        held = np.flatnonzero(row)
        if held.size > 1:
            several.append((row, low, high))
        elif held.size:
            most = (high if row[held[0]] > 0.0 else low) / row[held[0]]
            upper[held[0]] = min(upper[held[0]], np.floor(most + FRACTION * max(1.0, abs(most))))
    matrix = np.array([row for row, _, _ in several]).reshape(len(several), len(columns))
    whole = np.array(columns.whole, dtype=np.bool_)
    fractional = (np.abs(matrix - np.round(matrix)) > FRACTION) | ((matrix != 0.0) & ~whole)
    return Program(
        first=np.array(columns.first),
        second=np.array(columns.second),
        matrix=matrix,
        lows=np.concatenate([np.zeros(len(columns)), [low for _, low, _ in several]]),
        highs=np.concatenate([upper, [high for _, _, high in several]]),
        free=np.array(columns.free, dtype=np.bool_),
        whole=np.concatenate([whole, ~fractional.any(axis=1)]),
    )


@dataclass(frozen=True, kw_only=True)
class Solution:
    """The best x found, its first cost, the bound that is proven, whether x is, and the multiplications spent."""

    values: Floats
    cost: float
    bound: float
    optimal: bool
    spent: float


def solve(program: Program, budget: float) -> Solution:
    """Search for the optimum with a budget of multiplications."""
    n = program.first.size
    if not n:
        return Solution(values=np.zeros(0), cost=0.0, bound=0.0, optimal=True, spent=0.0)
    bounds = program.lows, program.highs
    which = program.whole, program.free
    status, values, bound, spent = branch_and_bound(
        program.first, program.second, program.matrix, *bounds, *which, ROUNDS, budget
    )
    values = np.where(program.whole[:n], np.round(values), values)
    if not holds(program, values):
        status, values = GIVEN_UP, np.zeros(n)
    cost = float(program.first @ values)
    closed = cost - bound <= EQUAL * max(1.0, abs(cost))
    return Solution(values=values, cost=cost, bound=min(bound, cost), optimal=status == OPTIMAL or closed, spent=spent)


def holds(program: Program, values: Floats) -> bool:
    """Say whether x keeps all bounds but for rounding."""
    activity = np.concatenate([values, program.matrix @ values])
    size = EXACT + ROUNDING * np.concatenate([values, np.abs(program.matrix) @ np.abs(values)])
    return bool(np.all(activity >= program.lows - size) and np.all(activity <= program.highs + size))
