"""200-leg accounts through the reg_t model: from a portfolio's columns to the finished result with its strategies.

Legs are drawn without regard to each other (calls and puts long and short, random strikes, quantities and expiries,
stock in half of the underlyings), over 1, 2, 4, 10 and 20 underlyings; more accounts have one underlying and hold
strategies as people do. Every shape, at `effort` standard and quick, is reported by the median and the worst over its
seeds, each seed by the best of its rounds, and by the share of its seeds whose optimum was proven and the largest gap
that was left.

Timed against the same programs solved by HiGHS alone (twenty underlyings, where both prove their optimum); `error` is
the relative difference of the two net deposits.
"""

import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from benchmarks.harness import Line, compare, figure, race
from compute.margin.reg_t.intake import read
from compute.margin.reg_t.model import margin
from compute.margin.reg_t.pairing import Pairing
from compute.margin.reg_t.program import Program
from compute.margin.reg_t.tables import reg_t_set
from compute.market import Market
from compute.portfolio import Labels, Portfolio
from compute.result import no_checkpoint

LEGS = 200
LIMIT_MS = 100.0
ROUNDS = 3
SEEDS = 10
SHAPES = (1, 2, 4, 10, 20)
SPOT = 100.0
AS_OF = date(2026, 3, 2)
EXPIRIES = ("2026-04-17", "2026-06-19", "2027-09-17")

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


def ours(portfolio: Portfolio, effort: str = "standard") -> dict[str, Any]:
    """Return the document of the whole model."""
    return dict(margin(portfolio, Market(), {"effort": effort}, no_checkpoint).document)


def peers(portfolio: Portfolio) -> float:
    """Return the net deposit where HiGHS pairs every underlying."""
    table = reg_t_set()
    total = 0.0
    for underlying in read(portfolio, table).underlyings:
        pairing = Pairing(underlying, table)
        alone = zip(pairing.alone, underlying.options, strict=True)
        total += highs(pairing.program) + sum(cost * item.contracts for cost, item in alone)
        total -= sum(item.premium * item.contracts for item in underlying.shorts)
        if underlying.stock is not None:
            total += (0.5 if underlying.stock.sign > 0 else 1.5) * underlying.stock.price * underlying.stock.shares
    return total


def highs(program: Program) -> float:
    """Return the least first cost of a program as HiGHS proves it."""
    n = program.first.size
    answer = milp(
        program.first,
        integrality=program.whole[:n].astype(np.int64),
        bounds=Bounds(program.lows[:n], program.highs[:n]),
        constraints=LinearConstraint(program.matrix, program.lows[n:], program.highs[n:]),
        options={"mip_rel_gap": 0.0},
    )
    return float(answer.fun)


def spread_out(underlyings: int, seed: int) -> Portfolio:
    """Return an account of random legs over some underlyings, half of them with stock."""
    generator = random.Random(seed)  # noqa: S311 - not for secrets
    each = LEGS // underlyings
    return account(
        [row for k in range(underlyings) for row in at_random(f"U{k}", each, generator, with_stock=k % 2 == 0)]
    )


def held(seed: int) -> Portfolio:
    """Return an account of strategies on one underlying."""
    return account(by_strategy("U", LEGS, random.Random(seed)))  # noqa: S311 - not for secrets


def _shape(name: str, build: Callable[[int], Portfolio], effort: str) -> Iterator[Line]:
    times, gaps = [], []
    for seed in range(SEEDS):
        portfolio, best = build(seed), float("inf")
        for _ in range(ROUNDS):
            began = perf_counter()
            document = ours(portfolio, effort)
            best = min(best, (perf_counter() - began) * 1e3)
        times.append(best)
        gaps.append(1.0 - document["pairing"]["lower_bound"] / document["net_deposit"])
        gaps[-1] *= not document["pairing"]["optimal"]
    yield figure("reg_t", f"{name}_p50", statistics.median(times), unit="ms", limit=LIMIT_MS, sense="max")
    yield figure("reg_t", f"{name}_worst", max(times), unit="ms", limit=LIMIT_MS, sense="max")
    yield figure(
        "reg_t", f"{name}_proven", sum(gap == 0.0 for gap in gaps) / SEEDS, unit="share", limit=None, sense="min"
    )
    yield figure("reg_t", f"{name}_largest_gap", max(gaps), unit="share of net deposit", limit=None, sense="max")


def run() -> Iterator[Line]:
    """Time every shape."""
    book = spread_out(20, 0)
    timed = race(lambda: ours(book), lambda: peers(book), rounds=ROUNDS)
    error = abs(ours(book)["net_deposit"] / peers(book) - 1.0)
    yield compare("reg_t", timed, peer="scipy milp (HiGHS), same programs", target_ratio=None, error=error)
    for effort in ("standard", "quick"):
        for underlyings in SHAPES:
            yield from _shape(f"{effort}_200_legs_{underlyings}_underlyings", partial(spread_out, underlyings), effort)
        yield from _shape(f"{effort}_200_legs_1_underlying_by_strategy", held, effort)
