"""Ledoit-Wolf covariance of 500 factors from 2,500 days against scikit-learn's function."""

from collections.abc import Iterator

import numpy as np
from sklearn.covariance import ledoit_wolf as peer

from benchmarks.harness import Line, compare, race
from compute.simulation.covariance import ledoit_wolf

FACTORS, DAYS = 500, 2_500
TARGET_RATIO = 2


def run() -> Iterator[Line]:
    """Time both on the same returns; `error` is the largest difference, relative to the largest entry."""
    generator = np.random.default_rng(7)
    mixing = generator.standard_normal((FACTORS, FACTORS)) / np.sqrt(FACTORS)
    returns = 0.01 * generator.standard_normal((DAYS, FACTORS)) @ mixing
    expected = peer(returns)[0]
    error = float(np.max(np.abs(ledoit_wolf(returns) - expected)) / np.max(np.abs(expected)))
    timed = race(lambda: ledoit_wolf(returns), lambda: peer(returns), rounds=15)
    yield compare("covariance", timed, peer="scikit-learn ledoit_wolf", target_ratio=TARGET_RATIO, error=error)
