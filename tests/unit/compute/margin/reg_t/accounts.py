"""Build accounts from short rows and take them through the model."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from compute.margin.reg_t.model import margin
from compute.market import Market
from compute.portfolio import Labels, Portfolio
from compute.result import check_finite, no_checkpoint

AS_OF = date(2026, 3, 2)
NEAR, FAR, LEAP = "2026-04-17", "2026-06-19", "2027-09-17"
TEXTS = (
    "sector", "instrument", "underlying", "option_type", "exercise", "expiry", "maturity", "index_class", "issuer",
    "rating",
)  # fmt: skip
NUMBERS = ("strike", "underlying_price", "leverage", "coupon", "settlement_price")

Row = Mapping[str, Any]


def option(kind: str, quantity: float, strike: float | None, price: float, **more: Any) -> dict[str, Any]:
    """An option on XYZ at 100 that expires soon, unless said otherwise."""
    row: dict[str, Any] = {"symbol": f"XYZ {kind} {strike} {more.get('expiry', NEAR)}", "asset_class": "derivative"}
    row |= {"instrument": "option", "underlying": "XYZ", "underlying_price": 100.0, "option_type": kind}
    return {**row, "quantity": quantity, "strike": strike, "price": price, "multiplier": 100.0, "expiry": NEAR, **more}


def call(quantity: float, strike: float | None, price: float, **more: Any) -> dict[str, Any]:
    return option("call", quantity, strike, price, **more)


def put(quantity: float, strike: float | None, price: float, **more: Any) -> dict[str, Any]:
    return option("put", quantity, strike, price, **more)


def stock(quantity: float, price: float = 100.0, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"symbol": "XYZ", "asset_class": "equity", "instrument": "stock"}
    return {**row, "quantity": quantity, "price": price, **more}


def account(rows: Sequence[Row], **fields: Any) -> Portfolio:
    labels = {
        "symbol": Labels.of(row["symbol"] for row in rows),
        "asset_class": Labels.of(row["asset_class"] for row in rows),
        "currency": Labels.of(row.get("currency", "USD") for row in rows),
    }
    labels |= {name: Labels.of(row.get(name) for row in rows) for name in TEXTS if any(name in row for row in rows)}
    numbers = {
        "quantity": np.array([float(row["quantity"]) for row in rows]),
        "price": np.array([float(row["price"]) for row in rows]),
        "multiplier": np.array([float(row.get("multiplier", 1.0)) for row in rows]),
    }
    for name in NUMBERS:
        if any(row.get(name) is not None for row in rows):
            numbers[name] = np.array([np.nan if row.get(name) is None else float(row[name]) for row in rows])
    given = {"id": "p", "name": "p", "currency": "USD", "as_of": AS_OF, "available_cash": 1e6, **fields}
    return Portfolio(ids=tuple(f"i{k}" for k in range(len(rows))), labels=labels, numbers=numbers, **given)


def calculate(rows: Sequence[Row], **fields: Any) -> dict[str, Any]:
    """Return the model's document for rows."""
    result = margin(account(rows, **fields), Market(), {"version": "2026-06"}, no_checkpoint)
    check_finite(result)
    return dict(result.document)


def names(document: Mapping[str, Any]) -> list[str]:
    return sorted(item["strategy"] for item in document["strategies"])
