"""Compile or load every kernel before the first job, so that no job pays for it."""

from collections.abc import Callable
from datetime import date
from functools import partial
from time import perf_counter

import numpy as np

from compute.margin.reg_t.branch import branch_and_bound
from compute.market import Market, PriceHistory
from compute.measures import MEASURES, MeasureSpec, Takes
from compute.portfolio import Labels, Portfolio
from compute.pricing.american import early_prices
from compute.pricing.book import prepare, reprice
from compute.pricing.european import Options
from compute.result import no_checkpoint
from compute.simulation.gbm import terminal

SYMBOLS = ("A", "B")
DAYS = 1_600  # enough for a backtest's default lookback


def warm() -> dict[str, float]:
    """Run every kernel once on a small input; return the milliseconds that each took."""
    steps: dict[str, Callable[[], object]] = {"gbm": _gbm, "options": _options, "reg_t": _pairing}
    steps["delta_gamma"] = _exact
    for name, measure in MEASURES.items():
        for model, spec in measure.variants():
            if Takes.POSITIONS in spec.takes and spec.is_timed:
                steps[f"{name} {model}".strip()] = partial(_measure, spec)
    return {name: _timed(step) for name, step in steps.items()}


def _timed(step: Callable[[], object]) -> float:
    began = perf_counter()
    step()
    return (perf_counter() - began) * 1e3


def _gbm() -> None:
    terminal(spot=1.0, drift=0.0, volatility=0.2, years=1.0, start=0, stop=1, seed=0)


def _options() -> None:
    """Price an American option each way, and revalue it."""
    ones = np.ones(1)
    rates = {"rate": 0.05 * ones, "carry": 0.02 * ones}
    terms = Options(spot=ones, strike=ones, years=ones, vol=0.2 * ones, sign=ones, future=0.0 * ones, **rates)
    for is_normal in (False, True):
        early_prices(terms, is_normal=is_normal)
    book = prepare(_portfolio())
    reprice(book, np.zeros((len(book.underlyings), 1)))


def _pairing() -> None:
    """Pair a vertical spread by branch and cut; the program of the warm-up portfolio has no options to pair."""
    one = np.ones(2)
    whole = np.array([True, True, False])
    bounds = np.array([0.0, 0.0, 0.0]), np.array([1.0, 1.0, 1.0])
    branch_and_bound(-one, one, one[None, :], *bounds, whole, whole[:2], 1, 1e6)


def _exact() -> None:
    parameters = {name: parameter.default for name, parameter in MEASURES["var"].parameters.items()}
    MEASURES["var"].kernel(_portfolio(), _market(), {**parameters, "method": "delta_gamma"}, no_checkpoint)


def _measure(spec: MeasureSpec) -> None:
    parameters = {name: parameter.default for name, parameter in spec.parameters.items()}
    few = {"paths": 1_000} if "paths" in parameters else {}
    spec.kernel(_portfolio(), _market(), {**parameters, **spec.sample, **few}, no_checkpoint)


def _portfolio() -> Portfolio:
    return Portfolio(
        id="warm-up",
        name="warm-up",
        currency="USD",
        as_of=date(2020, 6, 30),
        ids=SYMBOLS,
        labels={name: Labels.of([text, text]) for name, text in (("asset_class", "equity"), ("currency", "USD"))}
        | {"symbol": Labels.of(SYMBOLS)},
        numbers={"quantity": np.array([1.0, -1.0]), "price": np.ones(2), "multiplier": np.ones(2)},
    )


def _market() -> Market:
    days = np.arange(DAYS)
    closes = np.exp(0.01 * np.stack([np.sin(days), np.cos(1.7 * days)], axis=1))
    dates = np.datetime64("2016-01-01", "D") + days
    return Market(history=PriceHistory(symbols=SYMBOLS, dates=dates, closes=closes))
