"""Backtest of filtered historical simulation: 20 names x 33 years of real closes in one run, against a numpy loop.

Issue 3 sets five seconds for the run; it sets no ratio. The run is the whole measure: filtering, the margin of each of
6,909 days over 1,250 returns, the losses, the tests and the procyclicality figures.
"""

import csv
import gzip
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks import _fhs_reference as reference
from benchmarks.harness import Line, compare, figure, race
from compute.margin.backtest.fhs import backtest
from compute.margin.fhs.request import Request
from compute.market import Market, PriceHistory
from compute.portfolio import Labels, Portfolio
from compute.result import Result, no_checkpoint

PRICES = Path(__file__).parents[1] / "examples" / "data" / "sp500_20_prices_1990_2022.csv.gz"
LIMIT_SECONDS = 5.0


def history() -> PriceHistory:
    """Return the example closes."""
    with gzip.open(PRICES, "rt", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return PriceHistory(
        symbols=tuple(header[1:]),
        dates=np.array([row[0] for row in rows], dtype="datetime64[D]"),
        closes=np.array([[float(cell) for cell in row[1:]] for row in rows]),
    )


def book(prices: PriceHistory) -> Portfolio:
    """Return a long/short book in all names at their last close."""
    count = len(prices.symbols)
    return Portfolio(
        id="benchmark",
        name="benchmark",
        currency="USD",
        as_of=date(2022, 12, 28),
        ids=prices.symbols,
        labels={
            "symbol": Labels.of(prices.symbols),
            "asset_class": Labels.of(["equity"] * count),
            "currency": Labels.of(["USD"] * count),
        },
        numbers={
            "quantity": np.where(np.arange(count) % 3 == 0, -700.0, 1_000.0),
            "price": prices.closes[-1],
            "multiplier": np.ones(count),
        },
    )


def run() -> Iterator[Line]:
    """Time both; `error` is the largest relative difference of any day's VaR, ES or loss from the loop's."""
    prices = history()
    portfolio, market, request = book(prices), Market(history=prices), Request.of({})
    amounts = portfolio.numbers["quantity"] * portfolio.numbers["price"]

    def ours() -> Result:
        return backtest(portfolio, market, {}, no_checkpoint)

    def peer() -> tuple[reference.Floats, reference.Floats, reference.Floats]:
        return reference.path(
            prices.closes,
            amounts,
            decay=request.decay,
            lookback=request.lookback,
            mpor_days=request.mpor_days,
            confidence=request.confidence,
        )

    timed = race(ours, peer, rounds=5, warm_up=1)
    found = ours().tables["path"]
    pairs = zip(("core_var", "core_es", "loss"), peer(), strict=True)
    error = max(float(np.max(np.abs(found[name] - slow) / np.max(np.abs(slow)))) for name, slow in pairs)
    yield figure(
        "fhs", "backtest of 20 names x 33 years", timed.ours_ms / 1e3, unit="s", limit=LIMIT_SECONDS, sense="max"
    )
    yield compare("fhs", timed, peer="numpy loop over the days", target_ratio=None, error=error)
