"""Random books of listed options, for timing."""

import random
from datetime import date
from typing import Any

import numpy as np

from compute.portfolio import Labels, Portfolio

NAMES = 100
EXPIRIES = ("2026-12-18", "2027-01-15", "2027-03-19", "2027-06-18")


def positions(count: int, seed: int, prefix: str, *, exercise: str) -> list[dict[str, Any]]:
    """Return options on a hundred stocks in the wire's words, long and short, each with its volatility."""
    draw = random.Random(seed)  # noqa: S311
    return [_position(f"{prefix}{index}", draw, exercise) for index in range(count)]


def _position(name: str, draw: random.Random, exercise: str) -> dict[str, Any]:
    stock = draw.randrange(NAMES)
    spot = 50.0 + 2.0 * stock
    strike = float(round(spot * draw.lognormvariate(0.0, 0.15)))
    expiry, kind = draw.choice(EXPIRIES), draw.choice(("call", "put"))
    return {
        "id": name,
        "symbol": f"U{stock} {expiry} {kind} {strike:g}",
        "asset_class": "equity",
        "currency": "USD",
        "instrument": "option",
        "underlying": f"U{stock}",
        "option_type": kind,
        "exercise": exercise,
        "expiry": expiry,
        "quantity": float(draw.choice((-1, 1)) * draw.randrange(1, 50)),
        "price": 5.0,
        "multiplier": 100.0,
        "strike": strike,
        "underlying_price": spot,
        "implied_volatility": round(draw.uniform(0.15, 0.6), 4),
    }


def book(count: int, seed: int, prefix: str = "p", *, exercise: str = "american") -> Portfolio:
    """Return such positions as a portfolio."""
    rows = positions(count, seed, prefix, exercise=exercise)
    texts = [name for name, value in rows[0].items() if isinstance(value, str) and name != "id"]
    numbers = [name for name, value in rows[0].items() if isinstance(value, float)]
    return Portfolio(
        id="options",
        name="options",
        currency="USD",
        as_of=date(2026, 11, 20),
        ids=tuple(row["id"] for row in rows),
        labels={name: Labels.of([row[name] for row in rows]) for name in texts},
        numbers={name: np.array([row[name] for row in rows]) for name in numbers},
        rates={"USD": 0.04},
        available_cash=1e8,
    )
