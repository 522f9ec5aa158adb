"""Filtered historical simulation as a numpy user writes it: a loop over the days, sorted losses; the slow reference."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def volatilities(returns: Floats, decay: float) -> tuple[Floats, int]:
    """Return the volatility forecast of each day that has one, the first of them, oldest weights cut off below 1 %."""
    days = math.ceil(math.log(0.01) / math.log(decay))
    weights = decay ** np.arange(days - 1, -1, -1)
    windows = np.lib.stride_tricks.sliding_window_view(returns**2, days, axis=0)
    return np.sqrt(windows @ (weights / weights.sum())), days


def path(
    closes: Floats, amounts: Floats, *, decay: float, lookback: int, mpor_days: int, confidence: float
) -> tuple[Floats, Floats, Floats]:
    """Return VaR, ES and the loss that followed, of each day that has all three.

    Parameters
    ----------
    closes
        Shape (t, k), no gaps.
    amounts
        Shape (k,): exposures.
    """
    returns = np.diff(np.log(closes), axis=0)
    volatility, first = volatilities(returns, decay)
    standard = returns[first:] / volatility[:-1]
    scenarios = np.lib.stride_tricks.sliding_window_view(standard, mpor_days, axis=0).sum(axis=2)
    count = lookback - mpor_days + 1
    rows = []
    for day in range(first + lookback, len(returns) - mpor_days + 1):
        window = scenarios[day - first - lookback : day - first - lookback + count]
        losses = np.sort(-(np.expm1(window * volatility[day - first]) @ amounts))
        mass = count * (1.0 - confidence)
        rank = math.ceil(round(confidence * count, 9))
        var = losses[rank - 1]
        es = var + (losses[rank:] - var).sum() / mass
        realised = -(np.expm1(returns[day : day + mpor_days].sum(axis=0)) @ amounts)
        rows.append((var, es, realised))
    var_path, es_path, losses_path = np.array(rows).T
    return var_path, es_path, losses_path
