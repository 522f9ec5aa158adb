"""Books and markets that the tests of this folder share."""

from typing import Any

import numpy as np

from compute.margin.backtest.fhs import backtest
from compute.margin.fhs.margin import margin
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from compute.result import Result, check_finite, no_checkpoint
from tests.unit.compute.simulation.books import made_history, portfolio


def compute(book: Portfolio, market: Market, **parameters: Any) -> Result:
    return check_finite(margin(book, market, parameters, no_checkpoint))


def run_backtest(book: Portfolio, market: Market, **parameters: Any) -> Result:
    return check_finite(backtest(book, market, parameters, no_checkpoint))


def gaussian(days: int, factors: int, *, seed: int = 7, volatility: float = 0.01) -> Floats:
    return volatility * np.random.default_rng(seed).standard_normal((days, factors))


def names(count: int) -> tuple[str, ...]:
    return tuple(f"N{index}" for index in range(count))


def made(returns: Floats, amounts: list[float], **fields: Any) -> tuple[Portfolio, Market]:
    """A book with the given exposures at a price of 100, and the history of its names."""
    symbols = names(returns.shape[1])
    history = made_history(returns, symbols)
    book = portfolio(list(symbols), [amount / 100.0 for amount in amounts], [100.0] * len(symbols), **fields)
    return book, Market(history=history)
