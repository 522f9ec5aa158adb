"""Price histories of two sides: whether they are the same, and one side's with the other's new symbols."""

import numpy as np

from compute.analysis.bridge.sides import Change
from compute.market import PriceHistory


def history_change(earlier: PriceHistory | None, today: PriceHistory | None) -> Change | None:
    """Return how the histories differ; None where they hold the same."""
    one, other = _columns(earlier), _columns(today)
    items = [
        {"name": symbol, "earlier": _words(one.get(symbol)), "today": _words(other.get(symbol))}
        for symbol in dict.fromkeys([*one, *other])
        if not _same(one.get(symbol), other.get(symbol))
    ]
    return Change(words=f"The closes of {len(items):,} symbols are not the same.", items=items) if items else None


def either_history(chosen: PriceHistory | None, other: PriceHistory | None) -> PriceHistory | None:
    """Return one side's histories on its own calendar, with the other's closes of symbols that it has none of."""
    if chosen is None or other is None:
        return chosen if other is None else other
    new = [index for index, symbol in enumerate(other.symbols) if symbol not in set(chosen.symbols)]
    if not new:
        return chosen
    closes = np.full((chosen.dates.size, len(new)), np.nan)
    _, here, there = np.intersect1d(chosen.dates, other.dates, assume_unique=True, return_indices=True)
    closes[here] = other.closes[there][:, new]
    return PriceHistory(
        symbols=(*chosen.symbols, *(other.symbols[index] for index in new)),
        dates=chosen.dates,
        closes=np.concatenate([chosen.closes, closes], axis=1),
    )


_Column = tuple[np.ndarray, np.ndarray]


def _columns(history: PriceHistory | None) -> dict[str, _Column]:
    """Return each symbol's days and closes without the days that are missing: the calendar is shared."""
    found: dict[str, _Column] = {}
    if history is None:
        return found
    for index, symbol in enumerate(history.symbols):
        there = ~np.isnan(history.closes[:, index])
        found[symbol] = history.dates[there], history.closes[there, index]
    return found


def _same(one: _Column | None, other: _Column | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(np.array_equal(first, second) for first, second in zip(one, other, strict=True))


def _words(column: _Column | None) -> str | None:
    if column is None:
        return None
    days = column[0]
    return f"{days.size} closes, {days[0]} to {days[-1]}" if days.size else "no closes"
