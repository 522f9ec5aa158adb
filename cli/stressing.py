"""A stress test for people: scenarios, the grid, and what could not be moved."""

from collections.abc import Mapping, Sequence
from typing import Any

from cli.output import money, percent, print_table

_SHOWN = 30


def show_stress(result: Mapping[str, Any]) -> None:
    """Print every scenario, every point of the grid, and the positions that a factor has no figure for."""
    currency = str(result["currency"])
    columns = (
        "scenario",
        "profit and loss",
        "initial margin",
        "funds left",
        "liquidation",
        "breach",
        "worst positions",
    )
    rows = [_scenario(each, currency) for each in result["scenarios"]]
    print_table("Scenarios", columns, rows, right=columns[1:5])
    if result.get("grid"):
        _grid(result["grid"], currency)
    still = result["not_moved"]
    hidden = len(still) - _SHOWN
    if still:
        title = "Could not be moved" + (f", the first {_SHOWN}; {hidden:,} more with --json" if hidden > 0 else "")
        names = ("id", "factor", "why", "scenarios")
        print_table(title, names, [[str(each[name]) for name in names] for each in still[:_SHOWN]], right=())


def _scenario(found: Mapping[str, Any], currency: str) -> Sequence[str]:
    amounts = ("profit_and_loss", "initial_margin", "available_funds", "liquidation_value")
    return (
        str(found["scenario"]),
        *(money(found[name], currency) for name in amounts),
        {None: "-", True: "BREACH", False: "no"}[found["breach"]],
        ", ".join(str(each["id"]) for each in found["positions_at_risk"][:3]),
    )


def _grid(points: Sequence[Mapping[str, Any]], currency: str) -> None:
    names = [name for name in ("profit_and_loss", "initial_margin", "available_funds") if name in points[0]]
    rows = [
        (percent(each["spot"]), percent(each["volatility"]), *(money(each[name], currency) for name in names))
        for each in points[:_SHOWN]
    ]
    hidden = len(points) - _SHOWN
    title = "Grid" + (f", the first {_SHOWN} points; {hidden:,} more with --json" if hidden > 0 else "")
    columns = ("spot", "volatility", *(name.replace("_", " ") for name in names))
    print_table(title, columns, rows, right=columns)
