"""Implied volatility of European and American options, over a whole book.

Chandrupatla's method (Advances in Engineering Software 28, 1997: inverse quadratic steps that fall back to bisection,
as Brent's) for all options at once, inside a bracket that doubles out of a first guess. It runs on the logarithm of
what the option is worth; of a European one in the money that is the option out of the money which put-call parity makes
of it, so that a price far from the strike keeps its digits.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise

from compute.portfolio import Floats
from compute.pricing.american import early_prices
from compute.pricing.european import Options, lognormal_greeks, normal_greeks

GRAIN = 4e-16  # of the larger of discounted spot and strike: what float64 leaves of a difference of both
TINY = 1e-300
FIRST, DOUBLINGS, HALVINGS = 0.2, 13, 22  # from 0.2 up to 1,600 and down to 5e-8
VOL_TOLERANCE = 1e-14  # relative
MOST_ROUNDS = 200


def implied_volatility(
    options: Options, price: Floats, *, american: NDArray[np.bool_] | None = None, is_normal: bool = False
) -> Floats:
    """Return the volatility at which each option is worth its price; `options.vol` is not read.

    Parameters
    ----------
    price
        Shape (n,), per unit of the underlying.
    american
        Shape (n,): American exercise; all European by default.
    is_normal
        Bachelier, volatility in units of price, instead of Black-Scholes-Merton.

    Returns
    -------
    Shape (n,): zero where the price is the lowest that arbitrage allows, or on the expiry date; NaN where the price is
    below that, or where no volatility reaches it.
    """
    early = np.zeros(price.size, np.bool_) if american is None else american
    spot, strike = (
        options.spot * np.exp(-options.carry * options.years),
        options.strike * np.exp(-options.rate * options.years),
    )
    forward = np.maximum(options.sign * (spot - strike), 0.0)
    size = np.maximum(np.abs(spot), np.abs(strike))
    least = np.where(early, np.maximum(forward, options.sign * (options.spot - options.strike)), forward)
    most = np.where(early | is_normal, np.inf, np.where(options.sign > 0.0, spot, strike))
    grain = np.where(least > 0.0, GRAIN * size, 0.0)  # out of the money nothing is subtracted: each digit counts
    out = np.where((price < least - 16.0 * grain) | (price >= most), np.nan, 0.0)
    out[options.years <= 0.0] = 0.0
    open_ = (options.years > 0.0) & (price > least + grain) & (price < most)
    mirrored = ~early & (forward > 0.0)
    target = np.where(mirrored, price - forward, price)
    turned = replace(options, sign=np.where(mirrored, -options.sign, options.sign))
    for exercise in (False, True):
        rows = np.flatnonzero(open_ & (early == exercise))
        if rows.size:
            unit = size[rows] if is_normal else np.ones(rows.size)
            out[rows] = _solve(turned.take(rows), target[rows], unit, early=exercise, is_normal=is_normal)
    return out


def _solve(options: Options, target: Floats, unit: Floats, *, early: bool, is_normal: bool) -> Floats:
    """Return the root of ln(price / target), which rises in vol; zero below the bracket, NaN above it."""
    goal = np.log(np.maximum(target, TINY))

    def miss(vol: Floats, rows: Floats) -> Floats:
        flat = rows.ravel().astype(np.int64)
        some = replace(options.take(flat), vol=np.ascontiguousarray(vol).ravel())
        if early:
            worth = early_prices(some, is_normal=is_normal)
        else:
            worth = (normal_greeks(some) if is_normal else lognormal_greeks(some)).price
        return np.asarray(np.log(np.maximum(worth, TINY)) - goal[flat]).reshape(vol.shape)

    rows = np.arange(target.size, dtype=np.float64)
    low = high = FIRST * unit
    low, high = low.copy(), high.copy()
    at_first = miss(low, rows)
    _widen(high, low, rows[at_first < 0.0], miss, 2.0, DOUBLINGS)
    _widen(low, high, rows[at_first > 0.0], miss, 0.5, HALVINGS)
    found = elementwise.find_root(
        miss, (low, high), args=(rows,), tolerances={"xrtol": VOL_TOLERANCE, "fatol": 0.0}, maxiter=MOST_ROUNDS
    )
    beyond = np.where(at_first < 0.0, np.nan, 0.0)
    solved = np.where(np.isfinite(found.x), found.x, beyond)
    return np.asarray(np.where(at_first == 0.0, FIRST * unit, solved))


def _widen(edge: Floats, other: Floats, rows: Floats, miss, factor: float, rounds: int) -> None:  # type: ignore[no-untyped-def]
    """Move the edge of the bracket out by a factor until the root lies inside, the other edge following."""
    for _ in range(rounds):
        if not rows.size:
            return
        chosen = rows.astype(np.int64)
        other[chosen] = edge[chosen]
        edge[chosen] *= factor
        missed = miss(edge[chosen], rows)
        rows = rows[(missed < 0.0) if factor > 1.0 else (missed > 0.0)]
