"""A book of 10,000 positions, half of them European options, and a grid of 500 points; run alone it prints its peak."""

import resource
import sys
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks._option_book import book as options_book
from compute.portfolio import Floats, Labels, Portfolio
from compute.pricing.book import Book, prepare
from compute.result import no_checkpoint
from compute.stress.grid import totals
from compute.stress.points import Grid, read_grid

COUNT = 10_000
SPOTS, VOLATILITIES = 50, 10
_KIB_PER_MB = 1024.0 if sys.platform != "darwin" else 1024.0**2


def book() -> Portfolio:
    """Return half European options, half shares of the same hundred names."""
    half = COUNT // 2
    options = options_book(half, 7, "o", exercise="european")
    index = np.arange(COUNT - half)
    names = Labels.of(f"U{each % 100}" for each in index.tolist())
    shares: dict[str, list[str | None]] = {
        "symbol": names.texts(),
        "asset_class": ["equity"] * index.size,
        "currency": ["USD"] * index.size,
        "instrument": ["stock"] * index.size,
    }
    numbers = {
        "quantity": np.where(index % 3, 100.0, -100.0),
        "price": 50.0 + 2.0 * (index % 100),
        "multiplier": np.ones(index.size),
    }
    gap: list[str | None] = [None] * index.size
    return replace(
        options,
        ids=(*options.ids, *(f"s{each}" for each in index.tolist())),
        labels={name: Labels.of([*column.texts(), *shares.get(name, gap)]) for name, column in options.labels.items()},
        numbers={
            name: np.concatenate([column, numbers.get(name, np.full(index.size, np.nan))])
            for name, column in options.numbers.items()
        },
    )


def grid() -> Grid:
    """Return 50 moves of spot by 10 of volatility, profit and loss alone."""
    found = read_grid(
        {
            "spot": np.linspace(-0.5, 0.5, SPOTS).tolist(),
            "volatility": np.linspace(-0.5, 1.5, VOLATILITIES).tolist(),
            "margin": False,
        }
    )
    if found is None:
        raise ValueError("The grid is empty.")
    return found


def ours(held: Portfolio, ready: Book, points: Grid) -> Floats:
    """Return profit and loss at every point, shape (p,), every position revalued."""
    return totals(held, ready, points, no_checkpoint)


def main() -> None:
    """Print the peak of this process's memory in MB."""
    held = book()
    found: NDArray[np.float64] = ours(held, prepare(held), grid())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MB
    print(f"{peak:.1f} {float(found.min()):.6f}")  # noqa: T201


if __name__ == "__main__":
    main()
