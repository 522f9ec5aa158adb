"""Accounts that the tests of this folder share."""

from dataclasses import replace
from typing import Any

import numpy as np

from compute.margin.portfolio_margin.request import PARAMETERS
from compute.market import Market
from compute.measures import measure
from compute.portfolio import Portfolio
from compute.result import Result, check_finite, no_checkpoint
from tests.unit.compute.pricing import books

DEFAULTS = {name: spec.default for name, spec in PARAMETERS.items()}


def stock(symbol: str, quantity: float, price: float, **more: Any) -> dict[str, Any]:
    return {"symbol": symbol, "instrument": "stock", "quantity": quantity, "price": price, **more}


def option(symbol: str, quantity: float, strike: float, underlying_price: float, **more: Any) -> dict[str, Any]:
    return {
        "symbol": f"{symbol} {strike:g}", "underlying": symbol, "instrument": "option", "option_type": "call",
        "exercise": "european", "expiry": "2024-04-01", "strike": strike, "underlying_price": underlying_price,
        "implied_volatility": 0.25, "multiplier": 100.0, "quantity": quantity, "price": 1.0, **more,
    }  # fmt: skip


def portfolio(*positions: dict[str, Any], **fields: Any) -> Portfolio:
    """A portfolio of positions on the wire's field names, `leverage` and `settlement_price` among them."""
    more = ("leverage", "settlement_price")
    bare = [{name: value for name, value in row.items() if name not in more} for row in positions]
    book = books.portfolio(*bare, **fields)
    columns = {name: np.array([row.get(name, np.nan) for row in positions], dtype=float) for name in more}
    return replace(book, numbers={**book.numbers, **columns})


def calculate(*positions: dict[str, Any], fields: dict[str, Any] | None = None, **parameters: Any) -> Result:
    return run(portfolio(*positions, **(fields or {})), **parameters)


def run(book: Portfolio, **parameters: Any) -> Result:
    kernel = measure("margin").models["portfolio_margin"].kernel
    return check_finite(kernel(book, Market(), {**DEFAULTS, **parameters}, no_checkpoint))


def requirement(*positions: dict[str, Any], **parameters: Any) -> float:
    return float(calculate(*positions, **parameters).document["initial_margin"])
