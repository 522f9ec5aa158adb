"""The figures of a margin result that can be set side by side, whatever the model."""

from collections.abc import Mapping
from typing import Any

from compute.result import Result

Figures = dict[str, float | None]
"""Name to value, in the order of the model's answer; None where the figure is undefined for this book."""

FIGURES = (
    "gross_initial_margin",
    "cross_margin_offset",
    "initial_margin",
    "gross_maintenance_margin",
    "maintenance_margin",
    "variation_margin",
    "total_margin",
    "available_collateral",
    "equity",
    "available_funds",
    "excess_liquidity",
    "utilization",
    "net_deposit",
    "minimum_equity",
    "delta",
    "vega",
    "curvature",
    "base_correlation",
    "add_on",
)
"""Top-level amounts of the models' answers, in their currency; `utilization` is a share."""


def figures(result: Result) -> Figures:
    """Return a margin result's figures: amounts in its currency, and utilisation as a share."""
    return {name: value for name, value in result.document.items() if name in FIGURES and _is_figure(value)}


def _is_figure(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def change(before: Mapping[str, float | None], after: Mapping[str, float | None]) -> Figures:
    """Return after less before of every figure in either; None where one of the two is undefined or missing."""
    names = dict.fromkeys([*before, *after])
    return {name: _difference(before.get(name), after.get(name)) for name in names}


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
