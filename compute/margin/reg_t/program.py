"""A mixed-integer program assembled term by term, and its exact solution.

Small programs are solved by our own branch and bound (`branch`); one that exceeds its budget goes to HiGHS, whose
optimum is proven as well: the budget decides about speed, never about the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from compute.errors import NonFiniteError
from compute.margin.reg_t.branch import OPTIMAL, branch_and_bound
from compute.portfolio import Floats

SLACK = 1e-9
"""The share of the best cost that the second objective may give up: rounding of the solver, not money."""
BUDGET = 2e8
"""Multiplications of our own search before HiGHS takes over."""
ROUNDS = 20
"""Rounds of cuts before the search."""
FRACTION = 1e-11
"""What a factor may be off a whole number by its own rounding."""
EXACT = 1e-6
"""How far a solution may break a row, in the row's own units, before HiGHS is asked instead."""

Terms = Sequence[tuple[int, float]]


@dataclass
class Program:
    """Variables with two costs (the first is minimised, the second among its minima) and rows of bounded sums.

    `defined` names, for a variable that follows from others, the equality that it follows from.
    """

    first: list[float] = field(default_factory=list)
    second: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[Terms, float, float]] = field(default_factory=list)
    defined: dict[int, int] = field(default_factory=dict)

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

    def row(self, terms: Terms, lower: float, upper: float, *, defines: int | None = None) -> None:
        """Bound a sum of variables; an equality may define one of them, with a factor of 1 or -1."""
        if defines is not None:
            self.defined[defines] = len(self.rows)
        self.rows.append((terms, lower, upper))


@dataclass(frozen=True, kw_only=True)
class Dense:
    """A program in its free variables alone.

    Parameters
    ----------
    free
        Shape (n,): indices of the free variables.
    factors, constants
        Shapes (variables, n) and (variables,): every variable = factors x + constants.
    matrix, lows, highs
        Shape (m, n), (n + m,), (n + m,): bounds of x, then of matrix x.
    """

    free: NDArray[np.int64]
    factors: Floats
    constants: Floats
    matrix: Floats
    lows: Floats
    highs: Floats


def solve(program: Program) -> Floats:
    """Return the optimum under the first cost, shape (variables,)."""
    return _optimum(program, np.array(program.first))


def refine(program: Program, optimum: Floats) -> Floats:
    """Return, among the optima under the first cost, one that is least under the second."""
    first, second = np.array(program.first), np.array(program.second)
    slack = SLACK * float(np.abs(first) @ np.abs(optimum)) + SLACK
    terms = [(index, cost) for index, cost in enumerate(program.first) if cost]
    rows = [*program.rows, (terms, -np.inf, float(first @ optimum) + slack)]
    return _optimum(
        Program(
            first=program.second,
            lower=program.lower,
            upper=program.upper,
            whole=program.whole,
            rows=rows,
            defined=program.defined,
        ),
        second,
    )


def _optimum(program: Program, cost: Floats) -> Floats:
    if not cost.size:
        return cost
    dense = condense(program)
    whole = np.array(program.whole, dtype=np.bool_)[dense.free]
    status, values = branch_and_bound(
        cost @ dense.factors, dense.matrix, dense.lows, dense.highs, _whole(dense, whole), ROUNDS, BUDGET
    )
    values = np.where(whole, np.round(values), values)
    if status == OPTIMAL and _holds(dense, values):
        return np.asarray(dense.factors @ values + dense.constants)
    return highs(program, cost)


def _whole(dense: Dense, whole: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which variables are whole, and which rows are where those are: shape (n + m,)."""
    bounds = np.concatenate([dense.lows[whole.size :, None], dense.highs[whole.size :, None]], axis=1)
    bounds = np.where(np.isfinite(bounds), bounds, 0.0)
    fractional = np.abs(dense.matrix - np.round(dense.matrix)) > FRACTION
    rows = ~(fractional | ((dense.matrix != 0.0) & ~whole)).any(axis=1)
    return np.concatenate([whole, rows & (np.abs(bounds - np.round(bounds)) <= FRACTION).all(axis=1)])


def _holds(dense: Dense, values: Floats) -> bool:
    activity = np.concatenate([values, dense.matrix @ values])
    size = np.concatenate([np.ones(values.size), np.abs(dense.matrix).sum(axis=1) + 1.0])
    return bool(np.all(activity >= dense.lows - EXACT * size) and np.all(activity <= dense.highs + EXACT * size))


def condense(program: Program) -> Dense:
    """Return the program without the variables that follow from others."""
    count = len(program.first)
    free = [index for index in range(count) if index not in program.defined]
    factors, constants = np.zeros((count, len(free))), np.zeros(count)
    factors[free, np.arange(len(free))] = 1.0
    known = np.ones(count, dtype=np.bool_)
    known[list(program.defined)] = False
    for index in program.defined:
        _define(program, index, factors, constants, known)
    matrix, lows, highs = _bounded_rows(program, factors, constants)
    return Dense(
        free=np.array(free, dtype=np.int64),
        factors=factors,
        constants=constants,
        matrix=matrix,
        lows=np.concatenate([np.array(program.lower)[free], lows]),
        highs=np.concatenate([np.array(program.upper)[free], highs]),
    )


def _define(program: Program, index: int, factors: Floats, constants: Floats, known: NDArray[np.bool_]) -> None:
    """Write a variable in the free ones, after those that it follows from."""
    waiting = [index]
    while waiting:
        here = waiting[-1]
        terms, total, _ = program.rows[program.defined[here]]
        missing = [other for other, _ in terms if other != here and not known[other]]
        if missing and not known[here]:
            waiting += missing
            continue
        waiting.pop()
        if known[here]:
            continue
        own = next(factor for other, factor in terms if other == here)
        others = [(other, factor) for other, factor in terms if other != here]
        which = [other for other, _ in others]
        weights = np.array([factor for _, factor in others])
        factors[here] = -(weights @ factors[which]) / own if others else 0.0
        constants[here] = (total - (weights @ constants[which] if others else 0.0)) / own
        known[here] = True


def _bounded_rows(program: Program, factors: Floats, constants: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the rows that are left: bounds of the defined variables, and rows that define none."""
    lower, upper = np.array(program.lower), np.array(program.upper)
    bounded = [index for index in program.defined if np.isfinite(lower[index]) or np.isfinite(upper[index])]
    matrix = [factors[bounded]]
    lows = [lower[bounded] - constants[bounded]]
    highs = [upper[bounded] - constants[bounded]]
    defining = set(program.defined.values())
    for place, (terms, low, high) in enumerate(program.rows):
        if place not in defining:
            which, weights = [index for index, _ in terms], np.array([factor for _, factor in terms])
            constant = float(weights @ constants[which])
            matrix.append((weights @ factors[which])[None, :])
            lows.append(np.array([low - constant]))
            highs.append(np.array([high - constant]))
    return np.concatenate(matrix), np.concatenate(lows), np.concatenate(highs)


def highs(program: Program, cost: Floats) -> Floats:
    """Return the optimum under a cost as HiGHS finds it; raise NonFiniteError where it proves none."""
    whole = np.array(program.whole, dtype=np.bool_)
    columns = [index for terms, _, _ in program.rows for index, _ in terms]
    factors = [factor for terms, _, _ in program.rows for _, factor in terms]
    ends = np.concatenate([[0], np.cumsum([len(terms) for terms, _, _ in program.rows])])
    matrix = csr_array((factors, columns, ends), shape=(len(program.rows), cost.size))
    lower, upper = (np.array([row[side] for row in program.rows]) for side in (1, 2))
    answer = milp(
        cost,
        integrality=whole.astype(np.int64),
        bounds=Bounds(np.array(program.lower), np.array(program.upper)),
        constraints=[LinearConstraint(matrix, lower, upper)],
        options={"mip_rel_gap": 0.0},
    )
    if answer.x is None or answer.status != 0:
        raise NonFiniteError(f"The pairing has no proven optimum: {answer.message}")
    return np.asarray(np.where(whole, np.round(answer.x), answer.x))
