"""Portfolios and histories that the tests of this folder share."""

import csv
import gzip
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from compute.market import Market, PriceHistory
from compute.portfolio import Floats, Labels, Portfolio

EXAMPLES = Path(__file__).parents[4] / "examples" / "data" / "sp500_20_prices_1990_2022.csv.gz"
AS_OF = date(2022, 12, 28)


@cache
def real_history() -> PriceHistory:
    with gzip.open(EXAMPLES, "rt", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    closes = np.array([[float(cell) if cell else np.nan for cell in row[1:]] for row in rows])
    dates = np.array([row[0] for row in rows], dtype="datetime64[D]")
    return PriceHistory(symbols=tuple(header[1:]), dates=dates, closes=closes)


def made_history(returns: Floats, symbols: tuple[str, ...], last: date = AS_OF) -> PriceHistory:
    """Closes that start at 100 and move by log returns (t, k), ending on `last`."""
    total = np.vstack([np.zeros(returns.shape[1]), np.cumsum(returns, axis=0)])
    dates = np.datetime64(last, "D") - np.arange(len(total))[::-1]
    return PriceHistory(symbols=symbols, dates=dates, closes=100.0 * np.exp(total))


def portfolio(
    symbols: list[str],
    quantity: list[float],
    price: list[float],
    *,
    numbers: dict[str, list[float]] | None = None,
    labels: dict[str, list[str | None]] | None = None,
    **fields: Any,
) -> Portfolio:
    count = len(symbols)
    columns = {"quantity": quantity, "price": price, "multiplier": [1.0] * count, **(numbers or {})}
    texts: dict[str, list[str | None]] = {
        "symbol": list(symbols),
        "asset_class": ["equity"] * count,
        "currency": ["USD"] * count,
        **(labels or {}),
    }
    document: dict[str, Any] = {"id": "book", "name": "book", "currency": "USD", "as_of": AS_OF, **fields}
    return Portfolio(
        ids=tuple(f"p{index}" for index in range(count)),
        labels={name: Labels.of(values) for name, values in texts.items()},
        numbers={name: np.array(values, dtype=float) for name, values in columns.items()},
        **document,
    )


def real_book() -> tuple[Portfolio, Market]:
    """A long/short book in the twenty names at their last close."""
    history = real_history()
    quantity = [-700.0 if index % 3 == 0 else 1000.0 for index in range(len(history.symbols))]
    return portfolio(list(history.symbols), quantity, history.closes[-1].tolist()), Market(history=history)
