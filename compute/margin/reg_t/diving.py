"""Dives: round the optimum of a tableau step by step to a solution in whole numbers."""

from typing import Any

import numpy as np

from compute.jit import njit
from compute.margin.reg_t.simplex import OPTIMAL, copied, drop, dual

WHOLE = 1e-5
ROUNDING = 1e-8
"""Costs that differ by less than this share are equal."""
DIVE = 5e9
"""Multiplications of a dive."""
DEAR = 0.02
"""The share of the greatest cost beyond which a column is left out of the first try."""
NEAR = 0.2
"""How far from whole variables are that are rounded together."""


@njit()
def fraction(value: Any, whole: Any) -> Any:
    """Return the variable that is furthest from whole, -1 where all are."""
    found, worst = -1, WHOLE
    for k in range(whole.size):
        if whole[k]:
            distance = abs(value[k] - np.round(value[k]))
            if distance > worst:
                found, worst = k, distance
    return found


@njit()
def worse(first: Any, second: Any, best: Any) -> Any:
    """Say whether costs are no better than the best: by the first, or by the second where the first is equal."""
    rounding = ROUNDING * max(1.0, abs(best[0]))
    return first > best[0] + rounding or (first >= best[0] - rounding and second >= best[1] - 10.0 * rounding)


@njit()
def _round(t: Any, free: Any) -> Any:
    """Bound the variables near to whole, at least the nearest, on the whole side; return how many are not whole."""
    least, count = 0.5, 0
    for k in range(free.size):
        distance = abs(t.value[k] - np.round(t.value[k]))
        if free[k] and distance > WHOLE:
            count += 1
            least = min(least, distance)
    for k in range(free.size):
        rounded = np.round(t.value[k])
        distance = abs(t.value[k] - rounded)
        if free[k] and WHOLE < distance <= max(NEAR, least):
            if rounded > t.value[k]:
                t.lows[k] = rounded
            else:
                t.highs[k] = rounded
    return count


@njit()
def _dive(t: Any, free: Any, first: Any, most: Any, budget: Any) -> Any:
    """Round variables step by step; return whether that ends in whole numbers, and the multiplications."""
    spent = 0.0
    while spent < budget and _round(t, free):
        size = float(t.size[0] * t.size[1])
        status, pivots = dual(t, int((budget - spent) / size) + 1)
        spent += (pivots + 1.0) * size
        if status != OPTIMAL or np.dot(first, t.value[: first.size]) > most:
            return False, spent
    return spent < budget, spent


@njit()
def _near_optimal(t: Any, dear: Any, n: Any) -> Any:
    """Return a copy without the columns that are dear to use."""
    trial = copied(t)
    for j in range(1, t.size[1]):
        k = t.nonbasic[j]
        if k < n and abs(t.reduced[j]) > dear:
            trial.lows[k] = trial.highs[k] = t.value[k]
    drop(trial, trial.lows[:n], trial.highs[:n])
    return trial


@njit()
def improve(t: Any, first: Any, second: Any, whole: Any, free: Any, dear: Any, found: Any, best: Any) -> Any:
    """Dive for a better solution, on a copy; return the multiplications."""
    n = first.size
    trial = _near_optimal(t, dear * np.max(np.abs(first)), n)
    ends, spent = _dive(trial, free, first, best[0], DIVE)
    if ends:
        values = np.where(whole[:n], np.round(trial.value[:n]), trial.value[:n])
        total, other = np.dot(first, values), np.dot(second, values)
        if not worse(total, other, best):
            found[:] = values
            best[0], best[1] = total, other
    return spent
