"""The answers of a stress test in the words of the wire."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from compute.portfolio import Floats, Portfolio
from compute.stress.library import Scenario
from compute.stress.moves import Moves
from compute.stress.points import Grid
from compute.stress.stressed import Account

_IDENTITY = ("currency", "as_of", "model", "version", "parameter_set")
STILL_SHOWN = 100


def identity(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a margin says of itself."""
    return {name: document[name] for name in _IDENTITY if name in document}


def of_scenario(
    scenario: Scenario, before: Account, after: Account, gains: Floats, at_risk: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return a scenario's answer, but for its liquidation."""
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "kind": scenario.kind,
        "when": scenario.when,
        "note": scenario.note,
        "sources": dict(scenario.sources),
        "unverified": list(scenario.unverified),
        "profit_and_loss": float(gains.sum()),
        **after.document(),
        "margin_increase": _less(after.total_margin, before.total_margin),
        "margin_increase_percent": _percent(after.total_margin, before.total_margin),
        "initial_margin_increase": _less(after.margin.get("initial_margin"), before.margin.get("initial_margin")),
        "positions_at_risk": list(at_risk),
    }


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _percent(one: float | None, other: float | None) -> float | None:
    """Return the increase in percent; None where there was nothing before."""
    return None if one is None or other is None or other <= 0.0 else 100.0 * (one - other) / other


def of_grid(
    grid: Grid, spot: Floats, volatility: Floats, gains: Floats, accounts: Sequence[Account], still: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is said of a grid, and the table of its points."""
    table: dict[str, Any] = {"spot": spot, "volatility": volatility, "profit_and_loss": gains}
    if accounts:
        for name in ("initial_margin", "total_margin", "available_funds", "breach"):
            table[name] = _column([each.document()[name] for each in accounts])
    worst = int(np.argmin(gains))
    said = {
        "points": len(grid),
        "asset_classes": list(grid.classes),
        "worst": {name: float(table[name][worst]) for name in ("spot", "volatility", "profit_and_loss")},
        "positions_not_moved": len(still),
        "not_moved": list(still[:STILL_SHOWN]),
    }
    return said, table


def _column(values: list[Any]) -> Any:
    """Return numbers as an array, anything else and what has gaps as a list."""
    plain = all(isinstance(value, float) for value in values)
    return np.array(values) if plain else values


def assumptions(portfolio: Portfolio, moves: Moves, grid: Grid | None) -> list[str]:
    """Say in sentences what a scenario leaves open and how it was read."""
    said = [
        "All at once, with no time between: quantities, collateral and terms stay as they are.",
        "Losses since settlement and in the scenario are owed, gains count only against losses since settlement.",
    ]
    if any(each.volatility for each in moves.scenarios):
        said.append(
            "Implied volatilities of all strikes and expiries move by the same ratio, those of shares as the VIX."
        )
    if any(each.curves for each in moves.scenarios):
        said.append(
            "Basis points of yields move continuous yields; between the tenors of a curve linear, beyond them flat."
        )
    if moves.floored:
        said.append(f"{moves.floored} moves of factors above one would have gone below a price of zero and stop there.")
    if portfolio.rates or any(each.curves for each in moves.scenarios):
        said.append("The margin model sees rates moved as their curve does at one year.")
    if grid is not None:
        said.append(f"On the grid all underlyings of {', '.join(grid.classes)} move alike, all others stand still.")
    return said
