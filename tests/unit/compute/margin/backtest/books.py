"""Books with a made-up past, and what a walk is asked with."""

from datetime import date
from typing import Any

import numpy as np

from compute.margin.backtest.past import Past, open_past
from compute.margin.backtest.plan import PARAMETERS, Plan
from compute.margin.models import MODELS
from compute.market import Market, PriceHistory
from compute.portfolio import Floats, Portfolio
from compute.result import no_checkpoint
from tests.unit.compute.analysis.books import portfolio

AS_OF = date(2026, 1, 30)


def history(closes: Floats, *symbols: str, last: date = AS_OF) -> PriceHistory:
    """Closes (t, k) on consecutive days that end on `last`."""
    dates = np.datetime64(last, "D") - np.arange(len(closes))[::-1]
    return PriceHistory(symbols=symbols, dates=dates, closes=np.asarray(closes, dtype=np.float64))


def walked(days: int, names: int, *, seed: int = 5, volatility: float = 0.01, level: float = 100.0) -> Floats:
    """Random closes (days, names), each name ending at the level."""
    steps = volatility * np.random.default_rng(seed).standard_normal((days, names))
    steps[0] = 0.0
    path = np.exp(steps.cumsum(axis=0))
    return level * path / path[-1]


def stock(symbol: str, quantity: float, price: float = 100.0, **more: Any) -> dict[str, Any]:
    named = {"id": symbol, "symbol": symbol, "asset_class": "equity"}
    return {**named, "quantity": quantity, "price": price, "multiplier": 1.0, **more}


def option(name: str, underlying: str, quantity: float, **more: Any) -> dict[str, Any]:
    """A European call, 100 struck, a third of a year to go."""
    return {
        **stock(name, quantity, 5.0),
        "instrument": "option",
        "underlying": underlying,
        "underlying_price": 100.0,
        "option_type": "call",
        "exercise": "european",
        "strike": 100.0,
        "expiry": "2026-05-30",
        "implied_volatility": 0.25,
        "multiplier": 100.0,
        **more,
    }


def plan(**given: Any) -> Plan:
    return Plan.of({name: given.get(name, one.default) for name, one in PARAMETERS.items()})


def defaults(model: str, **given: Any) -> dict[str, Any]:
    """Return a model's parameters as intake fills them in."""
    return {"model": model, **{name: one.default for name, one in MODELS[model].parameters.items()}, **given}


def past_of(book: Portfolio, known: PriceHistory) -> Past:
    return open_past(book, known, no_checkpoint)


def long_short(days: int = 400, **fields: Any) -> tuple[Portfolio, Market]:
    """A long and a short, and random closes of both."""
    return portfolio([stock("A", 100.0), stock("B", -60.0)], as_of=AS_OF, **fields), Market(
        history=history(walked(days, 2), "A", "B")
    )
