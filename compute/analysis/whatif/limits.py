"""Limits on the figures of a margin result: read strictly, judged with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compute.analysis.figures import FIGURES
from compute.errors import InputError
from compute.structures import Structure

POINTER = "/parameters/limits"
_BOUNDS = ("min", "max", "min_change", "max_change")
_LARGEST = 1e18


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Inclusive bounds on a figure after the basket, and on its change; None where there is no bound."""

    figure: str
    min: float | None
    max: float | None
    min_change: float | None
    max_change: float | None


def read_limits(value: Mapping[str, Any]) -> list[Limit]:
    """Return the limits of a structure such as {"utilization": {"max": 0.8}}.

    Raises
    ------
    InputError
        Naming the first figure or bound that is unknown, no number, or contradicts another.
    """
    return [_limit(name, inner) for name, inner in Structure({"limits": value}, "/parameters").named("limits")]


def _limit(name: str, inner: Structure) -> Limit:
    if name not in FIGURES:
        raise InputError(
            f"There is no figure {name!r} to limit.", pointer=inner.pointer, remedy=f"Use one of: {', '.join(FIGURES)}."
        )
    bounds = {
        each: inner.number(each, minimum=-_LARGEST, maximum=_LARGEST) if each in inner else inner.value(each, None)
        for each in _BOUNDS
    }
    inner.close()
    if all(bound is None for bound in bounds.values()):
        raise inner.fault("", "has no bound", f"Give one of: {', '.join(_BOUNDS)}.")
    for low, high in (("min", "max"), ("min_change", "max_change")):
        if bounds[low] is not None and bounds[high] is not None and bounds[low] > bounds[high]:
            raise inner.fault(low, f"is above {high}: nothing passes both", "Lower the one or raise the other.")
    return Limit(figure=name, **bounds)


def judged(
    limits: list[Limit], after: Mapping[str, float | None], change: Mapping[str, float | None]
) -> list[dict[str, Any]]:
    """Return each limit with the value it was held against, whether it passes, and the reason."""
    return [_judged(limit, after.get(limit.figure), change.get(limit.figure)) for limit in limits]


def _judged(limit: Limit, value: float | None, moved: float | None) -> dict[str, Any]:
    bounds = {each: getattr(limit, each) for each in _BOUNDS}
    reasons = [
        reason
        for each, bound in bounds.items()
        if bound is not None
        for reason in _broken(limit.figure, each, bound, moved if each.endswith("change") else value)
    ]
    return {
        "figure": limit.figure,
        **{each: bound for each, bound in bounds.items() if bound is not None},
        "value": value,
        "change": moved,
        "passed": not reasons,
        "reason": " ".join(reasons) or "Within its bounds.",
    }


def _broken(figure: str, bound: str, level: float, value: float | None) -> list[str]:
    """Return why a bound does not hold; an undefined figure passes no bound."""
    what = f"The change of {figure}" if bound.endswith("change") else figure
    if value is None:
        return [f"{what} is undefined for this book, so it cannot be held to {level:g}."]
    low = bound.startswith("min")
    if value >= level if low else value <= level:
        return []
    return [f"{what} is {value:g}, {'below' if low else 'above'} {level:g} by {abs(value - level):g}."]
