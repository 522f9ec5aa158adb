"""A bounded dual simplex on a dense tableau, kept so that the next program differs from the last by its bounds alone.

Basic variables are written in the nonbasic ones, basic = T nonbasic, so a change of bounds leaves the tableau as it is:
every node of a search starts from the basis of the one before, which stays dual feasible. Every variable with a
negative cost must have an upper bound; it starts there, and no first phase is needed.

Column 0 belongs to a variable that is always one: columns that a search has fixed for good are added to it and dropped.
"""

from typing import Any, NamedTuple

import numpy as np

from compute.jit import njit

OPTIMAL, INFEASIBLE, GIVEN_UP = 0, 1, 2
FEASIBLE = 1e-8
DOUBTFUL = 1e-6
"""What a row must be out of its bounds, beyond all rounding, for a program to count as infeasible."""
DRIFT = 1e-8
"""How far the tableau may be off the rows that it stands for, in their own size, before the search gives up."""
PIVOT = 1e-7
TIE = 1e-12
CONSTANT = 0


class Tableau(NamedTuple):
    """The state of the simplex; variables are x (n), the rows (m), room for cuts, and the constant.

    Parameters
    ----------
    value, lows, highs
        Shape (variables,).
    basic, nonbasic
        Variables of the tableau's rows and columns.
    factors
        Shape (rows, columns): T.
    reduced, upper
        Shape (columns,): reduced costs, and whether a nonbasic variable is at its upper bound.
    norms
        Shape (rows,): one and the squares of a row's factors, by which infeasibilities are compared (steepest edge).
    ratios
        Shape (columns,): room for the ratio test.
    size
        Rows and columns in use.
    """

    value: Any
    lows: Any
    highs: Any
    basic: Any
    nonbasic: Any
    factors: Any
    reduced: Any
    upper: Any
    norms: Any
    ratios: Any
    size: Any


@njit()
def begin(cost: Any, matrix: Any, lows: Any, highs: Any, room: Any) -> Any:
    """Return the tableau of a program in which all rows are basic, with room for more rows."""
    m, n = matrix.shape
    most = m + room
    factors = np.zeros((most, n + 1))
    factors[:m, 1:] = matrix
    reduced = np.zeros(n + 1)
    reduced[1:] = cost
    nonbasic = np.arange(-1, n)
    nonbasic[CONSTANT] = n + most
    bottoms, tops = np.ones(n + most + 1), np.ones(n + most + 1)
    bottoms[: n + m], tops[: n + m] = lows, highs
    norms = np.ones(most)
    for i in range(m):
        norms[i] += np.sum(matrix[i] ** 2)
    return Tableau(
        np.ones(n + most + 1), bottoms, tops, np.arange(n, n + most), nonbasic, factors, reduced,
        np.zeros(n + 1, dtype=np.bool_), norms, np.zeros(n + 1), np.array([m, n + 1]),
    )  # fmt: skip


@njit()
def copied(t: Any) -> Any:
    """Return a tableau to work on while this one stays as it is."""
    return Tableau(
        t.value.copy(), t.lows.copy(), t.highs.copy(), t.basic.copy(), t.nonbasic.copy(), t.factors.copy(),
        t.reduced.copy(), t.upper.copy(), t.norms.copy(), t.ratios.copy(), t.size.copy(),
    )  # fmt: skip


@njit(fastmath={"reassoc", "contract"})
def _dot(one: Any, other: Any) -> Any:
    total = 0.0
    for j in range(one.size):
        total += one[j] * other[j]
    return total


@njit()
def place(t: Any) -> None:
    """Put every nonbasic variable at the bound that its reduced cost asks for; the basic ones follow."""
    rows, columns = t.size
    for j in range(columns):
        k = t.nonbasic[j]
        t.upper[j] = (t.reduced[j] < 0.0 and t.highs[k] < np.inf) or t.lows[k] == -np.inf
        t.value[k] = t.highs[k] if t.upper[j] else t.lows[k]
        t.ratios[j] = t.value[k]
    for i in range(rows):
        t.value[t.basic[i]] = _dot(t.factors[i, :columns], t.ratios[:columns])


@njit()
def _leaving(t: Any) -> Any:
    """Return the row that is furthest out of its bounds for the length of its dual step, -1 where none is."""
    row, worst = -1, 0.0
    for i in range(t.size[0]):
        k = t.basic[i]
        value = t.value[k]
        out = max(t.lows[k] - value, value - t.highs[k])
        if out > FEASIBLE * max(1.0, abs(value)) and out * out > worst * t.norms[i]:
            row, worst = i, out * out / t.norms[i]
    return row


@njit()
def _entering(t: Any, row: Any, rises: Any, out: Any) -> Any:
    """Return the column to enter, -1 for none, and how far out the row still is.

    The long step: a column whose reduced cost is used up while its whole range does not mend the row goes to its other
    bound; of equal ratios the largest pivot enters.
    """
    columns = t.size[1]
    for j in range(columns):
        k = t.nonbasic[j]
        pivot = t.factors[row, j] if rises else -t.factors[row, j]
        possible = t.lows[k] < t.highs[k] and (pivot < -PIVOT if t.upper[j] else pivot > PIVOT)
        t.ratios[j] = abs(t.reduced[j] / pivot) if possible else np.inf
    while True:
        column, least, size = -1, np.inf, 0.0
        for j in range(columns):
            ratio = t.ratios[j]
            if ratio < least - TIE or (ratio <= least + TIE and abs(t.factors[row, j]) > size and ratio < np.inf):
                column, least, size = j, min(ratio, least), abs(t.factors[row, j])
        if column < 0:
            return -1, out
        k = t.nonbasic[column]
        out_after = out - size * (t.highs[k] - t.lows[k])
        if out_after <= FEASIBLE:
            return column, out
        out = out_after
        t.ratios[column] = np.inf
        _flip(t, column)


@njit()
def _flip(t: Any, column: Any) -> None:
    k = t.nonbasic[column]
    step = t.lows[k] - t.highs[k] if t.upper[column] else t.highs[k] - t.lows[k]
    t.upper[column] = not t.upper[column]
    _move(t, column, step)


@njit()
def _move(t: Any, column: Any, step: Any) -> None:
    for i in range(t.size[0]):
        t.value[t.basic[i]] += t.factors[i, column] * step
    t.value[t.nonbasic[column]] += step


@njit(fastmath={"reassoc", "contract"})
def _add(target: Any, source: Any, factor: Any) -> Any:
    """Add a multiple of a row to another; return the squares of the sum, without the constant's."""
    target[CONSTANT] += factor * source[CONSTANT]
    total = 0.0
    for j in range(1, target.size):
        value = target[j] + factor * source[j]
        target[j] = value
        total += value * value
    return total


@njit()
def _exchange(t: Any, row: Any, column: Any) -> None:
    """Write the entering variable in the leaving one."""
    rows, columns = t.size
    pivot = t.factors[row, :columns]
    inverse = 1.0 / pivot[column]
    pivot *= -inverse
    pivot[column] = inverse
    t.norms[row] = 1.0 + np.sum(pivot[1:] ** 2)
    for i in range(rows):
        factor = t.factors[i, column]
        if i != row and factor != 0.0:
            t.factors[i, column] = 0.0
            t.norms[i] = 1.0 + _add(t.factors[i, :columns], pivot, factor)
    factor = t.reduced[column]
    t.reduced[column] = 0.0
    _add(t.reduced[:columns], pivot, factor)
    t.basic[row], t.nonbasic[column] = t.nonbasic[column], t.basic[row]


@njit()
def dual(t: Any, most: Any) -> Any:
    """Restore feasibility after a change of bounds; return (status, pivots)."""
    place(t)
    for pivots in range(most):
        row = _leaving(t)
        if row < 0:
            return OPTIMAL, pivots
        leaves = t.basic[row]
        rises = t.value[leaves] < t.lows[leaves]
        bound = t.lows[leaves] if rises else t.highs[leaves]
        column, out = _entering(t, row, rises, abs(bound - t.value[leaves]))
        if column < 0:
            return (INFEASIBLE if out > DOUBTFUL * max(1.0, abs(bound)) else GIVEN_UP), pivots
        _move(t, column, (bound - t.value[leaves]) / t.factors[row, column])
        t.value[leaves] = bound
        t.upper[column] = not rises
        _exchange(t, row, column)
    return GIVEN_UP, most


@njit()
def drop(t: Any, bottoms: Any, tops: Any) -> None:
    """Add the nonbasic columns that bounds fix for good to the constant, and drop them."""
    rows = t.size[0]
    n = bottoms.size
    for j in range(t.size[1] - 1, CONSTANT, -1):
        k = t.nonbasic[j]
        if k >= n or bottoms[k] < tops[k]:
            continue
        last = t.size[1] - 1
        t.value[k] = bottoms[k]
        for i in range(rows):
            factor = t.factors[i, j]
            t.factors[i, CONSTANT] += factor * bottoms[k]
            t.norms[i] -= factor * factor
            t.factors[i, j] = t.factors[i, last]
        t.reduced[CONSTANT] += t.reduced[j] * bottoms[k]
        t.reduced[j], t.nonbasic[j], t.upper[j] = t.reduced[last], t.nonbasic[last], t.upper[last]
        t.size[1] = last


@njit()
def drifted(t: Any, matrix: Any) -> Any:
    """Say whether the rows are no longer what the matrix makes of x."""
    m, n = matrix.shape
    for i in range(m):
        total, size = 0.0, 1.0
        for j in range(n):
            term = matrix[i, j] * t.value[j]
            total += term
            size += abs(term)
        if abs(total - t.value[n + i]) > DRIFT * size:
            return True
    return False
