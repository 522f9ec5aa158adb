"""European options in closed form: lognormal (Black-Scholes-Merton, Black-76, Garman-Kohlhagen) and normal (Bachelier).

One formula serves all lognormal ones: the yield is the dividend yield of a stock or index, the foreign rate of a
currency pair, and the rate itself of a future. Without time or volatility the limits hold: the discounted intrinsic
value of the forward, delta one half at the kink, no gamma there.

Units: vega per 1.00 of volatility, rho per 1.00 of the rate, theta per year of calendar time, gamma and delta per unit
of the underlying. `sign` is +1 for a call and -1 for a put. `future` is 1 where the underlying is a future, whose price
a change of the rate leaves alone, else 0.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.jit import njit
from compute.portfolio import Floats
from compute.pricing.elementary import DOUBLES, FARTHEST, FAST, SMALLEST, bell_of, density, distribution, exp, log


@dataclass(frozen=True, kw_only=True)
class Greeks:
    """Value and sensitivities of one unit, each shape (n,), in the instrument's own currency."""

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats

    @classmethod
    def zeros(cls, count: int) -> "Greeks":
        """Return columns of zeros."""
        return cls(**{name: np.zeros(count) for name in NAMES})

    def columns(self) -> tuple[Floats, ...]:
        """Return the six columns in order."""
        return self.price, self.delta, self.gamma, self.vega, self.theta, self.rho


NAMES = ("price", "delta", "gamma", "vega", "theta", "rho")


@njit(**FAST)
def _within(x: Any) -> Any:
    return min(max(x, -FARTHEST), FARTHEST)


@njit(**FAST)
def _moments(spot: Any, strike: Any, years: Any, vol: Any, rate: Any, carry: Any) -> Any:
    """Return (d1, d2, exp(-qT), discounted strike, exp(-d1²/2), exp(-d2²/2), sqrt(years))."""
    root = np.sqrt(years)
    deviation = max(vol * root, SMALLEST)
    ratio = min(max(spot, SMALLEST) / max(strike, SMALLEST), 1e100)
    d1 = (log(ratio) + (rate - carry) * years) / deviation + 0.5 * deviation
    d2 = _within(d1 - deviation)
    d1 = _within(d1)
    shrink = exp(-carry * years)
    k = strike * exp(-rate * years)
    bell1 = bell_of(d1)
    bell2 = bell1 * min(max(spot, 0.0) * shrink / max(k, SMALLEST), 1e100)  # K e^(-rT) φ(d2) = S e^(-qT) φ(d1)
    return d1, d2, shrink, k, bell1, bell2, root


@njit(**FAST)
def lognormal_price(spot: Any, strike: Any, years: Any, vol: Any, rate: Any, carry: Any, sign: Any) -> Any:
    """Return the Black-Scholes-Merton price."""
    d1, d2, shrink, k, bell1, bell2, _ = _moments(spot, strike, years, vol, rate, carry)
    s = max(spot, 0.0) * shrink
    return max(sign * (s * distribution(sign * d1, bell1) - k * distribution(sign * d2, bell2)), 0.0)


@njit(**FAST)
def lognormal(spot: Any, strike: Any, years: Any, vol: Any, rate: Any, carry: Any, sign: Any, future: Any) -> Any:
    """Return the Black-Scholes-Merton price and greeks."""
    d1, d2, shrink, k, bell1, bell2, root = _moments(spot, strike, years, vol, rate, carry)
    s, chance = max(spot, 0.0) * shrink, distribution(sign * d1, bell1)
    share = s * chance
    cash = k * distribution(sign * d2, bell2)
    price = max(sign * (share - cash), 0.0)
    level = max(spot, SMALLEST)
    bell = s * density(bell1)
    deviation = vol * root
    # without time or volatility gamma is a point mass at the kink, which is left out
    gamma = shrink * density(bell1) / (level * max(deviation, SMALLEST)) if deviation > 0.0 else 0.0
    decay = 0.5 * bell * vol / max(root, SMALLEST)
    theta = sign * (carry * share - rate * cash) - decay if years > 0.0 else 0.0
    rho = years * ((1.0 - future) * sign * cash - future * price)
    return price, sign * shrink * chance, gamma, bell * root, theta, rho


@njit(**FAST)
def _normal_moments(spot: Any, strike: Any, years: Any, vol: Any, rate: Any, carry: Any) -> Any:
    """Return (forward - strike, its deviation, its distance in deviations, discount factor, spot's discount)."""
    discount = exp(-rate * years)
    grown = exp((rate - carry) * years)
    gap = spot * grown - strike
    deviation = vol * np.sqrt(years)
    return gap, deviation, _within(gap / max(deviation, SMALLEST)), discount, discount * grown


@njit(**FAST)
def normal_price(spot: Any, strike: Any, years: Any, vol: Any, rate: Any, carry: Any, sign: Any) -> Any:
    """Return the Bachelier price: the forward is normal with deviation vol · sqrt(years), vol in units of price."""
    gap, deviation, d, discount, _ = _normal_moments(spot, strike, years, vol, rate, carry)
    bell = bell_of(d)
    return discount * max(sign * gap * distribution(sign * d, bell) + deviation * density(bell), 0.0)


@njit(**FAST)
def normal(spot: Any, strike: Any, years: Any, vol: Any, rate: Any, carry: Any, sign: Any, future: Any) -> Any:
    """Return the Bachelier price and greeks."""
    gap, deviation, d, discount, slope = _normal_moments(spot, strike, years, vol, rate, carry)
    bell = bell_of(d)
    chance = distribution(sign * d, bell)
    price = discount * max(sign * gap * chance + deviation * density(bell), 0.0)
    root = np.sqrt(years)
    delta = sign * chance * slope
    gamma = slope * slope / discount * density(bell) / max(deviation, SMALLEST) if deviation > 0.0 else 0.0
    vega = discount * density(bell) * root
    decay = 0.5 * discount * density(bell) * vol / max(root, SMALLEST)
    theta = rate * price - (rate - carry) * spot * delta - decay if years > 0.0 else 0.0
    rho = years * (spot * delta * (1.0 - future) - price)
    return price, delta, gamma, vega, theta, rho


@njit(fastmath=DOUBLES)
def _fill_lognormal(
    inputs: tuple[Floats, ...],
    price: Floats,
    delta: Floats,
    gamma: Floats,
    vega: Floats,
    theta: Floats,
    rho: Floats,
) -> None:
    spot, strike, years, vol, rate, carry, sign, future = inputs
    for i in range(price.size):
        price[i], delta[i], gamma[i], vega[i], theta[i], rho[i] = lognormal(
            spot[i], strike[i], years[i], vol[i], rate[i], carry[i], sign[i], future[i]
        )


@njit(fastmath=DOUBLES)
def _fill_normal(
    inputs: tuple[Floats, ...],
    price: Floats,
    delta: Floats,
    gamma: Floats,
    vega: Floats,
    theta: Floats,
    rho: Floats,
) -> None:
    spot, strike, years, vol, rate, carry, sign, future = inputs
    for i in range(price.size):
        price[i], delta[i], gamma[i], vega[i], theta[i], rho[i] = normal(
            spot[i], strike[i], years[i], vol[i], rate[i], carry[i], sign[i], future[i]
        )


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options as columns, each shape (n,), float64, finite; not judged again here.

    Parameters
    ----------
    spot, strike
        Price of the underlying, and strike, in one currency.
    years
        To expiry, ACT/365F, at least 0.
    vol
        Per square root of a year: relative where lognormal, in units of price where normal; at least 0.
    rate, carry
        Continuous; carry is the dividend yield, the foreign rate, or the rate itself for a future.
    sign
        +1 call, -1 put.
    future
        1 where the underlying is a future, else 0.
    """

    spot: Floats
    strike: Floats
    years: Floats
    vol: Floats
    rate: Floats
    carry: Floats
    sign: Floats
    future: Floats

    def columns(self) -> tuple[Floats, ...]:
        """Return the columns in order, contiguous."""
        chosen = (self.spot, self.strike, self.years, self.vol, self.rate, self.carry, self.sign, self.future)
        return tuple(np.ascontiguousarray(column, dtype=np.float64) for column in chosen)

    def take(self, rows: Any) -> "Options":
        """Return some of the rows."""
        return Options(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


def lognormal_greeks(options: Options, out: Greeks | None = None) -> Greeks:
    """Return Black-Scholes-Merton prices and greeks of European options; `out` is filled where given."""
    out = Greeks.zeros(options.spot.size) if out is None else out
    _fill_lognormal(options.columns(), *out.columns())
    return out


def normal_greeks(options: Options, out: Greeks | None = None) -> Greeks:
    """Return Bachelier prices and greeks of European options; `out` is filled where given."""
    out = Greeks.zeros(options.spot.size) if out is None else out
    _fill_normal(options.columns(), *out.columns())
    return out
