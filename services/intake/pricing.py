"""Prices for the positions that came without one."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from compute.portfolio import Portfolio
from services.intake.faults import Faults, quote
from services.intake.judge import judge_prices


def unpriced_symbols(portfolio: Portfolio) -> tuple[str, ...]:
    """Return the symbols of the positions without a price, each once, in order of first appearance."""
    missing = np.isnan(portfolio.numbers["price"])
    if not missing.any():
        return ()
    symbols = portfolio.labels["symbol"]
    return tuple(symbols.values[code] for code in dict.fromkeys(symbols.codes[missing].tolist()) if code >= 0)


def fill_prices(
    portfolio: Portfolio, prices: Mapping[str, float], *, pointer: str = "/portfolio", partly: bool = False
) -> Portfolio:
    """Return the portfolio with every price filled in; raise InvalidInputError for those without, unless `partly`."""
    price = portfolio.numbers["price"]
    if not np.isnan(price).any():
        return portfolio
    symbols = portfolio.labels["symbol"]
    known = np.array([*(prices.get(symbol, np.nan) for symbol in symbols.values), np.nan])
    filled = np.where(np.isnan(price), known[symbols.codes], price)
    faults = Faults()
    if not partly:
        _report_missing(portfolio, filled, f"{pointer}/positions", faults)
    numbers = {**portfolio.numbers, "price": filled}
    judge_prices(dict(portfolio.labels), numbers, f"{pointer}/positions", faults)
    faults.settle()
    return replace(portfolio, numbers=numbers)


def _report_missing(portfolio: Portfolio, filled: np.ndarray, pointer: str, faults: Faults) -> None:
    texts = portfolio.labels["symbol"].texts()
    for index in np.flatnonzero(np.isnan(filled)).tolist():
        faults.add(
            f"{pointer}/{index}/price",
            f"{quote(texts[index] or '')} came without a price, and none is stored.",
            remedy="Send a price with the position, or store one with POST /api/v1/prices.",
        )
