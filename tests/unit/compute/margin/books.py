"""Build portfolios from rows, as intake would, and take them through the measures."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from compute.market import Market
from compute.measures import measure
from compute.portfolio import Labels, Portfolio
from compute.result import check_finite, no_checkpoint

Row = Mapping[str, Any]
PARAMETERS = {"model": "house", "version": "1.0", "volatility": "given"}
TEXTS = ("sector", "instrument", "underlying", "option_type", "expiry", "maturity")
NUMBERS = ("settlement_price", "duration", "implied_volatility", "delta", "gamma", "vega", "strike")


def row(symbol: str, asset_class: str, quantity: float, price: float, **more: Any) -> dict[str, Any]:
    return {"symbol": symbol, "asset_class": asset_class, "quantity": quantity, "price": price, **more}


def book(rows: Sequence[Row], **fields: Any) -> Portfolio:
    labels = {
        "symbol": Labels.of(item["symbol"] for item in rows),
        "asset_class": Labels.of(item["asset_class"] for item in rows),
        "currency": Labels.of(item.get("currency", "USD") for item in rows),
    }
    labels |= {name: Labels.of(item.get(name) for item in rows) for name in TEXTS if any(name in item for item in rows)}
    numbers = {
        "quantity": np.array([float(item["quantity"]) for item in rows]),
        "price": np.array([float(item["price"]) for item in rows]),
        "multiplier": np.array([float(item.get("multiplier", 1.0)) for item in rows]),
    }
    for name in NUMBERS:
        if any(item.get(name) is not None for item in rows):
            numbers[name] = np.array([np.nan if item.get(name) is None else float(item[name]) for item in rows])
    given = {"id": "p", "name": "p", "currency": "USD", "as_of": date(2025, 1, 2), "available_cash": 1e7, **fields}
    return Portfolio(ids=tuple(f"i{k}" for k in range(len(rows))), labels=labels, numbers=numbers, **given)


def calculate(portfolio: Portfolio, *, name: str = "margin", market: Market | None = None, **parameters: Any) -> Any:
    """Return (document, positions table) of a margin, or the document of an optimise."""
    result = measure(name).kernel(portfolio, market or Market(), {**PARAMETERS, **parameters}, no_checkpoint)
    check_finite(result)
    return (result.document, result.tables["positions"]) if name == "margin" else result.document
