"""Monte Carlo VaR and ES of 32 lognormal factors by full revaluation, 2^20 paths, against numpy."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Line, compare, race
from compute.simulation import reference
from compute.simulation.factorise import Root, square_root
from compute.simulation.revaluation import book, profit_and_loss
from compute.simulation.tail import Tail, tails

PATHS, FACTORS = 2**20, 32
CONFIDENCES = [0.95, 0.99]
SEED = 42
TARGET_RATIO = 20
CHECKED = 2**16  # paths held to float64


def made_up() -> tuple[Root, NDArray[np.float64]]:
    """Return a root of a one-day covariance and long and short exposures."""
    generator = np.random.default_rng(7)
    a = 0.02 * generator.standard_normal((FACTORS, 2 * FACTORS)) / np.sqrt(2 * FACTORS)
    return square_root(a @ a.T), 1e5 * generator.standard_normal(FACTORS)


def naive(root: Root, amounts: NDArray[np.float64], generator: np.random.Generator) -> tuple[float, float]:
    """Return VaR and ES at the highest confidence as a numpy user writes it."""
    z = generator.standard_normal((PATHS, FACTORS))
    losses = np.sort(-((np.exp(z @ root.matrix.T) - 1.0) @ amounts))
    cut = int(CONFIDENCES[-1] * PATHS)
    return float(losses[cut]), float(losses[cut:].mean())


def run() -> Iterator[Line]:
    """Time both; `error` is the largest error of a path against float64, relative to the largest loss."""
    root, amounts = made_up()
    priced = book(root, amounts)

    def ours() -> list[Tail]:
        return tails(-profit_and_loss(priced, start=0, stop=PATHS, seed=SEED), CONFIDENCES)

    generator = np.random.default_rng(SEED)
    timed = race(ours, lambda: naive(root, amounts, generator), rounds=7, warm_up=1)
    exact = reference.profit_and_loss(root.matrix, amounts, start=0, stop=CHECKED, seed=SEED)
    fast = profit_and_loss(priced, start=0, stop=CHECKED, seed=SEED)
    error = float(np.max(np.abs(fast - exact)) / np.max(np.abs(exact)))
    yield compare("lognormal", timed, peer="numpy, float64", target_ratio=TARGET_RATIO, error=error)
