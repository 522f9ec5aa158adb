"""Daily log returns of the factors from a price history, with its gaps.

The window is the last `lookback` + 1 days of the calendar up to the portfolio's date: nothing later is looked at. A
factor must have a close on at least 90 % of them. Days on which some factor has no close are left out, and the return
over the gap is one observation.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.errors import HistoryError
from compute.market import PriceHistory
from compute.portfolio import Floats, Portfolio

LEAST_OBSERVATIONS = 30
LEAST_COVERAGE = 0.9
STALE_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Returns:
    """Log returns of some factors.

    Parameters
    ----------
    symbols
        Length k.
    values
        Shape (t, k), float64, oldest first, no NaN.
    first, last
        The first and last close used.
    dates
        Shape (t,), datetime64[D]: the close that each return ends with.
    days_left_out
        Days of the window on which some factor had no close.
    """

    symbols: tuple[str, ...]
    values: Floats
    first: date
    last: date
    dates: NDArray[np.datetime64]
    days_left_out: int

    def document(self) -> dict[str, Any]:
        """Return what a result says of its history."""
        return {
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "observations": len(self.values),
            "days_left_out": self.days_left_out,
        }

    def notes(self, portfolio: Portfolio) -> list[str]:
        """Return what a result on these returns takes for granted: a history of some age, rates held still."""
        said = []
        if (behind := (portfolio.as_of - self.last).days) > STALE_DAYS:
            said.append(f"The price history ends {behind} days before the portfolio's date.")
        if any(value != portfolio.currency for value in portfolio.labels["currency"].values):
            said.append("Conversion rates are held at their current level: the risk of the rates is not modelled.")
        return said


def log_returns(
    history: PriceHistory | None, symbols: Sequence[str], *, as_of: date, lookback: int, least: int = LEAST_OBSERVATIONS
) -> Returns:
    """Return the log returns of `symbols` up to `as_of`; raise HistoryError naming the symbols that lack a history."""
    dates, closes = _window(history, symbols, as_of=as_of, lookback=lookback)
    _check_closes(symbols, closes, as_of)
    complete = ~np.isnan(closes).any(axis=1)
    values = np.diff(np.log(closes[complete]), axis=0)
    if len(values) < least:
        raise HistoryError(
            f"{len(values)} common daily returns of {_names(symbols)} up to {as_of} are too few: {least} are needed.",
            remedy="Upload a longer history, or raise `lookback`.",
        )
    _check_movement(symbols, values)
    kept = dates[complete].astype("datetime64[D]")
    used = kept.tolist()
    return Returns(
        symbols=tuple(symbols),
        values=values,
        first=used[0],
        last=used[-1],
        dates=kept[1:],
        days_left_out=int(np.count_nonzero(~complete)),
    )


def _window(
    history: PriceHistory | None, symbols: Sequence[str], *, as_of: date, lookback: int
) -> tuple[NDArray[np.datetime64], Floats]:
    known = {symbol: column for column, symbol in enumerate(history.symbols)} if history else {}
    missing = [symbol for symbol in symbols if symbol not in known]
    if missing or history is None:
        raise HistoryError(
            f"No price history of {_names(missing)}.", remedy="Upload it with POST /api/v1/prices/history."
        )
    stop = int(np.searchsorted(history.dates, np.datetime64(as_of, "D"), side="right"))
    rows = slice(max(0, stop - lookback - 1), stop)
    return history.dates[rows], history.closes[rows][:, [known[symbol] for symbol in symbols]]


def _check_closes(symbols: Sequence[str], closes: Floats, as_of: date) -> None:
    if len(closes) < 2:
        raise HistoryError(f"The history of {_names(symbols)} has no two days up to {as_of}.")
    _refuse(symbols, np.any(closes <= 0, axis=0), "has a close that is not positive: a lognormal model refuses it")
    _refuse(symbols, np.any(np.isinf(closes), axis=0), "has an infinite close")
    coverage = 1.0 - np.isnan(closes).mean(axis=0)
    _refuse(symbols, coverage < LEAST_COVERAGE, f"has a close on less than {LEAST_COVERAGE:.0%} of the window's days")


def _check_movement(symbols: Sequence[str], values: Floats) -> None:
    _refuse(symbols, np.all(values == 0, axis=0), "never moves in the window")


def _refuse(symbols: Sequence[str], wrong: NDArray[np.bool_], why: str) -> None:
    named = [symbol for symbol, bad in zip(symbols, wrong.tolist(), strict=True) if bad]
    if named:
        raise HistoryError(f"The history of {_names(named)} {why}.")


def _names(symbols: Iterable[str]) -> str:
    listed = sorted(symbols)
    return ", ".join(listed[:10]) + (f" and {len(listed) - 10} more" if len(listed) > 10 else "")
