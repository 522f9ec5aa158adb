"""Branch and bound over a bounded dual simplex on a dense tableau: small programs in well under a millisecond.

Basic variables are written in the nonbasic ones, basic = T nonbasic, so that a change of bounds leaves the tableau as
it is: every node of the search starts from the basis of the one before, which stays dual feasible. Every variable with
a negative cost must have an upper bound; it starts there, and the search needs no first phase.
"""

from typing import Any

import numpy as np

from compute.jit import njit

OPTIMAL, INFEASIBLE, GIVEN_UP = 0, 1, 2
FEASIBLE = 1e-9
PIVOT = 1e-9
WHOLE = 1e-7
BETTER = 1e-7
OPEN_NODES = 512


@njit()
def _place(
    value: Any, upper: Any, basic: Any, nonbasic: Any, lows: Any, highs: Any, tableau: Any, reduced: Any
) -> None:
    """Put every nonbasic variable at the bound that its reduced cost asks for; the basic ones follow."""
    for j in range(nonbasic.size):
        k = nonbasic[j]
        upper[j] = (reduced[j] < 0.0 and highs[k] < np.inf) or lows[k] == -np.inf
        value[k] = highs[k] if upper[j] else lows[k]
    for i in range(basic.size):
        total = 0.0
        for j in range(nonbasic.size):
            total += tableau[i, j] * value[nonbasic[j]]
        value[basic[i]] = total


@njit()
def _leaving(value: Any, basic: Any, lows: Any, highs: Any) -> Any:
    """Return the row that is furthest out of its bounds, -1 where none is."""
    row, worst = -1, FEASIBLE
    for i in range(basic.size):
        k = basic[i]
        out = max(lows[k] - value[k], value[k] - highs[k]) / max(1.0, abs(value[k]))
        if out > worst:
            row, worst = i, out
    return row


@njit()
def _entering(
    row: Any, rises: Any, upper: Any, nonbasic: Any, lows: Any, highs: Any, tableau: Any, reduced: Any
) -> Any:
    """Return the column whose reduced cost is used up first, of equals the largest pivot; -1 for none."""
    column, least, size = -1, np.inf, 0.0
    for j in range(nonbasic.size):
        k = nonbasic[j]
        pivot = tableau[row, j] if rises else -tableau[row, j]
        if lows[k] == highs[k] or (pivot < PIVOT if not upper[j] else pivot > -PIVOT):
            continue
        ratio = abs(reduced[j]) / abs(pivot)
        if ratio < least - 1e-12 or (ratio <= least + 1e-12 and abs(pivot) > size):
            column, least, size = j, min(ratio, least), abs(pivot)
    return column


@njit()
def _exchange(row: Any, column: Any, tableau: Any, reduced: Any) -> None:
    """Write the entering variable in the leaving one."""
    rows, columns = tableau.shape
    inverse = 1.0 / tableau[row, column]
    for j in range(columns):
        tableau[row, j] *= -inverse
    tableau[row, column] = inverse
    for i in range(rows):
        factor = tableau[i, column]
        if i != row and factor != 0.0:
            tableau[i, column] = 0.0
            for j in range(columns):
                tableau[i, j] += factor * tableau[row, j]
    factor = reduced[column]
    reduced[column] = 0.0
    for j in range(columns):
        reduced[j] += factor * tableau[row, j]


@njit()
def _dual(
    value: Any, upper: Any, basic: Any, nonbasic: Any, lows: Any, highs: Any, tableau: Any, reduced: Any, most: Any
) -> Any:
    """Restore feasibility; return (status, pivots)."""
    _place(value, upper, basic, nonbasic, lows, highs, tableau, reduced)
    for pivots in range(most):
        row = _leaving(value, basic, lows, highs)
        if row < 0:
            return OPTIMAL, pivots
        leaves = basic[row]
        rises = value[leaves] < lows[leaves]
        column = _entering(row, rises, upper, nonbasic, lows, highs, tableau, reduced)
        if column < 0:
            return INFEASIBLE, pivots
        bound = lows[leaves] if rises else highs[leaves]
        step = (bound - value[leaves]) / tableau[row, column]
        for i in range(basic.size):
            value[basic[i]] += tableau[i, column] * step
        value[nonbasic[column]] += step
        value[leaves] = bound
        upper[column] = not rises
        basic[row], nonbasic[column] = nonbasic[column], leaves
        _exchange(row, column, tableau, reduced)
    return GIVEN_UP, most


@njit()
def _fraction(value: Any, whole: Any) -> Any:
    """Return the variable that is furthest from whole, -1 where all are."""
    found, worst = -1, WHOLE
    for k in range(whole.size):
        if whole[k]:
            distance = abs(value[k] - np.round(value[k]))
            if distance > worst:
                found, worst = k, distance
    return found


@njit()
def branch_and_bound(cost: Any, matrix: Any, lows: Any, highs: Any, whole: Any, budget: Any) -> Any:
    """Minimise cost x with some x whole and bounds on x and on matrix x.

    Parameters
    ----------
    cost
        Shape (n,); negative only where the upper bound is finite.
    matrix
        Shape (m, n).
    lows, highs
        Shape (n + m,): bounds of x, then of matrix x; infinite where there is none, never on both sides.
    whole
        Shape (n,), bool.
    budget
        Multiplications after which the search gives up.

    Returns
    -------
    status
        `OPTIMAL`, `INFEASIBLE` or `GIVEN_UP`.
    x
        Shape (n,).
    """
    m, n = matrix.shape
    tableau, reduced = matrix.copy(), cost.copy()
    nonbasic, basic = np.arange(n), np.arange(n, n + m)
    value, upper = np.zeros(n + m), np.zeros(n, dtype=np.bool_)
    best, found = np.inf, np.zeros(n)
    lows, highs = lows.copy(), highs.copy()
    stack_low, stack_high = np.empty((OPEN_NODES, n)), np.empty((OPEN_NODES, n))
    stack_low[0], stack_high[0] = lows[:n], highs[:n]
    depth = 1
    spent = 0.0
    while depth > 0:
        depth -= 1
        lows[:n], highs[:n] = stack_low[depth], stack_high[depth]
        most = int((budget - spent) / (m * n + 1.0)) + 1
        status, pivots = _dual(value, upper, basic, nonbasic, lows, highs, tableau, reduced, most)
        spent += (pivots + 1.0) * m * n
        if status == GIVEN_UP or spent > budget or depth + 2 > OPEN_NODES:
            return GIVEN_UP, found
        objective = 0.0
        for k in range(n):
            objective += cost[k] * value[k]
        if status == INFEASIBLE or objective >= best - BETTER * max(1.0, abs(best)):
            continue
        k = _fraction(value, whole)
        if k < 0:
            best = objective
            found[:] = value[:n]
            continue
        down = np.floor(value[k])
        near = value[k] - down <= 0.5
        for side in range(2):
            stack_low[depth], stack_high[depth] = lows[:n], highs[:n]
            if (side == 1) == near:
                stack_high[depth, k] = down
            else:
                stack_low[depth, k] = down + 1.0
            depth += 1
    return (OPTIMAL if best < np.inf else INFEASIBLE), found
