"""Implied volatility of European and American options, over a whole book.

Chandrupatla's method (Advances in Engineering Software 28, 1997: inverse quadratic steps that fall back to bisection,
as Brent's) inside a bracket that doubles out of a first guess. It runs on the logarithm of what the option is worth
beyond the forward's intrinsic value, which put-call parity makes the price of the option out of the money: so a price
far from the money keeps its digits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.portfolio import Floats
from compute.pricing.american import LEAD, STEPS, american_price
from compute.pricing.european import Options, lognormal_price, normal_price

GRAIN = 4e-16  # of the larger of discounted spot and strike: what float64 leaves of a difference of both
TINY = 1e-300
FIRST, WIDEST, NARROWEST = 0.2, 1e3, 1e-7
MOST_ROUNDS = 80
VOL_TOLERANCE = 1e-15  # relative


@njit()
def _worth(option: Any, vol: float, american: bool, is_normal: bool, steps: int, work: Floats) -> float:
    spot, strike, years, rate, carry, sign = option
    if american:
        return float(american_price((spot, strike, years, vol, rate, carry, sign), is_normal, steps, work))
    if is_normal:
        return float(normal_price(spot, strike, years, vol, rate, carry, sign))
    return float(lognormal_price(spot, strike, years, vol, rate, carry, sign))


@njit()
def _miss(option: Any, vol: float, target: float, american: bool, is_normal: bool, steps: int, work: Floats) -> float:
    """Return ln(price / target): rising in vol."""
    return float(np.log(max(_worth(option, vol, american, is_normal, steps, work), TINY) / target))


@njit()
def _bracket(option: Any, target: float, unit: float, american: bool, is_normal: bool, steps: int, work: Floats) -> Any:
    """Return (low, miss there, high, miss there); low is zero where even the narrowest volatility is worth more."""
    high = FIRST * unit
    above = _miss(option, high, target, american, is_normal, steps, work)
    low, below = high, above
    while above < 0.0 and high < WIDEST * unit:
        low, below = high, above
        high *= 2.0
        above = _miss(option, high, target, american, is_normal, steps, work)
    while below > 0.0 and low > NARROWEST * unit:
        high, above = low, below
        low *= 0.5
        below = _miss(option, low, target, american, is_normal, steps, work)
    return low, below, high, above


@njit()
def _solve(option: Any, target: float, unit: float, american: bool, is_normal: bool, steps: int, work: Floats) -> float:
    low, below, high, above = _bracket(option, target, unit, american, is_normal, steps, work)
    if above < 0.0:
        return np.nan
    if below >= 0.0:
        return float(low) if below == 0.0 else 0.0
    a, fa, b, fb = high, above, low, below
    c, fc, t = b, fb, 0.5
    for _ in range(MOST_ROUNDS):
        x = a + t * (b - a)
        fx = _miss(option, x, target, american, is_normal, steps, work)
        if (fx > 0.0) == (fa > 0.0):
            c, fc = a, fa
        else:
            c, fc, b, fb = b, fb, a, fa
        a, fa = x, fx
        best = a if abs(fa) < abs(fb) else b
        width = VOL_TOLERANCE * abs(best) / max(abs(b - a), TINY)
        if width > 0.5 or fa == 0.0 or fb == 0.0:
            break
        t = _step(a, fa, b, fb, c, fc)
        t = min(max(t, width), 1.0 - width)
    return float(a if abs(fa) < abs(fb) else b)


@njit()
def _step(a: float, fa: float, b: float, fb: float, c: float, fc: float) -> float:
    """Return the next point as a fraction of the way from a to b."""
    xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
    if phi * phi < xi and (1.0 - phi) * (1.0 - phi) < 1.0 - xi:
        return float(fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb))
    return 0.5


@njit()
def _one(option: Any, price: float, american: bool, is_normal: bool, steps: int, work: Floats) -> float:
    spot, strike, years, rate, carry, sign = option
    if years <= 0.0:
        return 0.0
    s, k = spot * np.exp(-carry * years), strike * np.exp(-rate * years)
    forward = max(sign * (s - k), 0.0)
    grain = GRAIN * max(abs(s), abs(k))
    unit = max(abs(s), abs(k)) if is_normal else 1.0
    least = max(forward, sign * (spot - strike)) if american else forward
    if price < least - 16.0 * grain:
        return np.nan
    if price <= least + grain:
        return 0.0
    if american:
        return _solve(option, price, unit, True, is_normal, steps, work)
    most = s if sign > 0.0 else k
    if not is_normal and price >= most:
        return np.nan
    if sign * (s - k) > 0.0:
        mirrored = (spot, strike, years, rate, carry, -sign)
        return _solve(mirrored, price - forward, unit, False, is_normal, steps, work)
    return _solve(option, price, unit, False, is_normal, steps, work)


@njit()
def _fill(columns: Any, price: Floats, american: NDArray[np.bool_], is_normal: bool, steps: int, out: Floats) -> None:
    spot, strike, years, rate, carry, sign = columns
    work = np.empty((3, steps + LEAD + 1))
    for i in range(out.size):
        option = (spot[i], strike[i], years[i], rate[i], carry[i], sign[i])
        out[i] = _one(option, price[i], american[i], is_normal, steps, work)


def implied_volatility(
    options: Options,
    price: Floats,
    *,
    american: NDArray[np.bool_] | None = None,
    is_normal: bool = False,
    steps: int = STEPS,
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
    steps
        Of the trees of American options.

    Returns
    -------
    Shape (n,): zero where the price is the lowest that arbitrage allows, or on the expiry date; NaN where the price is
    below that, or where no volatility reaches it.
    """
    spot, strike, years, _, rate, carry, sign, _ = options.columns()
    out = np.empty(spot.size)
    exercise = np.zeros(spot.size, np.bool_) if american is None else np.ascontiguousarray(american)
    columns = (spot, strike, years, rate, carry, sign)
    _fill(columns, np.ascontiguousarray(price, dtype=np.float64), exercise, is_normal, steps, out)
    return out
