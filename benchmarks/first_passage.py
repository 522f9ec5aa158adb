"""First passage of 2^20 paths of 12 steps with a Brownian bridge between them, against numpy in float64."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import norm

from benchmarks.harness import Line, compare, race
from compute.simulation.passage import Passage, first_passage

PATHS, STEPS = 2**20, 12
DISTANCE = 5.0  # deviations of one step: about 15 % of the paths cross
SEED = 42
TARGET_RATIO = 28


def naive(generator: np.random.Generator) -> float:
    """Return the probability as a numpy user writes it: step after step over all paths."""
    u = np.full(PATHS, DISTANCE)
    alive = np.ones(PATHS)
    for _ in range(STEPS):
        v = u + generator.standard_normal(PATHS)
        alive *= 1.0 - np.exp(-2.0 * np.maximum(u, 0.0) * np.maximum(v, 0.0))
        u = v
    return float(1.0 - alive.mean())


def run() -> Iterator[Line]:
    """Time both; `error` is the distance to the closed form, in standard errors."""

    def ours() -> Passage:
        return first_passage(DISTANCE, steps=STEPS, paths=PATHS, seed=SEED, each_step=False)

    found = ours()
    closed = 2.0 * norm.cdf(-DISTANCE / np.sqrt(STEPS))
    error = abs(float(found.probability[-1]) - closed) / float(found.standard_error[-1])
    generator = np.random.default_rng(SEED)
    timed = race(ours, lambda: naive(generator), rounds=15)
    yield compare("first_passage", timed, peer="numpy, float64", target_ratio=TARGET_RATIO, error=error)
