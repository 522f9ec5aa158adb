"""Where our own search stops unproven: the same program to HiGHS, whose cuts close most of what is left at its root.

HiGHS (Huangfu and Hall, Parallelizing the dual revised simplex method, 2018) comes with scipy; other threads run on.
"""

from dataclasses import replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from compute.margin.reg_t.diving import ROUNDING as EQUAL
from compute.margin.reg_t.program import Program, Solution, holds
from compute.portfolio import Floats

PROVEN = 0
_FEASIBLE = 1e-7


def prove(program: Program, found: Solution, nodes: int) -> Solution:
    """Return the optimum, or the better of what is found and the better bound after so many nodes.

    Among equal first costs ours stays: it was chosen by the second cost too. A cheaper one is chosen by it again.
    """
    answer = _highs(program, program.first, nodes)
    if answer.mip_dual_bound is None:
        return found
    bound = max(found.bound, float(answer.mip_dual_bound))
    better = found
    if answer.x is not None:
        better = _cheaper(program, found, answer.x, nodes)
    slack = EQUAL * max(1.0, abs(better.cost))
    proven = answer.status == PROVEN or better.cost - bound <= slack
    return replace(better, bound=min(bound, better.cost), optimal=proven)


def _cheaper(program: Program, found: Solution, given: Floats, nodes: int) -> Solution:
    values = _whole(program, given)
    cost = float(program.first @ values)
    if cost >= found.cost - EQUAL * max(1.0, abs(cost)) or not holds(program, values):
        return found
    limited = _highs(program, program.second, nodes, most=cost + _FEASIBLE * max(1.0, abs(cost)))
    if limited.x is not None:
        second = _whole(program, limited.x)
        if holds(program, second) and program.first @ second <= cost + EQUAL * max(1.0, abs(cost)):
            values = second
    return replace(found, values=values, cost=float(program.first @ values))


def _whole(program: Program, values: Floats) -> Floats:
    return np.where(program.whole[: values.size], np.round(values), values)


def _highs(program: Program, cost: Floats, nodes: int, *, most: float = np.inf) -> OptimizeResult:
    """Minimise a cost with the first cost at most `most`."""
    n = cost.size
    matrix, lows, highs = program.matrix, program.lows[n:], program.highs[n:]
    if most < np.inf:
        matrix = np.concatenate([matrix, program.first[None, :]])
        lows, highs = np.append(lows, -np.inf), np.append(highs, most)
    return milp(
        cost,
        integrality=program.whole[:n].astype(np.int64),
        bounds=Bounds(program.lows[:n], program.highs[:n]),
        constraints=LinearConstraint(matrix, lows, highs),
        options={"mip_rel_gap": 0.0, "node_limit": nodes},
    )
