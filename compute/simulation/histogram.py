"""A histogram of profit and loss with equal bins."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.portfolio import Floats

BINS = 64


@njit()
def count_bins(values: Any, low: float, width: float, bins: int) -> NDArray[np.int64]:
    """Count values (n,) in `bins` equal bins from `low` on; what lies outside goes to the first or last bin."""
    counts = np.zeros(bins, np.int64)
    for i in range(values.size):
        counts[min(max(int((values[i] - low) / width), 0), bins - 1)] += 1
    return counts


def histogram(values: Floats, bins: int = BINS) -> dict[str, list[float] | list[int]]:
    """Return `edges` (bins + 1) and `counts` (bins) of values (n,); one bin where all are equal."""
    low, high = float(values.min()), float(values.max())
    if not high > low:
        return {"edges": [low, high], "counts": [int(values.size)]}
    width = (high - low) / bins
    counts = count_bins(values, low, width, bins)
    return {"edges": np.linspace(low, high, bins + 1).tolist(), "counts": counts.tolist()}
