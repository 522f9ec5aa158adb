"""The two ways across: one step after the other, or Shapley's mean over all orders; both sum to the difference."""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations

from compute.analysis.bridge.sides import Steps
from compute.analysis.figures import Figures

Value = Callable[[Steps], Figures]
"""The figures of the state in which some steps stand as they are today."""
Amounts = dict[str, dict[str, float | None]]
"""Step to figure to amount, None where the figure is undefined in one of the states."""
ROUNDING = "rounding"
"""What no step has a digit for, where large steps cancel out."""


def sequential(value: Value, steps: Sequence[str], names: Sequence[str]) -> Amounts:
    """Return what each step adds when the steps are taken in their order: steps + 1 states."""
    taken: Steps = frozenset()
    amounts: Amounts = {}
    before = value(taken)
    for step in steps:
        taken |= {step}
        after = value(taken)
        amounts[step] = {name: _less(after.get(name), before.get(name)) for name in names}
        before = after
    return amounts


def shapley(value: Value, steps: Sequence[str], names: Sequence[str]) -> Amounts:
    """Return each step's mean over all orders in which it could be taken: 2^steps states.

    The mean of v(S + step) - v(S) over the orders is the sum over all S without the step, weighted by the share of
    orders in which exactly S comes before it: |S|! (n - |S| - 1)! / n! (Shapley 1953).
    """
    return {step: _mean(value, step, [other for other in steps if other != step], names) for step in steps}


def _mean(value: Value, step: str, others: Sequence[str], names: Sequence[str]) -> dict[str, float | None]:
    terms: dict[str, list[float | None]] = {name: [] for name in names}
    count = len(others) + 1
    for size in range(count):
        weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
        for chosen in combinations(others, size):
            before, after = value(frozenset(chosen)), value(frozenset({*chosen, step}))
            for name in names:
                moved = _less(after.get(name), before.get(name))
                terms[name].append(None if moved is None else weight * moved)
    return {name: _sum(found) for name, found in terms.items()}


def closed(amounts: Mapping[str, float], total: float) -> dict[str, float]:
    """Return amounts whose exact sum rounds to a total: math.fsum of them is the total.

    What rounding left over goes into the largest amount, or the next one where that has no digit for it. Where none
    has (large amounts that cancel out to a small total), it stands by itself as `rounding`.
    """
    found = dict(amounts)
    for step in sorted(found, key=lambda name: -abs(found[name])):
        if math.fsum(found.values()) == total:
            return found
        found[step] = float(Fraction(found[step]) + _left(found, total))
    left = float(_left(found, total))
    return found if math.fsum(found.values()) == total else {**found, ROUNDING: left}


def _left(amounts: Mapping[str, float], total: float) -> Fraction:
    return Fraction(total) - sum(map(Fraction, amounts.values()))


def _less(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _sum(terms: Sequence[float | None]) -> float | None:
    known = [term for term in terms if term is not None]
    return math.fsum(known) if len(known) == len(terms) else None
