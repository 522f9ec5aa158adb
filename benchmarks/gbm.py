"""2^20 terminal values of geometric Brownian motion against naive numpy in float64."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Line, compare, race
from compute.simulation import reference
from compute.simulation.gbm import terminal

PATHS = 2**20
SPOT, DRIFT, VOLATILITY, YEARS = 100.0, 0.05, 0.2, 1.0
SEED = 42
TARGET_RATIO = 18


def exact(normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the terminal values of given normals in float64."""
    return np.asarray(SPOT * np.exp((DRIFT - 0.5 * VOLATILITY**2) * YEARS + VOLATILITY * np.sqrt(YEARS) * normals))


def ours(out: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill `out`, which is allocated once, as a worker does."""
    return terminal(spot=SPOT, drift=DRIFT, volatility=VOLATILITY, years=YEARS, start=0, stop=PATHS, seed=SEED, out=out)


def run() -> Iterator[Line]:
    """Time both; `error` is the largest relative error of a path against float64 on the same normals."""
    out = np.empty(PATHS, np.float32)
    generator = np.random.default_rng(SEED)
    timed = race(lambda: ours(out), lambda: exact(generator.standard_normal(PATHS)), rounds=41)
    truth = exact(reference.gbm_normals(0, PATHS, SEED))
    error = float(np.max(np.abs(out / truth - 1.0)))
    yield compare("gbm", timed, peer="numpy default_rng, float64", target_ratio=TARGET_RATIO, error=error)
