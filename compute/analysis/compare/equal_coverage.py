"""By which multiple a model's margin covers exactly the target share of its dates: margins at equal coverage.

A date is covered by k times its margin where loss / margin <= k. The k that covers a share c of d dates, and no more
than it has to, is the m-th smallest of these ratios, m = ceil(c d): an order statistic, no fit.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from compute.portfolio import Floats

DRAWS = 1_000
LEVEL = 0.9
SEED = 20_260_130


@dataclass(frozen=True, kw_only=True)
class Multiplier:
    """The multiple and how many of the dates it covers; without one, `problem` says why."""

    value: float | None
    covered: int
    problem: str = ""


def rank(target: float, count: int) -> int:
    """Return m = ceil(c d), with c taken as the decimal that was written."""
    return math.ceil(Fraction(str(target)) * count)


def multiplier(margins: Floats, losses: Floats, target: float) -> Multiplier:
    """Return the multiple at which margins, shape (d,), cover the target share of losses, shape (d,).

    Losses are positive where the book loses. Where the share asked for leaves no loss beyond it, where the loss there
    is none, or the margin is zero, there is no such multiple.
    """
    count, needed = losses.size, rank(target, losses.size)
    if needed >= count:
        least = math.floor(1.0 / (1.0 - target)) + 1
        return _none(f"{count} dates say nothing about a coverage of {target:.4g}: at least {least} are needed.")
    ratios = _ratios(margins, losses)
    found = float(np.partition(ratios, needed - 1)[needed - 1])
    if not found > 0.0:
        return _none(f"On {needed} of {count} dates the book lost nothing: no margin at all has that coverage.")
    if not math.isfinite(found):
        return _none("The margin is zero or less on too many dates on which the book lost.")
    within = ratios <= found
    while (found * margins[within] < losses[within]).any():  # the quotient was rounded down
        found = math.nextafter(found, math.inf)
    return Multiplier(value=found, covered=int(np.count_nonzero(ratios <= found)))


def _none(problem: str) -> Multiplier:
    return Multiplier(value=None, covered=0, problem=problem)


def _ratios(margins: Floats, losses: Floats) -> Floats:
    """Return loss by margin; without a margin a loss is beyond any multiple of it, a gain within all."""
    positive = margins > 0.0
    bare = np.where(losses > 0.0, np.inf, -np.inf)
    return np.where(positive, losses / np.where(positive, margins, 1.0), bare)


@dataclass(frozen=True, kw_only=True)
class Side:
    """A model's margins on the dates, shape (d,), and its margin today."""

    margins: Floats
    today: float


def saving_interval(base: Side, other: Side, losses: Floats, target: float) -> tuple[float, float] | None:
    """Return between which shares of the base's margin the saving lies with 90 %, by resampling the dates.

    Both models are asked on the same resampled dates. None where one of them has no multiple in some resample. Dates
    are drawn one by one: losses that overlap, or come in clusters, make the true interval wider.
    """
    needed = rank(target, losses.size)
    draws = np.random.Generator(np.random.Philox(SEED)).integers(0, losses.size, (DRAWS, losses.size))
    levels = [
        side.today * np.partition(_ratios(side.margins, losses)[draws], needed - 1, axis=1)[:, needed - 1]
        for side in (base, other)
    ]
    if not all((np.isfinite(level) & (level > 0.0)).all() for level in levels):
        return None
    low, high = np.quantile(1.0 - levels[1] / levels[0], [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return float(low), float(high)
