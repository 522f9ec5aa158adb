"""Tests of a series of exceedances.

P. Kupiec, "Techniques for verifying the accuracy of risk measurement models", J. Derivatives 3 (1995): proportion of
failures. P. Christoffersen, "Evaluating interval forecasts", Int. Economic Review 39 (1998): independence and
conditional coverage. Basel Committee, "Supervisory framework for the use of backtesting" (1996), now in MAR99:
the traffic light, green where fewer exceedances come with a probability below 95 %, red from 99.99 %.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, xlogy

BASEL_DAYS = 250
GREEN, RED = 0.95, 0.9999


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A likelihood ratio statistic and the probability of a greater one under the hypothesis."""

    statistic: float
    p_value: float

    def document(self) -> dict[str, float]:
        """Return it under the wire's names."""
        return {"statistic": self.statistic, "p_value": self.p_value}


def _ratio(statistic: float, degrees: int) -> Ratio:
    """Return the statistic, its rounding below zero cut off, with its chi-square probability for 1 or 2 degrees."""
    value = max(0.0, statistic)
    tail = math.erfc(math.sqrt(value / 2.0)) if degrees == 1 else math.exp(-value / 2.0)
    return Ratio(statistic=value, p_value=tail)


def kupiec(exceedances: int, observations: int, expected: float) -> Ratio:
    """Test that exceedances come with the expected probability; both too many and too few speak against it."""
    found = exceedances / observations
    kept = observations - exceedances
    free = xlogy(kept, 1.0 - found) + xlogy(exceedances, found)
    bound = xlogy(kept, 1.0 - expected) + xlogy(exceedances, expected)
    return _ratio(2.0 * float(free - bound), 1)


def christoffersen(exceeded: NDArray[np.bool_]) -> Ratio | None:
    """Test that an exceedance tells nothing of the next observation; None where there is none, or nothing else."""
    before, after = exceeded[:-1], exceeded[1:]
    n00, n01 = int(np.sum(~before & ~after)), int(np.sum(~before & after))
    n10, n11 = int(np.sum(before & ~after)), int(np.sum(before & after))
    if n00 + n01 == 0 or n10 + n11 == 0:
        return None
    quiet, loud, all_days = n01 / (n00 + n01), n11 / (n10 + n11), (n01 + n11) / (n00 + n01 + n10 + n11)
    free = xlogy(n00, 1.0 - quiet) + xlogy(n01, quiet) + xlogy(n10, 1.0 - loud) + xlogy(n11, loud)
    bound = xlogy(n00 + n10, 1.0 - all_days) + xlogy(n01 + n11, all_days)
    return _ratio(2.0 * float(free - bound), 1)


def conditional_coverage(coverage: Ratio, independence: Ratio | None) -> Ratio | None:
    """Test both at once: the sum of the two statistics, with two degrees of freedom."""
    return None if independence is None else _ratio(coverage.statistic + independence.statistic, 2)


def traffic_light(exceedances: int, observations: int, expected: float) -> dict[str, Any]:
    """Return the zone: by the probability of at most as many exceedances under the expected rate."""
    cumulative = float(bdtr(exceedances, observations, expected))
    zone = "green" if cumulative < GREEN else "yellow" if cumulative < RED else "red"
    return {
        "zone": zone,
        "observations": observations,
        "exceedances": exceedances,
        "cumulative_probability": cumulative,
    }


def coverage_tests(exceeded: NDArray[np.bool_], expected: float) -> dict[str, Any]:
    """Return all tests of a series of exceedances, oldest first; the traffic light is that of the last 250."""
    count, observations = int(exceeded.sum()), exceeded.size
    proportion = kupiec(count, observations, expected)
    independence = christoffersen(exceeded)
    both = conditional_coverage(proportion, independence)
    recent = exceeded[-BASEL_DAYS:]
    return {
        "observations": observations,
        "exceedances": count,
        "expected": expected * observations,
        "coverage": 1.0 - count / observations,
        "kupiec": proportion.document(),
        "christoffersen_independence": None if independence is None else independence.document(),
        "conditional_coverage": None if both is None else both.document(),
        "traffic_light": traffic_light(int(recent.sum()), recent.size, expected),
        "traffic_light_of_all": traffic_light(count, observations, expected),
    }
