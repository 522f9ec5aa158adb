"""Euler contributions of 10,000 positions (house) and of 10,000 rows (SIMM) against bump and revalue.

Ours: all contributions and the waterfall, from prepared inputs (a portfolio's columns, a CRIF's rows), the margin
included. The peer: the model's own margin again for each position with its size up by one part in a million. Bumps are
timed on 100 positions or rows and scaled to all; the line says so. `error` is the largest difference of a contribution
from its bump on those 100, as a share of the largest contribution: for the house book those within a bump of a kink
included. SIMM runs at the horizon of one day, where no concentration factor is above one: contributions hold these,
bumps do not; a second SIMM line, without a target, is at ten days with them and shows what holding them is.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from benchmarks._house_book import book
from benchmarks._simm_crif import generate
from benchmarks.harness import Line, Race, compare, race
from compute.analysis.explain.model import allocation
from compute.crif import Crif
from compute.margin.requests import HOUSE, SIMM
from compute.margin.tables import house_set
from compute.market import Market
from compute.measure import Book
from compute.measures import measure
from compute.portfolio import Floats
from compute.result import no_checkpoint
from services.intake.crif import read_crif

SIZE, BUMPED, SEED, ROUNDS = 10_000, 100, 20_261_123, 5
STEP = 1e-6
TARGET_RATIO = 200.0
FIGURE = "initial_margin"
PEER = f"bump and revalue, timed on {BUMPED} of {SIZE:,} and scaled"


def scaled(given: Book, row: int, factor: float) -> Book:
    """Return a book with one position's quantity, or one row's amount, times a factor."""
    if isinstance(given, Crif):
        amount = given.amount.copy()
        amount[row] *= factor
        return replace(given, amount=amount)
    quantity = given.numbers["quantity"].copy()
    quantity[row] *= factor
    return replace(given, numbers={**given.numbers, "quantity": quantity})


def line(name: str, given: Book, parameters: dict[str, Any], *, target: float | None) -> Line:
    """Time all contributions, and the bumps of some positions; compare them on those."""
    kernel = measure("margin").models[parameters["model"]].kernel
    rows = np.random.default_rng(SEED).choice(len(given), BUMPED, replace=False).tolist()

    def margin(one: Book) -> float:
        return float(kernel(one, Market(), parameters, no_checkpoint).document[FIGURE])

    def bumps() -> Floats:
        before = margin(given)
        return np.array([(margin(scaled(given, row, 1.0 + STEP)) - before) / STEP for row in rows])

    def ours() -> Floats:
        return allocation(given, Market(), parameters, FIGURE, no_checkpoint).contributions

    timed = race(ours, bumps, rounds=ROUNDS)
    whole = Race(ours_ms=timed.ours_ms, peer_ms=timed.peer_ms * (len(given) + 1) / (BUMPED + 1))
    parts = ours()
    error = float(np.abs(parts[rows] - bumps()).max() / np.abs(parts).max())
    return compare(name, whole, peer=PEER, target_ratio=target, error=error) | {"bumped": BUMPED, "rows": len(given)}


def run() -> Iterator[Line]:
    """Time the house book, and SIMM at one day and at ten."""
    house = {"model": "house", **{name: one.default for name, one in HOUSE.items()}}
    yield line("explain", book(house_set(), positions=SIZE), house, target=TARGET_RATIO)
    text = generate(SIZE, seed=SEED).encode()
    for name, days, target in (("explain_simm", 1, TARGET_RATIO), ("explain_simm_concentrated", 10, None)):
        simm = {"model": "simm", **{key: one.default for key, one in SIMM.items()}, "mpor_days": days}
        crif = read_crif(text, "margin", simm, name="benchmark", as_of=date(2026, 11, 23))
        yield line(name, crif, simm, target=target)
