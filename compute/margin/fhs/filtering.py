"""Returns filtered by their volatility: what a day's move was worth when it happened, to be worth it today.

J. Hull, A. White, "Incorporating volatility updating into the historical simulation method for value-at-risk",
J. Risk 1 (1998) 5-19: each past return is divided by the volatility forecast for its day and multiplied by today's.
The volatility is exponentially weighted about zero (RiskMetrics Technical Document, 4th ed. (1996), 5.2), its weights
cut off where less than one percent is left and renormalised: what it says of a day depends on a fixed number of
returns before it, wherever the history begins.
"""

import math
from dataclasses import dataclass

import numpy as np

from compute.errors import HistoryError
from compute.margin.fhs.request import Request
from compute.portfolio import Floats
from compute.simulation.covariance import ewma_weights
from compute.simulation.returns import Returns


@dataclass(frozen=True, kw_only=True)
class Filtered:
    """The returns of k factors on t days, filtered; day d is known once d returns are.

    Parameters
    ----------
    returns
        Shape (t, k), log, daily.
    volatility
        Shape (t + 1, k): row d is the forecast for return d, from those before; NaN before `first_volatility`.
    standard
        Shape (k, t): column d is the standardised return over the margin period that ends with return d; NaN where
        the volatilities do not reach.
    first_volatility
        The first day with a volatility.
    """

    returns: Floats
    volatility: Floats
    standard: Floats
    first_volatility: int


def window_volatility(returns: Floats, weights: Floats) -> Floats:
    """Return the volatility about zero under weights (w,) that sum to one, oldest first; shape (t - w + 1, k)."""
    squares = returns**2
    columns = [np.convolve(squares[:, k], weights[::-1], mode="valid") for k in range(squares.shape[1])]
    return np.sqrt(np.stack(columns, axis=1))


def over_horizon(daily: Floats, request: Request) -> Floats:
    """Return daily log returns (t, k) over the margin period that ends with each day; NaN where there is no such."""
    days = request.mpor_days
    if not request.is_overlapping:
        return np.asarray(math.sqrt(days) * daily)
    summed = daily.copy()
    for back in range(1, days):
        summed[back:] += daily[:-back]
    summed[: days - 1] = np.nan
    return summed


def filtered(returns: Returns, request: Request) -> Filtered:
    """Filter returns; raise HistoryError naming the symbols that stand still for as long as a volatility looks back."""
    values, days = returns.values, request.volatility_days
    volatility = np.full((len(values) + 1, values.shape[1]), np.nan)
    volatility[days:] = window_volatility(values, ewma_weights(days, request.decay))
    still = np.any(volatility[days:] == 0.0, axis=0)
    if still.any():
        named = ", ".join(symbol for symbol, bad in zip(returns.symbols, still.tolist(), strict=True) if bad)
        raise HistoryError(
            f"The history of {named} does not move on {days} days in a row: its returns cannot be filtered."
        )
    standard = np.full_like(values, np.nan)
    standard[days:] = values[days:] / volatility[days:-1]
    summed = over_horizon(standard[days:], request)
    standard[days:] = summed
    return Filtered(
        returns=values,
        volatility=volatility,
        standard=np.ascontiguousarray(standard.T),
        first_volatility=days,
    )
