"""The core margin split over the factors' moves, so that its parts sum to it.

Euler's rule (D. Tasche, "Risk contributions and performance measurement", 1999): a position's part of ES is its mean
loss over the tail; of VaR its mean loss over the scenarios within one binomial deviation in rank of VaR, all of them
scaled by one factor to sum to VaR.
"""

import numpy as np

from compute.portfolio import Floats
from compute.simulation.tail import Tail


def tail_moves(moves: Floats, amounts: Floats, tail: Tail, risk_measure: str) -> Floats:
    """Return the mean relative move (k,) of each factor behind a figure: minus moves x amounts sums to the figure.

    Parameters
    ----------
    moves
        Shape (n, k): relative moves of the factors in each scenario.
    amounts
        Shape (k,): exposures.
    """
    if risk_measure == "es":
        members = np.append(tail.beyond, tail.at)
        shares = np.append(np.ones(tail.beyond.size), tail.weight_at) / tail.mass
        return np.asarray(shares @ moves[members])
    near = moves[tail.around].mean(axis=0)
    total = -float(near @ amounts)
    return np.asarray(near * (tail.var / total)) if total > 0.0 else np.asarray(moves[tail.at])
