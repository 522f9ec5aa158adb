"""Branch and cut over a bounded dual simplex on a dense tableau: small programs in well under a millisecond.

Basic variables are written in the nonbasic ones, basic = T nonbasic, so that a change of bounds leaves the tableau as
it is: every node of the search starts from the basis of the one before, which stays dual feasible. Every variable with
a negative cost must have an upper bound; it starts there, and the search needs no first phase. So must every variable
that is to be whole: branching may leave it at a bound that another node takes away.
"""

from typing import Any

import numpy as np

from compute.jit import njit

OPTIMAL, INFEASIBLE, GIVEN_UP = 0, 1, 2
FEASIBLE = 1e-8
DOUBTFUL = 1e-6
"""What a row must be out of its bounds, beyond all rounding, for a program to count as infeasible."""
DRIFT = 1e-8
"""How far the tableau may be off the rows that it stands for, in their own size, before the search gives up."""
PIVOT = 1e-7
WHOLE = 1e-7
BETTER = 1e-7
OPEN_NODES = 512
CUTS = 200
CLEARLY = 0.02
"""How far from whole a variable is that a cut is made for."""
STEEP = 1e5
"""A cut with a factor above this is not worth its rounding."""


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
            out = max(lows[leaves] - value[leaves], value[leaves] - highs[leaves])
            return (INFEASIBLE if out > DOUBTFUL * max(1.0, abs(value[leaves])) else GIVEN_UP), pivots
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
def _drifted(value: Any, matrix: Any) -> Any:
    """Say whether the basic variables are no longer what the rows make of the others."""
    m, n = matrix.shape
    for i in range(m):
        total, size = 0.0, 1.0
        for j in range(n):
            term = matrix[i, j] * value[j]
            total += term
            size += abs(term)
        if abs(total - value[n + i]) > DRIFT * size:
            return True
    return False


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
def _cut(
    row: Any, new: Any, value: Any, upper: Any, nonbasic: Any, lows: Any, highs: Any, whole: Any, tableau: Any
) -> Any:
    """Write Gomory's mixed-integer cut of a row, which its basic variable is to be whole in, as row `new`.

    With t the distance of a nonbasic variable from its bound and y + a t = b: every whole y has g t >= 1. Returns the
    bound of the cut in the variables themselves, and its largest factor.
    """
    # Cornuéjols, "Valid inequalities for mixed integer linear programs", Mathematical Programming 112 (2008), 3.
    base = value - np.floor(value)
    bound, largest = 1.0, 0.0
    for j in range(nonbasic.size):
        k = nonbasic[j]
        sign = -1.0 if upper[j] else 1.0
        factor = -tableau[row, j] * sign
        if lows[k] == highs[k]:
            share = 0.0
        elif whole[k]:
            part = factor - np.floor(factor + 1e-10)
            share = max(part, 0.0) / base if part <= base else (1.0 - part) / (1.0 - base)
        else:
            share = factor / base if factor >= 0.0 else -factor / (1.0 - base)
        tableau[new, j] = share * sign
        bound += share * sign * (highs[k] if upper[j] else lows[k])
        largest = max(largest, share)
    return bound, largest


@njit()
def _cuts(
    rows: Any, value: Any, upper: Any, basic: Any, nonbasic: Any, lows: Any, highs: Any, whole: Any, tableau: Any
) -> Any:
    """Add a cut for every row that is to be whole and is not; return the rows there are then."""
    count, first = rows, nonbasic.size
    for row in range(rows):
        k = basic[row]
        part = value[k] - np.floor(value[k])
        if count == basic.size or not whole[k] or part < CLEARLY or part > 1.0 - CLEARLY:
            continue
        bound, largest = _cut(row, count, value[k], upper, nonbasic, lows, highs, whole, tableau)
        if largest > STEEP:
            continue
        lows[first + count] = bound - FEASIBLE * max(1.0, abs(bound))
        highs[first + count] = np.inf
        basic[count] = first + count
        count += 1
    return count


@njit()
def _search(
    matrix: Any, rows: Any, cost: Any, value: Any, upper: Any, basic: Any, nonbasic: Any, lows: Any, highs: Any,
    whole: Any, tableau: Any, reduced: Any, budget: Any,
) -> Any:  # fmt: skip
    """Branch depth first on the variable furthest from whole; the bounds are the root's, and are left changed."""
    n = cost.size
    best, found = np.inf, np.zeros(n)
    stack_low, stack_high = np.empty((OPEN_NODES, n)), np.empty((OPEN_NODES, n))
    stack_low[0], stack_high[0] = lows[:n], highs[:n]
    depth, spent, size = 1, 0.0, rows * n + 1.0
    while depth > 0:
        depth -= 1
        lows[:n], highs[:n] = stack_low[depth], stack_high[depth]
        most = int((budget - spent) / size) + 1
        status, pivots = _dual(value, upper, basic[:rows], nonbasic, lows, highs, tableau[:rows], reduced, most)
        spent += (pivots + 1.0) * size
        if status == GIVEN_UP or spent > budget or depth + 2 > OPEN_NODES or _drifted(value, matrix):
            return GIVEN_UP, found
        objective = np.dot(cost, value[:n])
        if status == INFEASIBLE or objective >= best - BETTER * max(1.0, abs(best)):
            continue
        k = _fraction(value, whole[:n])
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


@njit()
def branch_and_bound(cost: Any, matrix: Any, lows: Any, highs: Any, whole: Any, rounds: Any, budget: Any) -> Any:
    """Minimise cost x with bounds on x and on matrix x, and some of them whole.

    Parameters
    ----------
    cost
        Shape (n,); negative, and x to be whole, only where the upper bound is finite.
    matrix
        Shape (m, n).
    lows, highs
        Shape (n + m,): bounds of x, then of matrix x; infinite where there is none, never on both sides.
    whole
        Shape (n + m,), bool: x that must be whole, then rows that are whole where those are.
    rounds
        Rounds of cuts, at least one: more of them need fewer nodes and carry more rounding.
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
    most = m + min(m, CUTS)
    tableau, reduced = np.zeros((most, n)), cost.copy()
    tableau[:m] = matrix
    nonbasic, basic = np.arange(n), np.arange(n, n + most)
    value, upper = np.zeros(n + most), np.zeros(n, dtype=np.bool_)
    bottoms, tops, integral = np.zeros(n + most), np.zeros(n + most), np.zeros(n + most, dtype=np.bool_)
    bottoms[: n + m], tops[: n + m], integral[: n + m] = lows, highs, whole
    rows, before, spent = m, -np.inf, 0.0
    for _ in range(rounds):
        pivots_left = int((budget - spent) / (rows * n + 1.0)) + 1
        status, pivots = _dual(
            value, upper, basic[:rows], nonbasic, bottoms, tops, tableau[:rows], reduced, pivots_left
        )
        spent += (pivots + 1.0) * rows * n
        if status != OPTIMAL or _drifted(value, matrix):
            return (GIVEN_UP if status == OPTIMAL else status), np.zeros(n)
        objective = np.dot(cost, value[:n])
        if objective <= before + BETTER * abs(before) or _fraction(value, integral[:n]) < 0:
            break
        before = objective
        rows = _cuts(rows, value, upper, basic, nonbasic, bottoms, tops, integral, tableau)
    return _search(
        matrix, rows, cost, value, upper, basic, nonbasic, bottoms, tops, integral, tableau, reduced, budget - spent
    )
