"""Which volatility a position's margin is computed with, and from where."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.market import PriceHistory
from compute.portfolio import Floats

SOURCES = ("position", "parameter_set", "class_default", "history")
DECAY = 0.94
TRADING_DAYS = 252.0
MINIMUM_RETURNS = 20

_POSITION, _SET, _DEFAULT, _HISTORY = range(4)


@njit()
def choose(
    classes: NDArray[np.int64],
    symbols: NDArray[np.int64],
    given: Floats,
    by_symbol: Floats,
    history: Floats,
    default: Floats,
    sources: NDArray[np.int8],
) -> Floats:
    """Return each position's volatility: history, position, set's table, class default, the first there is.

    Parameters
    ----------
    classes, symbols
        Shape (n,): index into `default`, index into `by_symbol` and `history`.
    given
        Shape (n,), NaN where a position has none; or empty.
    by_symbol, history
        Shape (symbols,), NaN where a symbol has none; or empty.
    default
        Shape (classes,).
    sources
        Shape (n,), written: index into `SOURCES`.

    Returns
    -------
    Shape (n,), decimals per year.
    """
    chosen = np.empty(classes.size)
    for i in range(classes.size):
        value, source = np.nan, _HISTORY
        if history.size:
            value = history[symbols[i]]
        if value != value and given.size:
            value, source = given[i], _POSITION
        if value != value and by_symbol.size:
            value, source = by_symbol[symbols[i]], _SET
        if value != value:
            value, source = default[classes[i]], _DEFAULT
        chosen[i] = value
        sources[i] = source
    return chosen


def ewma(closes: Floats) -> float:
    """Return the annual volatility of one symbol's closes, or NaN where they do not allow one.

    RiskMetrics Technical Document (1996), 5.2: zero mean, decay 0.94, weights renormalised over the sample; 252 days.

    Parameters
    ----------
    closes
        Shape (t,), oldest first; NaN where a day is missing. A return over missing days counts as one day's. Fewer than
        20 returns, or a close that is not positive, give NaN.
    """
    there = closes[~np.isnan(closes)]
    if there.size <= MINIMUM_RETURNS or (there <= 0.0).any():
        return float("nan")
    returns = np.diff(np.log(there))[::-1]
    weights = DECAY ** np.arange(returns.size)
    return float(np.sqrt(TRADING_DAYS * (weights @ returns**2) / weights.sum()))


def from_history(history: PriceHistory, symbols: tuple[str, ...], as_of: date) -> Floats:
    """Return the EWMA volatility of each symbol up to and including a day, shape (symbols,); NaN where none."""
    until = int(np.searchsorted(history.dates, np.datetime64(as_of), side="right"))
    column = {symbol: index for index, symbol in enumerate(history.symbols)}
    found = [ewma(history.closes[:until, column[symbol]]) if symbol in column else float("nan") for symbol in symbols]
    return np.array(found, dtype=np.float64)
