"""Accounts and exchanges that the tests of this folder share."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compute.margin.span.request import PARAMETERS
from compute.market import Market
from compute.measures import measure
from compute.result import Result, check_finite, no_checkpoint
from tests.unit.compute.pricing.books import portfolio

DEFAULTS = {name: spec.default for name, spec in PARAMETERS.items()}


def future(symbol: str, quantity: float, price: float, **more: Any) -> dict[str, Any]:
    return {
        "symbol": symbol, "asset_class": "commodity", "instrument": "future",
        "quantity": quantity, "price": price, "multiplier": 50.0, **more,
    }  # fmt: skip


def option(symbol: str, quantity: float, strike: float, **more: Any) -> dict[str, Any]:
    return {
        "symbol": f"{symbol} C{strike:g}", "underlying": symbol, "asset_class": "commodity", "instrument": "option",
        "option_type": "call", "exercise": "european", "expiry": "2024-04-01", "strike": strike,
        "underlying_price": 400.0, "implied_volatility": 0.3, "multiplier": 50.0, "quantity": quantity, "price": 20.0,
        **more,
    }  # fmt: skip


def commodity(*months: str, name: str = "C", **more: Any) -> dict[str, Any]:
    """A commodity with contracts named after it and the month's number: CH, CK, CN."""
    found = {f"{name}{'HKNUZ'[index]}": {"month": month} for index, month in enumerate(months or ("2024-03",))}
    return {"contracts": found, "price_scan_range": 30.0, "volatility_scan_range": 0.05, **more}


def exchange(*, inter: list[Any] | None = None, more: Mapping[str, Any] | None = None, **commodities: Any) -> Any:
    given = {"currency": "USD", "combined_commodities": commodities, "inter_commodity_spreads": inter or []}
    return {**given, **(more or {})}


def calculate(parameters: Any, *positions: dict[str, Any], **fields: Any) -> Result:
    kernel = measure("margin").models["span"].kernel
    given = {**DEFAULTS, "span_parameters": parameters}
    with np.errstate(invalid="raise", divide="raise"):
        return check_finite(kernel(portfolio(*positions, **fields), Market(), given, no_checkpoint))


def requirement(parameters: Any, *positions: dict[str, Any]) -> float:
    return float(calculate(parameters, *positions).document["initial_margin"])
