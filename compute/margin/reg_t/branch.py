"""Branch and cut: the whole-numbered optimum of a program, or the best found and the bound that is proven.

The node with the least bound is taken first, and followed down to its nearest whole numbers. Every better solution
narrows the bounds of the root by its reduced costs, and what they fix leaves the tableau.
"""

from typing import Any

import numpy as np

from compute.jit import njit
from compute.margin.reg_t.cutting import cut_all, purge
from compute.margin.reg_t.diving import DEAR, WHOLE, fraction, improve, worse
from compute.margin.reg_t.simplex import GIVEN_UP, INFEASIBLE, OPTIMAL, begin, drifted, drop, dual

OPEN_NODES = 1024
PER_NODE = 50.0
"""What a node costs beyond its pivots, in multiplications a column."""
CHECKED = 32
"""Nodes from one comparison of the tableau with its rows to the next."""
CUTS = 200
LESS = 1e-7
"""The weight of the second cost where the first leaves a choice."""
PIVOTS = 20_000
TRIAL = 32
"""The node at which another dive is tried, and then at double its number."""
CUTTING = 0.25
"""The share of the budget that cuts may take."""
PROGRESS = 1e-7


@njit()
def _tighten(costs: Any, base: Any, most: Any, values: Any, whole: Any, bottoms: Any, tops: Any) -> None:
    """Keep the variables as near to their bound at the root as reduced costs allow for a total of at most `most`."""
    for k in range(costs.size):
        if costs[k] != 0.0 and whole[k]:
            steps = np.floor((most - base) / abs(costs[k]) + WHOLE)
            if costs[k] > 0.0:
                tops[k] = min(tops[k], values[k] + steps)
            else:
                bottoms[k] = max(bottoms[k], values[k] - steps)


@njit()
def _root_costs(t: Any, n: Any) -> Any:
    """Return the reduced costs of x, zero where x is basic."""
    costs = np.zeros(n)
    for j in range(1, t.size[1]):
        if t.nonbasic[j] < n:
            costs[t.nonbasic[j]] = t.reduced[j]
    return costs


@njit()
def _next(bounds: Any, count: Any) -> Any:
    """Return the open node with the least bound."""
    found = 0
    for node in range(1, count):
        if bounds[node] < bounds[found]:
            found = node
    return found


@njit()
def _take(lows: Any, highs: Any, bounds: Any, count: Any) -> None:
    """Put the open node with the least bound last."""
    last, node = count - 1, _next(bounds, count)
    low, high, bound = lows[node].copy(), highs[node].copy(), bounds[node]
    lows[node], highs[node], bounds[node] = lows[last], highs[last], bounds[last]
    lows[last], highs[last], bounds[last] = low, high, bound


@njit()
def _branch(t: Any, k: Any, total: Any, lows: Any, highs: Any, bounds: Any, count: Any) -> Any:
    """Open the two nodes below and above a variable, the nearer last; return how many: none without a variable."""
    if k < 0:
        return 0
    n = lows.shape[1]
    down = np.floor(t.value[k])
    near = t.value[k] - down <= 0.5
    for side in range(2):
        node = count + side
        lows[node], highs[node], bounds[node] = t.lows[:n], t.highs[:n], total
        if (side == 1) == near:
            highs[node, k] = down
        else:
            lows[node, k] = down + 1.0
    return 2


@njit()
def _stuck(t: Any, matrix: Any, status: Any, nodes: Any, count: Any) -> Any:
    """Say whether a node's program was not solved, has drifted, or there is no room for its children."""
    astray = nodes % CHECKED == 0 and status == OPTIMAL and drifted(t, matrix)
    return status == GIVEN_UP or count + 2 > OPEN_NODES or astray


@njit()
def _search(
    t: Any, matrix: Any, first: Any, second: Any, whole: Any, free: Any, found: Any, best: Any, slack: Any, budget: Any
) -> Any:
    """Improve `found` and `best`; return (status, bound, multiplications)."""
    n = first.size
    bottoms, tops = t.lows[:n].copy(), t.highs[:n].copy()
    lows, highs, bounds = np.empty((OPEN_NODES, n)), np.empty((OPEN_NODES, n)), np.empty(OPEN_NODES)
    lows[0], highs[0], bounds[0] = bottoms, tops, -np.inf
    base, values, costs = np.dot(first + LESS * second, t.value[:n]), t.value[:n].copy(), _root_costs(t, n)
    _tighten(costs, base, best[0] + LESS * best[1] + slack, values, whole, bottoms, tops)
    drop(t, bottoms, tops)
    count, spent, nodes, trial, diving = 1, 0.0, 0, TRIAL, False
    while count > 0:
        if not diving and best[0] < 0.0 and count < OPEN_NODES // 2:
            _take(lows, highs, bounds, count)
        count, nodes, diving = count - 1, nodes + 1, False
        t.lows[:n], t.highs[:n] = np.maximum(lows[count], bottoms), np.minimum(highs[count], tops)
        if np.any(t.lows[:n] > t.highs[:n]):
            continue
        size = float(t.size[0] * t.size[1])
        status, pivots = dual(t, int(max(0.0, budget - spent) / size) + 1)
        spent += (pivots + 2.0) * size + PER_NODE * n
        if spent > budget or _stuck(t, matrix, status, nodes, count):
            return GIVEN_UP, min(bounds[_next(bounds, count + 1)], best[0]), spent
        total, other = np.dot(first, t.value[:n]), np.dot(second, t.value[:n])
        if status == INFEASIBLE or worse(total, other, best):
            continue
        k = fraction(t.value, free)
        if k < 0 or nodes == trial:
            trial += nodes * (nodes == trial)
            before = best[0]
            spent += improve(t, first, second, whole, free, DEAR, found, best)
            if best[0] < before:
                _tighten(costs, base, best[0] + LESS * best[1] + slack, values, whole, bottoms, tops)
                drop(t, bottoms, tops)
        opened = _branch(t, k, total, lows, highs, bounds, count)
        count, diving = count + opened, opened > 0
    return OPTIMAL, best[0], spent


@njit()
def _root(t: Any, first: Any, whole: Any, free: Any, rounds: Any, budget: Any) -> Any:
    """Solve the root and cut it; return its bound, which no solution costs less than, and the multiplications."""
    n = first.size
    rows = t.size[0]
    before, spent = -np.inf, 0.0
    for _ in range(rounds):
        status, pivots = dual(t, PIVOTS)
        spent += (pivots + 1.0) * t.size[0] * t.size[1]
        objective = np.dot(first, t.value[:n])
        if status != OPTIMAL:
            return max(objective, before), spent  # the basis is dual feasible: its objective is a bound
        purge(t, n + rows)
        if objective <= before + PROGRESS * abs(before) or fraction(t.value, free) < 0 or spent > budget:
            return max(objective, before), spent
        before = objective
        cut_all(t, whole)
    return before, spent


@njit()
def branch_and_bound(
    first: Any, second: Any, matrix: Any, lows: Any, highs: Any, whole: Any, free: Any, rounds: Any, budget: Any
) -> Any:
    """Minimise first x, and among its minima second x, with bounds on x and on matrix x, and some of them whole.

    Parameters
    ----------
    first, second
        Shape (n,); x = 0 must be allowed, and a solution costs at most nothing.
    matrix
        Shape (m, n).
    lows, highs
        Shape (n + m,): bounds of x, which are finite, then of matrix x; never infinite on both sides.
    whole
        Shape (n + m,), bool: x that must be whole, then rows that are whole where those are.
    free
        Shape (n,), bool: x that must be whole and does not follow from others.
    rounds
        Rounds of cuts, at least one: more of them need fewer nodes and carry more rounding.
    budget
        Multiplications after which the search stops.

    Returns
    -------
    status
        `OPTIMAL`, or `GIVEN_UP` where the search stopped.
    x
        Shape (n,): the best found.
    bound
        What no solution costs less than.
    spent
        Multiplications.
    """
    m, n = matrix.shape
    t = begin(first + LESS * second, matrix, lows, highs, min(m, CUTS))
    integral = np.zeros(t.value.size, dtype=np.bool_)
    integral[: n + m] = whole
    slack = LESS * np.dot(np.abs(second), highs[:n])
    bound, spent = _root(t, first, integral, free, rounds, CUTTING * budget)
    found, best = np.zeros(n), np.zeros(2)
    for dear in (DEAR, 1.0):
        spent += improve(t, first, second, whole, free, dear, found, best)
        if best[0] < 0.0:
            break
    status, proven, more = _search(t, matrix, first, second, integral, free, found, best, slack, budget - spent)
    return status, found, max(bound, proven), spent + more
