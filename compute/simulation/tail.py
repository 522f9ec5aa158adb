"""VaR and ES of a sample of losses by exact order statistics, with standard errors.

For n losses in rising order and confidence c, k = ceil(c n):
VaR = L(k), the smallest loss whose empirical distribution reaches c;
ES = [sum_{i>k} L(i) + (k - c n) L(k)] / (n (1 - c)), the exact mean of the worst n (1 - c) losses,
computed as VaR + sum_{i>k} (L(i) - VaR) / (n (1 - c)): never below VaR by rounding
(C. Acerbi, D. Tasche, "On the coherence of expected shortfall", J. Banking & Finance 26 (2002), section 4).

Standard error of VaR: half the distance between the order statistics one binomial deviation, sqrt(m c (1 - c)), below
and above k: the asymptotic sqrt(c (1 - c) / m) / f(VaR) with the density f taken from the sample.
Standard error of ES: sqrt([Var(L | L >= VaR) + c (ES - VaR)^2] / (m (1 - c))) (B. J. Manistre, G. H. Hancock, "Variance
of the CTE estimator", North American Actuarial J. 9 (2005)).
m is the number of independent observations: n, or less where they overlap.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from compute.errors import InputError
from compute.portfolio import Floats

PILOT = 2**14


@dataclass(frozen=True, kw_only=True)
class Tail:
    """VaR and ES at one confidence, losses positive, with the sample's members beyond.

    Parameters
    ----------
    beyond
        Indices of the losses ranked above k, worst last.
    at
        Index of the loss ranked k.
    around
        Indices of the losses within one binomial deviation of k.
    weight_at
        k - c n: how much of the loss at k belongs to the tail.
    """

    confidence: float
    var: float
    es: float
    se_var: float
    se_es: float
    beyond: NDArray[np.int64]
    at: int
    around: NDArray[np.int64]
    weight_at: float

    @property
    def mass(self) -> float:
        """The tail's size n (1 - c), not rounded."""
        return len(self.beyond) + self.weight_at


def tails(
    losses: Floats, confidences: list[float], *, independent: int | None = None, pointer: str = "/parameters/paths"
) -> list[Tail]:
    """Return the tail at each confidence, in the order given.

    Parameters
    ----------
    losses
        Shape (n,), float64, loss positive, finite.
    confidences
        Each in (0, 1); at least one loss must lie beyond each.
    independent
        Independent observations among them; all where not given.

    Raises
    ------
    InputError
        Where fewer than one loss lies beyond a confidence.
    """
    ranks = [_rank(confidence, losses.size) for confidence in confidences]
    for confidence in confidences:
        if not is_supported(confidence, losses.size):
            raise InputError(
                f"{losses.size} losses say nothing about confidence {confidence}: none lies beyond it.",
                pointer=pointer,
                remedy=f"Use at least {math.ceil(1 / (1 - confidence)) + 1}.",
            )
    lowest = min(rank - _spread(confidence, losses.size) for confidence, rank in zip(confidences, ranks, strict=True))
    order = _upper_order(losses, max(lowest, 1))
    return [_tail(losses, order, confidence, independent or losses.size) for confidence in confidences]


def is_supported(confidence: float, count: int) -> bool:
    """Say whether at least one of `count` losses lies beyond a confidence."""
    return _rank(confidence, count) < count


def _rank(confidence: float, count: int) -> int:
    """K = ceil(c n), with c taken as the decimal that was written."""
    return math.ceil(Fraction(str(confidence)) * count)


def _spread(confidence: float, count: int) -> int:
    return max(1, round(math.sqrt(count * confidence * (1.0 - confidence))))


def _upper_order(losses: Floats, rank: int) -> NDArray[np.int64]:
    """Return the indices of the losses of rank `rank` (from 1) and above, rising; equal losses by index."""
    needed = losses.size - rank + 1
    above = np.flatnonzero(losses >= _likely_floor(losses, rank))
    if above.size < needed:  # every stride-th loss told too little of the others
        above = np.arange(losses.size)
    order = above[np.argsort(losses[above], kind="stable")]
    return np.asarray(order[order.size - needed :])


def _likely_floor(losses: Floats, rank: int) -> float:
    """Guess from every stride-th loss a value just below that of a rank: most losses then need no sorting."""
    stride = max(1, losses.size // PILOT)
    pilot = losses[::stride]
    share = (rank - 1) / losses.size
    place = max(0, int(pilot.size * share - 4.0 * math.sqrt(pilot.size * share * (1.0 - share))))
    return float(np.partition(pilot, place)[place])


def _tail(losses: Floats, order: NDArray[np.int64], confidence: float, independent: int) -> Tail:
    count = losses.size
    skipped = count - order.size
    rank = _rank(confidence, count)
    place = rank - 1 - skipped
    beyond, weight_at = order[place + 1 :], float(rank - Fraction(str(confidence)) * count)
    var = float(losses[order[place]])
    mass = beyond.size + weight_at
    es = var + float((losses[beyond] - var).sum() / mass)
    spread = _spread(confidence, count)
    around = order[max(0, place - spread) : place + spread + 1]
    scale = math.sqrt(count / independent)
    variance = float(np.mean((losses[order[place:]] - es) ** 2))
    return Tail(
        confidence=confidence,
        var=var,
        es=es,
        se_var=scale * float(losses[around[-1]] - losses[around[0]]) / 2.0,
        se_es=scale * math.sqrt((variance + confidence * (es - var) ** 2) / mass),
        beyond=beyond,
        at=int(order[place]),
        around=around,
        weight_at=weight_at,
    )
