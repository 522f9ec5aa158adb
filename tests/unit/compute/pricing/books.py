"""Books that the tests of this folder share."""

from datetime import date
from typing import Any

import numpy as np

from compute.portfolio import Labels, Portfolio

AS_OF = date(2024, 1, 2)
TERMS = ("multiplier", "strike", "underlying_price", "implied_volatility", "dividend_yield", "coupon")
NUMBERS = frozenset(("quantity", "price", "delta", "gamma", "vega", "theta", "duration", "convexity", *TERMS))
DEFAULTS: dict[str, Any] = {"quantity": 1.0, "multiplier": 1.0, "price": np.nan}


def portfolio(*positions: dict[str, Any], **fields: Any) -> Portfolio:
    """A portfolio of positions on the wire's field names."""
    rows = [
        {"symbol": f"S{index}", "asset_class": "equity", "currency": "USD", **DEFAULTS, **row}
        for index, row in enumerate(positions)
    ]
    names = list(dict.fromkeys(name for row in rows for name in row)) or [
        "symbol",
        "asset_class",
        "currency",
        *DEFAULTS,
    ]
    document: dict[str, Any] = {"id": "book", "name": "book", "currency": "USD", "as_of": AS_OF, **fields}
    return Portfolio(
        ids=tuple(f"p{index}" for index in range(len(rows))),
        labels={name: Labels.of([row.get(name) for row in rows]) for name in names if name not in NUMBERS},
        numbers={
            name: np.array([row.get(name, np.nan) for row in rows], dtype=float) for name in names if name in NUMBERS
        },
        **document,
    )


def option(**terms: Any) -> dict[str, Any]:
    """A call on X, one year to go, unless told otherwise."""
    return {
        "instrument": "option", "underlying": "X", "option_type": "call", "exercise": "european",
        "expiry": "2025-01-01",
        "strike": 100.0, "underlying_price": 100.0, "implied_volatility": 0.2, **terms,
    }  # fmt: skip
