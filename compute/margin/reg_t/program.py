"""A mixed-integer program assembled term by term, and its two exact solutions.

Blocks share no variable, so that the relaxation of all of them is solved at once: a block whose relaxation is whole is
solved by it, each of the others by branch and bound on its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from compute.errors import NonFiniteError
from compute.portfolio import Floats

WHOLE = 1e-6
SLACK = 1e-9
"""The share of the best cost that the second objective may give up: rounding of the solver, not money."""

Terms = Sequence[tuple[int, float]]


@dataclass
class Program:
    """Variables with two costs (the first is minimised, the second among its minima) and rows of bounded sums."""

    first: list[float] = field(default_factory=list)
    second: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[Terms, float, float]] = field(default_factory=list)

    def variable(
        self,
        cost: float = 0.0,
        second: float = 0.0,
        *,
        lower: float = 0.0,
        upper: float = np.inf,
        whole: bool = True,
    ) -> int:
        """Add a variable; return its index."""
        self.first.append(cost)
        self.second.append(second)
        self.lower.append(lower)
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.first) - 1

    def row(self, terms: Terms, lower: float, upper: float) -> None:
        """Bound a sum of variables."""
        self.rows.append((terms, lower, upper))

    def solve(self) -> Floats:
        """Return the best whole solution under the first cost alone."""
        return solve_all([self])[0]


def solve_all(programs: Sequence[Program]) -> list[Floats]:
    """Return each program's optimum under the first cost."""
    found = _relaxed(programs)
    return [
        np.where(program.whole, np.round(values), values)
        if _is_whole(program, values)
        else _solve([program], whole=True)[0]
        for program, values in zip(programs, found, strict=True)
    ]


def refine_all(programs: Sequence[Program], optima: Sequence[Floats]) -> list[Floats]:
    """Return, among the optima under the first cost, those that are least under the second."""
    refined = []
    for program, values in zip(programs, optima, strict=True):
        best = float(np.dot(program.first, values))
        terms = [(index, cost) for index, cost in enumerate(program.first) if cost]
        slack = SLACK * float(np.dot(np.abs(program.first), np.abs(values))) + SLACK
        rows = [*program.rows, (terms, -np.inf, best + slack)]
        refined.append(
            Program(first=program.second, lower=program.lower, upper=program.upper, whole=program.whole, rows=rows)
        )
    return solve_all(refined)


def _is_whole(program: Program, values: Floats) -> bool:
    chosen = values[np.array(program.whole, dtype=np.bool_)]
    return bool(np.all(np.abs(chosen - np.round(chosen)) <= WHOLE))


def _relaxed(programs: Sequence[Program]) -> list[Floats]:
    return _solve(programs, whole=False)


def _solve(programs: Sequence[Program], *, whole: bool) -> list[Floats]:
    sizes = [len(program.first) for program in programs]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    if not starts[-1]:
        return [np.empty(0) for _ in programs]
    integral = np.concatenate([np.array(program.whole, dtype=np.int64) for program in programs])
    answer = milp(
        np.concatenate([program.first for program in programs]),
        integrality=integral if whole else np.zeros_like(integral),
        bounds=Bounds(
            np.concatenate([program.lower for program in programs]),
            np.concatenate([program.upper for program in programs]),
        ),
        constraints=_constraints(programs, starts),
        options={"mip_rel_gap": 0.0},
    )
    if answer.x is None or answer.status != 0:
        raise NonFiniteError(f"The pairing has no proven optimum: {answer.message}")
    return [answer.x[start:stop] for start, stop in pairwise(starts.tolist())]


def _constraints(programs: Sequence[Program], starts: NDArray[np.int64]) -> list[LinearConstraint]:
    columns: list[int] = []
    factors: list[float] = []
    ends = [0]
    lower: list[float] = []
    upper: list[float] = []
    for program, start in zip(programs, starts.tolist(), strict=False):
        for terms, low, high in program.rows:
            columns += [start + index for index, _ in terms]
            factors += [factor for _, factor in terms]
            ends.append(len(columns))
            lower.append(low)
            upper.append(high)
    if not lower:
        return []
    matrix = csr_array((factors, columns, ends), shape=(len(lower), int(starts[-1])))
    return [LinearConstraint(matrix, np.array(lower), np.array(upper))]
