"""The core margin as a weighted mean of scenario losses, so that its parts by position sum to it.

Euler's rule (D. Tasche, "Risk contributions and performance measurement", 1999): a position's part of ES is its mean
loss over the tail; of VaR its mean loss over the scenarios within one binomial deviation in rank of VaR, all of them
scaled by one factor to sum to VaR.
"""

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Floats
from compute.simulation.tail import Tail


def tail_weights(losses: Floats, tail: Tail, risk_measure: str) -> tuple[NDArray[np.int64], Floats]:
    """Return the scenarios behind a figure and their weights: weights x losses there sum to the figure.

    Parameters
    ----------
    losses
        Shape (n,): of the book in each scenario, loss positive.
    """
    if risk_measure == "es":
        members = np.append(tail.beyond, tail.at)
        return members, np.append(np.ones(tail.beyond.size), tail.weight_at) / tail.mass
    mean = float(losses[tail.around].mean())
    if mean > 0.0:
        return tail.around, np.full(tail.around.size, tail.var / (mean * tail.around.size))
    return np.array([tail.at], dtype=np.int64), np.ones(1)
