"""A margin figure taken apart: the steps that lead to it, and what each position contributes."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from compute.errors import ComputeError
from compute.portfolio import Floats

CLOSED = 1e-9
"""Parts may miss their whole by this share of what was added up, which is rounding and not more."""

Step = tuple[str, float]
"""Name and signed amount."""


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """A figure as a sum, in two ways.

    Parameters
    ----------
    steps
        From gross to the figure; the amounts sum to it.
    contributions
        Shape (n,): what each position (or row) contributes; they sum to the figure.
    rule
        How the figure was allocated, in a sentence.
    differentiable
        Whether the contributions are size times derivative of the figure, wherever it has one.
    notes
        What else a reader must know, in sentences.
    """

    steps: tuple[Step, ...]
    contributions: Floats
    rule: str
    differentiable: bool
    notes: tuple[str, ...] = ()


def kept(steps: Iterable[Step], always: frozenset[str] = frozenset()) -> tuple[Step, ...]:
    """Return the steps that move the figure, and those that are named whatever they are."""
    return tuple((name, amount) for name, amount in steps if amount != 0.0 or name in always)


def check_closed(found: Allocation, total: float) -> None:
    """Raise ComputeError where steps or contributions do not sum to the figure: a fault of ours, never a rounding."""
    for name, parts in (("steps", [amount for _, amount in found.steps]), ("contributions", found.contributions)):
        summed = np.asarray(parts, dtype=np.float64)
        scale = float(np.abs(summed).sum()) + abs(total)
        if abs(float(summed.sum()) - total) > CLOSED * scale:
            raise ComputeError(f"The {name} sum to {summed.sum()!r} and the figure is {total!r}.")
