"""Books for the tests of the analyses."""

from datetime import date
from typing import Any

import numpy as np

from compute.portfolio import Labels, Portfolio

CLASSES = ("equity", "bond", "fx", "commodity", "crypto")


def portfolio(rows: list[dict[str, Any]], **head: Any) -> Portfolio:
    """Return a portfolio of positions in the wire's words."""
    texts = [name for name in dict.fromkeys(key for row in rows for key in row) if isinstance(_any(rows, name), str)]
    numbers = [name for name in dict.fromkeys(key for row in rows for key in row) if name not in texts]
    filled = [{"currency": "USD", **row} for row in rows]
    return Portfolio(
        **{"id": "b", "name": "b", "currency": "USD", "as_of": date(2026, 1, 30), "available_cash": 1e6, **head},
        ids=tuple(row["id"] for row in rows),
        labels={name: Labels.of([row.get(name) for row in filled]) for name in ("currency", *texts) if name != "id"},
        numbers={"multiplier": np.ones(len(rows))}
        | {name: np.array([row.get(name, np.nan) for row in rows], dtype=np.float64) for name in numbers},
    )


def _any(rows: list[dict[str, Any]], name: str) -> Any:
    return next(row[name] for row in rows if name in row)


def random_book(count: int, seed: int) -> Portfolio:
    """Return a book in several classes, some symbols held long and short."""
    draw = np.random.default_rng(seed)
    return portfolio(
        [
            {
                "id": f"p{index}",
                "symbol": f"S{draw.integers(count // 2 + 1)}",
                "asset_class": CLASSES[index % len(CLASSES)],
                "quantity": float(draw.integers(1, 500) * draw.choice([-1, 1])),
                "price": float(draw.uniform(5, 200)),
                "settlement_price": float(draw.uniform(5, 200)),
            }
            for index in range(count)
        ]
    )
