"""A 200-leg account through the reg_t model: from a portfolio's columns to the finished result with its strategies.

The account has twenty underlyings of ten legs: stock in half of them, calls and puts long and short at random strikes
and in three expiries, so that spreads, straddles and covered positions compete for the same contracts. A second account
has all its legs on one underlying, by strategies as people hold them (verticals, condors, butterflies, covered calls);
a third has them there at random, which no desk holds and which is the hardest for the search.

Timed against the same programs solved by HiGHS alone; `error` is the relative difference of the two net deposits.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np

from benchmarks.harness import Line, Race, compare, figure, race
from compute.margin.reg_t.intake import read
from compute.margin.reg_t.model import margin
from compute.margin.reg_t.pairing import Pairing
from compute.margin.reg_t.program import highs
from compute.margin.reg_t.tables import reg_t_set
from compute.market import Market
from compute.portfolio import Labels, Portfolio
from compute.result import no_checkpoint

LEGS = 200
LIMIT_MS = 100.0
ROUNDS = 9
SPOT = 100.0
AS_OF = date(2026, 3, 2)
EXPIRIES = ("2026-04-17", "2026-06-19", "2027-09-17")
SEED = 7

Row = dict[str, Any]


def stock(name: str, quantity: float) -> Row:
    """Return a row of stock."""
    return {"symbol": name, "instrument": "stock", "quantity": quantity, "price": SPOT, "multiplier": 1.0}


def option(name: str, kind: str, quantity: float, strike: float, expiry: str, time_value: float) -> Row:
    """Return a row of an option, priced at its intrinsic value and some time value."""
    worth = max(SPOT - strike if kind == "call" else strike - SPOT, 0.0)
    row = {"symbol": f"{name} {kind} {strike} {expiry}", "instrument": "option", "underlying": name}
    terms = {"option_type": kind, "strike": strike, "expiry": expiry, "underlying_price": SPOT}
    return {**row, **terms, "quantity": quantity, "price": round(worth + time_value, 2), "multiplier": 100.0}


def at_random(name: str, legs: int, generator: random.Random, *, with_stock: bool) -> list[Row]:
    """Return legs of one underlying, drawn without regard to each other."""
    rows = [stock(name, generator.choice([1000.0, -700.0]))] if with_stock else []
    while len(rows) < legs:
        kind, strike = generator.choice(["call", "put"]), float(generator.randrange(60, 140, 5))
        quantity = generator.choice([-5, -3, -2, -1, 1, 2, 3, 4])
        rows.append(option(name, kind, quantity, strike, generator.choice(EXPIRIES), generator.uniform(0.5, 6.0)))
    return rows


def by_strategy(name: str, legs: int, generator: random.Random) -> list[Row]:
    """Return legs of one underlying, as strategies of two to four legs."""
    rows = [stock(name, 1000.0)]
    while len(rows) < legs:
        rows += generator.choice([_vertical, _condor, _butterfly, _covered])(name, generator)
    return rows[:legs]


def _legs(name: str, generator: random.Random, shape: Sequence[tuple[str, float, int]]) -> list[Row]:
    expiry, lots = generator.choice(EXPIRIES), generator.choice([1, 2, 5])
    return [
        option(name, kind, lots * count, strike, expiry, 6.0 * float(np.exp(-abs(strike - SPOT) / 15.0)))
        for kind, strike, count in shape
    ]


def _vertical(name: str, generator: random.Random) -> list[Row]:
    kind, strike = generator.choice(["call", "put"]), float(generator.randrange(70, 125, 5))
    return _legs(name, generator, [(kind, strike, -1), (kind, strike + 5.0, 1)])


def _condor(name: str, generator: random.Random) -> list[Row]:
    width = generator.choice([5.0, 10.0])
    return _legs(
        name, generator, [("put", 90.0 - width, 1), ("put", 90.0, -1), ("call", 110.0, -1), ("call", 110.0 + width, 1)]
    )


def _butterfly(name: str, generator: random.Random) -> list[Row]:
    middle = float(generator.randrange(85, 120, 5))
    return _legs(name, generator, [("call", middle - 5.0, 1), ("call", middle, -2), ("call", middle + 5.0, 1)])


def _covered(name: str, generator: random.Random) -> list[Row]:
    return _legs(name, generator, [("call", float(generator.randrange(100, 130, 5)), -1)])


def account(rows: Sequence[Row]) -> Portfolio:
    """Return rows as a portfolio."""
    texts = ("symbol", "instrument", "underlying", "option_type", "expiry")
    numbers = ("quantity", "price", "multiplier", "strike", "underlying_price")
    labels = {name: Labels.of(row.get(name) for row in rows) for name in texts}
    labels |= {"asset_class": Labels.of("equity" for _ in rows), "currency": Labels.of("USD" for _ in rows)}
    return Portfolio(
        id="reg_t",
        name="reg_t",
        currency="USD",
        as_of=AS_OF,
        ids=tuple(f"p{index}" for index in range(len(rows))),
        labels=labels,
        numbers={name: np.array([row.get(name, np.nan) for row in rows], dtype=np.float64) for name in numbers},
    )


def ours(portfolio: Portfolio) -> float:
    """Return the net deposit of the whole model."""
    return float(margin(portfolio, Market(), {}, no_checkpoint).document["net_deposit"])


def peers(portfolio: Portfolio) -> float:
    """Return the net deposit where HiGHS pairs every underlying."""
    table = reg_t_set()
    held = read(portfolio, table)
    total = 0.0
    for underlying in held.underlyings:
        program = Pairing(underlying, table).program
        total += float(np.dot(program.first, highs(program, np.array(program.first))))
        total -= sum(item.premium * item.contracts for item in underlying.shorts)
        if underlying.stock is not None:
            total += (0.5 if underlying.stock.sign > 0 else 1.5) * underlying.stock.price * underlying.stock.shares
    return total


def _timed(portfolio: Portfolio, peer: Callable[[], object]) -> Race:
    return race(lambda: ours(portfolio), peer, rounds=ROUNDS)


def run() -> Iterator[Line]:
    """Time the three accounts."""
    generator = random.Random(SEED)  # noqa: S311 - not for secrets
    rows = [row for name in range(20) for row in at_random(f"U{name}", 10, generator, with_stock=name % 2 == 0)]
    book = account(rows)
    timed = _timed(book, lambda: peers(book))
    error = abs(ours(book) / peers(book) - 1.0)
    yield compare("reg_t", timed, peer="scipy milp (HiGHS), same programs", target_ratio=None, error=error)
    yield figure("reg_t", "200_legs_20_underlyings", timed.ours_ms, unit="ms", limit=LIMIT_MS, sense="max")
    one = _timed(account(by_strategy("U", LEGS, generator)), lambda: None)
    yield figure("reg_t", "200_legs_1_underlying_by_strategy", one.ours_ms, unit="ms", limit=LIMIT_MS, sense="max")
    hard = _timed(account(at_random("U", LEGS, generator, with_stock=True)), lambda: None)
    yield figure("reg_t", "200_legs_1_underlying_at_random", hard.ours_ms, unit="ms", limit=None, sense="max")
