"""American options: the early-exercise premium of a binomial tree, on top of the closed European price.

Lognormal: Leisen and Reimer, "Binomial models for option valuation", Applied Mathematical Finance 3 (1996), with the
Peizer-Pratt inversion and an odd number of steps. Normal: steps of ± vol · sqrt(dt) of the forward with even odds. The
tree values the American and the European option on the same nodes; their difference, never negative, is added to the
closed form (the control variate of Hull and White, 1988), so that the tree's error cancels but for the premium's own.

The tree begins two steps before today, so that today has three nodes: delta and gamma of the premium are read off
them. Theta follows from the pricing equation. Where exercise now is best, the value is the intrinsic one and its
greeks are those of the payoff. Where early exercise never pays, the European figures are returned as they are.
"""

from typing import Any

import numpy as np

from compute.jit import njit
from compute.portfolio import Floats
from compute.pricing.elementary import DOUBLES, SMALLEST
from compute.pricing.european import Greeks, Options, lognormal, lognormal_price, normal, normal_price

STEPS = 201
METHOD = f"Leisen-Reimer tree of {STEPS} steps with the European price as control variate"
LEAD = 2  # steps before today
VOL_BUMP = 0.01  # relative
RATE_BUMP = 1e-3
WIDEST = 20.0  # deviations to expiry beyond which a tree is not spread further
FURTHEST = 6.0  # deviations between the strike and the node that the tree is centred on


@njit()
def _peizer_pratt(z: float, steps: int) -> float:
    """Return the binomial probability under which the middle of that many steps has the probability Φ(z)."""
    scaled = z / (steps + 1.0 / 3.0 + 0.1 / (steps + 1.0))
    spread = np.sqrt(0.25 - 0.25 * np.exp(-scaled * scaled * (steps + 1.0 / 6.0)))
    return float(0.5 + (spread if z >= 0.0 else -spread))


@njit()
def never_early(rate: float, carry: float, sign: float, is_normal: bool) -> bool:
    """Say whether early exercise never pays: what it earns, sign · (carry · S - rate · K), is nowhere positive."""
    if is_normal:
        return rate == 0.0 and carry == 0.0
    return (carry <= 0.0 <= rate) if sign > 0.0 else (rate <= 0.0 <= carry)


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
def _lognormal_terms(spot: float, strike: float, years: float, vol: float, drift: float, steps: int) -> Any:
    """Return (probability, up, down) of the Leisen-Reimer tree."""
    deviation = min(vol * np.sqrt(years), WIDEST)
    distance = (np.log(max(spot, SMALLEST) / max(strike, SMALLEST)) + drift * years) / max(deviation, SMALLEST)
    centre = min(max(distance + 0.5 * deviation, -FURTHEST), FURTHEST)
    probability = _peizer_pratt(centre - deviation, steps)
    above = _peizer_pratt(centre, steps)
    growth = np.exp(drift * years / steps)
    return probability, growth * above / probability, growth * (1.0 - above) / (1.0 - probability)


@njit()
def tree(option: Any, is_normal: bool, steps: int, work: Floats) -> Any:
    """Value both exercises on one tree.

    Parameters
    ----------
    option
        (spot, strike, years, vol, rate, carry, sign), years above 0.
    work
        Shape (3, steps + LEAD + 1): scratch.

    Returns
    -------
    Two tuples of three: the spots of today's nodes and the American values there, then the European values.
    """
    spot, strike, years, vol, rate, carry, sign = option
    node, american, european = work[0], work[1], work[2]
    dt = years / steps
    drift = rate - carry
    size = steps + LEAD
    if is_normal:
        step, factor, probability = vol * np.sqrt(dt), 1.0, 0.5
        forward = spot * np.exp(drift * years)
        for j in range(size + 1):
            node[j] = forward + (2 * j - size) * step
    else:
        probability, up, down = _lognormal_terms(spot, strike, years, vol, drift, steps)
        step, factor = 0.0, 1.0 / down
        level = spot * down ** (0.5 * LEAD + steps) / up ** (0.5 * LEAD)
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
def american_price(option: Any, is_normal: bool, steps: int, work: Floats) -> float:
    """Return the price of an American option; see `tree` for the arguments."""
    spot, strike, years, vol, rate, carry, sign = option
    if is_normal:
        closed = normal_price(spot, strike, years, vol, rate, carry, sign)
    else:
        closed = lognormal_price(spot, strike, years, vol, rate, carry, sign)
    if years <= 0.0 or never_early(rate, carry, sign, is_normal):
        return float(closed)
    intrinsic = max(sign * ((spot if is_normal else max(spot, 0.0)) - strike), 0.0)
    _, american, european = tree(option, is_normal, steps, work)
    if american[1] <= intrinsic:
        return float(intrinsic)
    return float(max(intrinsic, closed + american[1] - european[1]))


@njit()
def _bend(spots: Any, values: Any) -> Any:
    """Return slope and curvature at the middle of three points."""
    left, right = spots[1] - spots[0], spots[2] - spots[1]
    if left <= 0.0 or right <= 0.0:
        return 0.0, 0.0
    below, above = (values[1] - values[0]) / left, (values[2] - values[1]) / right
    return (below * right + above * left) / (left + right), 2.0 * (above - below) / (left + right)


@njit()
def american_greeks(option: Any, future: float, is_normal: bool, steps: int, work: Floats) -> Any:
    """Return price, delta, gamma, vega, theta and rho of an American option."""
    spot, strike, years, vol, rate, carry, sign = option
    if is_normal:
        closed = normal(spot, strike, years, vol, rate, carry, sign, future)
    else:
        closed = lognormal(spot, strike, years, vol, rate, carry, sign, future)
    if years <= 0.0 or never_early(rate, carry, sign, is_normal):
        return closed
    price = american_price(option, is_normal, steps, work)
    spots, american, european = tree(option, is_normal, steps, work)
    if american[1] <= sign * (spot - strike):
        return price, sign, 0.0, 0.0, 0.0, 0.0
    delta, gamma = _bend(spots, (american[0] - european[0], american[1] - european[1], american[2] - european[2]))
    delta, gamma = closed[1] + delta, max(closed[2] + gamma, 0.0)
    spread = vol if is_normal else vol * spot
    theta = rate * price - (rate - carry) * spot * delta - 0.5 * spread * spread * gamma
    vega, rho = _slopes(option, future, is_normal, steps, work)
    return price, delta, gamma, vega, theta, rho


@njit()
def _slopes(option: Any, future: float, is_normal: bool, steps: int, work: Floats) -> Any:
    """Return vega and rho by central differences."""
    spot, strike, years, vol, rate, carry, sign = option
    wide = max(VOL_BUMP * vol, 1e-6)
    low = max(vol - wide, 0.0)
    above = american_price((spot, strike, years, vol + wide, rate, carry, sign), is_normal, steps, work)
    below = american_price((spot, strike, years, low, rate, carry, sign), is_normal, steps, work)
    vega = (above - below) / (vol + wide - low)
    h = RATE_BUMP
    above = american_price((spot, strike, years, vol, rate + h, carry + future * h, sign), is_normal, steps, work)
    below = american_price((spot, strike, years, vol, rate - h, carry - future * h, sign), is_normal, steps, work)
    return vega, (above - below) / (2.0 * h)


@njit()
def _fill(columns: Any, future: Floats, is_normal: bool, steps: int, out: Any) -> None:
    price, delta, gamma, vega, theta, rho = out
    spot, strike, years, vol, rate, carry, sign = columns
    work = np.empty((3, steps + LEAD + 1))
    for i in range(price.size):
        option = (spot[i], strike[i], years[i], vol[i], rate[i], carry[i], sign[i])
        price[i], delta[i], gamma[i], vega[i], theta[i], rho[i] = american_greeks(
            option, future[i], is_normal, steps, work
        )


def tree_greeks(options: Options, *, is_normal: bool = False, steps: int = STEPS) -> Greeks:
    """Return prices and greeks of American options; about five trees each, without a checkpoint between them."""
    *columns, future = options.columns()
    out = Greeks.zeros(options.spot.size)
    _fill(tuple(columns), future, is_normal, steps, out.columns())
    return out
