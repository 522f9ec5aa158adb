"""Gomory's mixed-integer cuts on the rows of a tableau."""

from typing import Any

import numpy as np

from compute.jit import njit
from compute.margin.reg_t.simplex import CONSTANT, FEASIBLE

CLEARLY = 0.02
"""How far from whole a variable is that a cut is made for."""
STEEP = 1e5
"""A cut with a factor above this is not worth its rounding."""


@njit()
def _cut(t: Any, row: Any, new: Any, whole: Any) -> Any:
    """Write Gomory's mixed-integer cut of a row, whose basic variable is to be whole, as row `new`.

    With s the distance of a nonbasic variable from its bound and y + a s = b: every whole y has g s >= 1. Returns the
    bound of the cut in the variables themselves, and its largest factor.
    """
    # Cornuéjols, "Valid inequalities for mixed integer linear programs", Mathematical Programming 112 (2008), 3.
    value = t.value[t.basic[row]]
    base = value - np.floor(value)
    bound, largest = 1.0, 0.0
    t.factors[new, CONSTANT] = 0.0
    for j in range(1, t.size[1]):
        k = t.nonbasic[j]
        sign = -1.0 if t.upper[j] else 1.0
        factor = -t.factors[row, j] * sign
        if t.lows[k] == t.highs[k]:
            share = 0.0
        elif whole[k]:
            part = factor - np.floor(factor + 1e-10)
            share = max(part, 0.0) / base if part <= base else (1.0 - part) / (1.0 - base)
        else:
            share = factor / base if factor >= 0.0 else -factor / (1.0 - base)
        t.factors[new, j] = share * sign
        bound += share * sign * (t.highs[k] if t.upper[j] else t.lows[k])
        largest = max(largest, share)
    return bound, largest


@njit()
def cut_all(t: Any, whole: Any) -> None:
    """Add a cut for every row that is to be whole and is not, while there is room."""
    for row in range(t.size[0]):
        k, count = t.basic[row], t.size[0]
        part = t.value[k] - np.floor(t.value[k])
        if count == t.basic.size or not whole[k] or part < CLEARLY or part > 1.0 - CLEARLY:
            continue
        bound, largest = _cut(t, row, count, whole)
        if largest > STEEP:
            continue
        new = t.basic[count]
        t.lows[new] = bound - FEASIBLE * max(1.0, abs(bound))
        t.highs[new] = np.inf
        t.norms[count] = 1.0 + np.sum(t.factors[count, 1 : t.size[1]] ** 2)
        t.size[0] += 1


@njit()
def purge(t: Any, first_cut: Any) -> None:
    """Drop the cuts that do not bind."""
    for row in range(t.size[0] - 1, -1, -1):
        if t.basic[row] >= first_cut:
            last = t.size[0] - 1
            t.factors[row], t.norms[row] = t.factors[last], t.norms[last]
            t.basic[row], t.basic[last] = t.basic[last], t.basic[row]
            t.size[0] = last
