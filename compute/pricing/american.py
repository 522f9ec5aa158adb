"""American options: the European price in closed form and what early exercise adds to it.

Lognormal options go by the early-exercise boundary (`boundary`), those that it does not serve by a tree (`tree`):
normal ones, puts at a rate and calls at a carry that is not positive, next to no deviation, and a boundary that would
not settle. Theta follows from the pricing equation, vega and rho from central differences. Where exercise now is best,
the value is the intrinsic one and its greeks are those of the payoff. Where early exercise never pays, the European
figures are returned as they are.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.portfolio import Floats
from compute.pricing import boundary
from compute.pricing.boundary import guess, outer_depths, premium, solve
from compute.pricing.european import Greeks, Options, lognormal_greeks, normal_greeks
from compute.pricing.tree import NODES as TREE_NODES
from compute.pricing.tree import STEPS, bend, tree

METHOD = (
    "Spectral collocation of the early-exercise boundary (Andersen, Lake and Offengenden, 2016); where a rate is not"
    f" positive or the underlying is normal a tree of {STEPS} steps with the European price as control variate"
)
VOL_BUMP = 0.01  # relative
RATE_BUMP = 1e-3  # at most; half of the rate that exercise earns, so that its sign stays
LEAST_DEVIATION, MOST_DEVIATION = 1e-3, 10.0  # between which the boundary is trusted
ROUNDING = 1e-12  # of the larger of spot and strike: what a tree adds to the intrinsic value by rounding alone
KEY = 4  # years, vol and both rates of the boundary that the scratch holds
SCRATCH = TREE_NODES + KEY + boundary.NODES + boundary.OUTER + boundary.WORK


@njit()
def never_early(rate: float, carry: float, sign: float, is_normal: bool) -> bool:
    """Say whether early exercise never pays: what it earns, sign · (carry · S - rate · K), is nowhere positive."""
    if is_normal:
        return rate == 0.0 and carry == 0.0
    return (carry <= 0.0 <= rate) if sign > 0.0 else (rate <= 0.0 <= carry)


@njit()
def _has_boundary(years: float, vol: float, rate: float, carry: float, work: Floats) -> bool:
    """Solve the boundary of a put into the scratch, unless it is the one that lies there; say whether there is one."""
    key = work[TREE_NODES : TREE_NODES + KEY]
    if not (key[0] == years and key[1] == vol and key[2] == rate and key[3] == carry):
        heights = work[TREE_NODES + KEY : TREE_NODES + KEY + boundary.NODES]
        guess(years, vol, rate, carry, heights)
        settled = solve(years, vol, rate, carry, heights, work[SCRATCH - boundary.WORK :])
        key[0], key[1], key[2], key[3] = years, vol, rate, carry
        if not settled:
            heights[:] = np.nan
        outer_depths(heights, work[TREE_NODES + KEY + boundary.NODES : SCRATCH - boundary.WORK])
    return bool(not np.isnan(work[TREE_NODES + KEY + boundary.NODES - 1]))


@njit()
def _by_boundary(option: Any, work: Floats) -> Any:
    """Return (whether it can be said, whether to exercise now, premium, its slope and curvature by spot)."""
    spot, strike, years, vol, rate, carry, sign = option
    earns, costs = (carry, rate) if sign > 0.0 else (rate, carry)
    deviation = vol * np.sqrt(years)
    if not (earns > 0.0 and LEAST_DEVIATION < deviation < MOST_DEVIATION and spot > 0.0 and strike > 0.0):
        return False, False, 0.0, 0.0, 0.0
    if not _has_boundary(years, vol, earns, costs, work):
        return False, False, 0.0, 0.0, 0.0
    place = strike / spot if sign > 0.0 else spot / strike
    top = np.log(min(1.0, earns / costs)) if costs > 0.0 else 0.0
    if np.log(place) <= top - np.sqrt(work[TREE_NODES + KEY + boundary.NODES - 1]):
        return True, True, 0.0, 0.0, 0.0
    depths = work[TREE_NODES + KEY + boundary.NODES : SCRATCH - boundary.WORK]
    value, slope, curve = premium(place, years, vol, earns, costs, depths)
    if sign > 0.0:  # a call is worth spot times the put struck at 1 on strike / spot
        return True, False, spot * value, value - place * slope, curve * place * place / spot
    return True, False, strike * value, slope, curve / strike


@njit()
def _by_tree(option: Any, is_normal: bool, work: Floats) -> Any:
    """Return (whether to exercise now, premium, its slope and curvature by spot)."""
    spots, american, european = tree(option, is_normal, work)
    slope, curve = bend(spots, (american[0] - european[0], american[1] - european[1], american[2] - european[2]))
    now = american[1] <= option[6] * (option[0] - option[1]) + ROUNDING * max(abs(option[0]), abs(option[1]))
    return now, american[1] - european[1], slope, curve


@njit()
def _fill(columns: Any, is_normal: bool, now: NDArray[np.bool_], out: Floats) -> None:
    """Fill out (3, n) with the premium and its slope and curvature by spot, and where to exercise now."""
    spot, strike, years, vol, rate, carry, sign, _future = columns
    work = np.full(SCRATCH, np.nan)
    for i in range(now.size):
        if years[i] <= 0.0 or never_early(rate[i], carry[i], sign[i], is_normal):
            continue
        option = (spot[i], strike[i], years[i], vol[i], rate[i], carry[i], sign[i])
        said = False
        if not is_normal:
            said, now[i], out[0, i], out[1, i], out[2, i] = _by_boundary(option, work)
        if not said:
            now[i], out[0, i], out[1, i], out[2, i] = _by_tree(option, is_normal, work)


def _premiums(options: Options, *, is_normal: bool) -> tuple[NDArray[np.bool_], Floats]:
    now, out = np.zeros(options.spot.size, np.bool_), np.zeros((3, options.spot.size))
    _fill(options.columns(), is_normal, now, out)
    return now, out


def _closed(options: Options, *, is_normal: bool) -> Greeks:
    return normal_greeks(options) if is_normal else lognormal_greeks(options)


def _priced(options: Options, closed: Floats, now: NDArray[np.bool_], value: Floats) -> Floats:
    """Return the European price and the premium, never less than exercise now pays before the last day."""
    intrinsic = np.where(options.years > 0.0, options.sign * (options.spot - options.strike), 0.0)
    late = (options.years <= 0.0) | (value == 0.0)
    above = np.where(late & ~now, closed, np.maximum(closed + np.maximum(value, 0.0), intrinsic))
    return np.asarray(np.where(now, np.maximum(intrinsic, 0.0), above))


def early_prices(options: Options, *, is_normal: bool = False) -> Floats:
    """Return prices of American options, shape (n,), without a checkpoint between them.

    Options of the same years, vol, rate and carry should stand side by side: they share a boundary.
    """
    held = options if is_normal else replace(options, spot=np.maximum(options.spot, 0.0))
    now, out = _premiums(held, is_normal=is_normal)
    return _priced(held, _closed(held, is_normal=is_normal).price, now, out[0])


def early_greeks(options: Options, *, is_normal: bool = False) -> Greeks:
    """Return prices and greeks of American options, without a checkpoint between them."""
    closed = _closed(options, is_normal=is_normal)
    now, (value, slope, curve) = _premiums(options, is_normal=is_normal)
    early = value != 0.0
    price = _priced(options, closed.price, now, value)
    delta, gamma = closed.delta + slope, np.maximum(closed.gamma + curve, 0.0)
    spread = options.vol if is_normal else options.vol * options.spot
    decay = options.rate * price - (options.rate - options.carry) * options.spot * delta - 0.5 * spread**2 * gamma
    vega, rho = _slopes(options, is_normal=is_normal)

    def chosen(pays: Floats | float, otherwise: Floats, european: Floats) -> Floats:
        return np.asarray(np.where(now, pays, np.where(early, otherwise, european)))

    return Greeks(
        price=price,
        delta=chosen(options.sign, delta, closed.delta),
        gamma=chosen(0.0, gamma, closed.gamma),
        vega=chosen(0.0, vega, closed.vega),
        theta=chosen(0.0, decay, closed.theta),
        rho=chosen(0.0, rho, closed.rho),
    )


def _slopes(options: Options, *, is_normal: bool) -> tuple[Floats, Floats]:
    """Return vega and rho by central differences."""
    wide = np.maximum(VOL_BUMP * options.vol, 1e-6)
    high, low = options.vol + wide, np.maximum(options.vol - wide, 0.0)
    step = np.minimum(RATE_BUMP, np.maximum(0.5 * np.abs(options.rate), 1e-5))

    def moved(vol: Floats, rate: Floats) -> Floats:
        carry = options.carry + options.future * rate
        return early_prices(replace(options, vol=vol, rate=options.rate + rate, carry=carry), is_normal=is_normal)

    vega = (moved(high, 0.0 * step) - moved(low, 0.0 * step)) / (high - low)
    return vega, (moved(options.vol, step) - moved(options.vol, -step)) / (2.0 * step)
