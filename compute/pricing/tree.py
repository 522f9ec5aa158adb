"""American options on a binomial tree: the way that serves every sign of rate and carry, and normal underlyings.

Lognormal: Leisen and Reimer, "Binomial models for option valuation", Applied Mathematical Finance 3 (1996), with the
Peizer-Pratt inversion and an odd number of steps. Normal: steps of ± vol · sqrt(dt) of the forward with even odds. The
tree values the American and the European option on the same nodes; their difference, never negative, is what the caller
adds to the closed form (the control variate of Hull and White, 1988), so that all errors cancel but the premium's own.
The tree begins two steps before today, so that today has three nodes: slope and curvature are read off them.
"""

from typing import Any

import numpy as np

from compute.jit import njit
from compute.portfolio import Floats
from compute.pricing.elementary import DOUBLES, SMALLEST

STEPS = 201
LEAD = 2  # steps before today
WIDEST = 20.0  # deviations to expiry beyond which a tree is not spread further
FURTHEST = 6.0  # deviations between the strike and the node that the tree is centred on
NODES = 3 * (STEPS + LEAD + 1)  # scratch


@njit()
def _peizer_pratt(z: float, steps: int) -> float:
    """Return the binomial probability under which the middle of that many steps has the probability Φ(z)."""
    scaled = z / (steps + 1.0 / 3.0 + 0.1 / (steps + 1.0))
    spread = np.sqrt(0.25 - 0.25 * np.exp(-scaled * scaled * (steps + 1.0 / 6.0)))
    return float(0.5 + (spread if z >= 0.0 else -spread))


@njit(fastmath=DOUBLES)
def _roll_back(node: Floats, american: Floats, european: Floats, count: int, odds: Any, move: Any, payoff: Any) -> None:
    """Fall back to the nodes 0 to count - 1: move their levels, discount, and exercise where that is worth more."""
    up, down = odds
    factor, step = move
    level, strike, sign = payoff
    for j in range(count):
        here = node[j] * factor + step
        node[j] = here
        european[j] = up * european[j + 1] + down * european[j]
        held = up * american[j + 1] + down * american[j]
        american[j] = max(held, sign * (here * level - strike))


@njit()
def _lognormal_terms(spot: float, strike: float, years: float, vol: float, drift: float) -> Any:
    """Return (probability, up, down) of the Leisen-Reimer tree."""
    deviation = min(vol * np.sqrt(years), WIDEST)
    distance = (np.log(max(spot, SMALLEST) / max(strike, SMALLEST)) + drift * years) / max(deviation, SMALLEST)
    centre = min(max(distance + 0.5 * deviation, -FURTHEST), FURTHEST)
    probability = _peizer_pratt(centre - deviation, STEPS)
    above = _peizer_pratt(centre, STEPS)
    growth = np.exp(drift * years / STEPS)
    return probability, growth * above / probability, growth * (1.0 - above) / (1.0 - probability)


@njit()
def tree(option: Any, is_normal: bool, work: Floats) -> Any:
    """Value both exercises on one tree.

    Parameters
    ----------
    option
        (spot, strike, years, vol, rate, carry, sign), years above 0.
    work
        Shape (NODES,): scratch.

    Returns
    -------
    Two tuples of three: the spots of today's nodes and the American values there, then the European values.
    """
    spot, strike, years, vol, rate, carry, sign = option
    rows = work[:NODES].reshape(3, STEPS + LEAD + 1)
    node, american, european = rows[0], rows[1], rows[2]
    dt = years / STEPS
    drift = rate - carry
    size = STEPS + LEAD
    if is_normal:
        step, factor, probability = vol * np.sqrt(dt), 1.0, 0.5
        forward = spot * np.exp(drift * years)
        for j in range(size + 1):
            node[j] = forward + (2 * j - size) * step
    else:
        probability, up, down = _lognormal_terms(spot, strike, years, vol, drift)
        step, factor = 0.0, 1.0 / down
        level = spot * down ** (0.5 * LEAD + STEPS) / up ** (0.5 * LEAD)
        for j in range(size + 1):
            node[j] = level
            level *= up / down
    for j in range(size + 1):
        european[j] = american[j] = max(sign * (node[j] - strike), 0.0)
    discount = np.exp(-rate * dt)
    odds = (discount * probability, discount * (1.0 - probability))
    for i in range(size - 1, LEAD - 1, -1):
        shrink = np.exp(-drift * (years - (i - LEAD) * dt)) if is_normal else 1.0
        _roll_back(node, american, european, i + 1, odds, (factor, step), (shrink, strike, sign))
    now = np.exp(-drift * years) if is_normal else 1.0
    spots = (node[0] * now, node[1] * now, node[2] * now)
    return spots, (american[0], american[1], american[2]), (european[0], european[1], european[2])


@njit()
def bend(spots: Any, values: Any) -> Any:
    """Return slope and curvature at the middle of three points."""
    left, right = spots[1] - spots[0], spots[2] - spots[1]
    if left <= 0.0 or right <= 0.0:
        return 0.0, 0.0
    below, above = (values[1] - values[0]) / left, (values[2] - values[1]) / right
    return (below * right + above * left) / (left + right), 2.0 * (above - below) / (left + right)
