"""10,000 positions, half of them options, at 500 points of spot and volatility, against one numpy pass a point."""

import subprocess
import sys
from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr

from benchmarks._stress_book import book, grid, ours
from benchmarks.harness import Line, compare, figure, race
from compute.portfolio import Floats
from compute.pricing.book import Book, prepare
from compute.pricing.terms import Kind
from compute.stress.points import Grid

TARGET_RATIO, MOST_MB = 5.0, 400.0


def _prices(spot: Floats, vol: Floats, terms: tuple[Floats, ...]) -> Floats:
    strike, years, rate, carry, sign = terms
    root = vol * np.sqrt(years)
    d1 = (np.log(spot / strike) + (rate - carry) * years) / root + 0.5 * root
    return np.asarray(
        sign
        * (spot * np.exp(-carry * years) * ndtr(sign * d1) - strike * np.exp(-rate * years) * ndtr(sign * (d1 - root)))
    )


def with_numpy(ready: Book, points: Grid) -> Floats:
    """Return profit and loss at every point as a numpy and scipy user writes it: one pass over the book a point."""
    option = ready.kind == Kind.LOGNORMAL
    terms = tuple(column[option] for column in (ready.strike, ready.years, ready.rate, ready.carry, ready.sign))
    spot, vol, scale = ready.spot[option], ready.vol[option], ready.scale[option]
    linear = float((ready.scale * ready.price)[~option].sum())
    base = _prices(spot, vol, terms)
    found = np.empty(len(points))
    for place, (move, twist) in enumerate(zip(*points.points(), strict=True)):
        gains = scale * (_prices(spot * (1.0 + move), vol * (1.0 + twist), terms) - base)
        found[place] = gains.sum() + linear * move
    return found


def run() -> Iterator[Line]:
    """Time both; `error` is the largest difference of a point relative to the largest loss."""
    held, points = book(), grid()
    ready = prepare(held)
    exact = with_numpy(ready, points)
    error = float(np.max(np.abs(ours(held, ready, points) - exact)) / np.max(np.abs(exact)))
    timed = race(lambda: ours(held, ready, points), lambda: with_numpy(ready, points), rounds=5, warm_up=1)
    yield compare("stress_grid", timed, peer="numpy and scipy, a pass a point", target_ratio=TARGET_RATIO, error=error)
    told = subprocess.run([sys.executable, "-m", "benchmarks._stress_book"], check=True, capture_output=True, text=True)
    peak = float(told.stdout.split()[0])
    yield figure("stress_grid", "peak memory of a process alone", peak, unit="MB", limit=MOST_MB, sense="max")
