"""A book to time the house margin on, and what its three implementations are compared on."""

from dataclasses import dataclass
from datetime import date
from itertools import permutations

import numpy as np

from compute.margin.tables import HouseSet
from compute.portfolio import Labels, Portfolio

CURRENCIES = ("EUR", "USD", "GBP", "JPY", "CHF", "AUD", "CAD", "NZD")
FX = {"EUR/USD": 1.08, "USD/JPY": 150.0}


@dataclass(frozen=True, kw_only=True)
class Margins:
    """What all three are compared on."""

    gross_initial: float
    initial: float
    gross_maintenance: float
    maintenance: float
    variation: float


def book(table: HouseSet, *, positions: int = 10_000, symbols: int = 4_000, seed: int = 20_250_101) -> Portfolio:
    """Return a random book, long and short, in all classes and three currencies."""
    draw = np.random.default_rng(seed)
    classes = list(table.classes)
    pairs = [f"{one}/{other}" for one, other in permutations(CURRENCIES, 2)]
    of = draw.integers(0, len(classes), symbols)
    names = [pairs[k % len(pairs)] if classes[c] == "fx" else f"SYM{k}" for k, c in enumerate(of)]
    pick = draw.integers(0, symbols, positions)
    fx = classes.index("fx")
    bond, derivative = of == classes.index("bond"), of == classes.index("derivative")
    duration = np.where(bond, draw.uniform(0.1, 25.0, symbols), np.nan)
    delta = np.where(derivative, draw.uniform(-1.0, 1.0, symbols), np.nan)
    return Portfolio(
        id="benchmark",
        name="benchmark",
        currency="USD",
        as_of=date(2025, 1, 2),
        ids=tuple(f"position-{i}" for i in range(positions)),
        labels={
            "symbol": Labels.of(names[k] for k in pick),
            "asset_class": Labels.of(classes[of[k]] for k in pick),
            "currency": Labels.of(("USD", "EUR", "JPY")[k % 3] if of[k] != fx else "USD" for k in pick),
        },
        numbers={
            "quantity": draw.normal(0.0, 1_000.0, positions).round(),
            "price": draw.uniform(5.0, 500.0, positions),
            "multiplier": np.ones(positions),
            "settlement_price": draw.uniform(5.0, 500.0, positions),
            "duration": duration[pick],
            "delta": delta[pick],
            "gamma": (delta * 0.02)[pick],
            "vega": (delta * 0.1)[pick],
            "implied_volatility": np.where(draw.random(positions) < 0.5, draw.uniform(0.05, 0.9, positions), np.nan),
        },
        available_cash=1e9,
        fx=FX,
    )
