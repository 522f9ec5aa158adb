"""The stress test in the earlier engine's wire shape: same names, its scenarios real, its margins recomputed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from compute.result import Result
from core.clock import isoformat

_IDENTITY = ("currency", "as_of", "model", "version")
_SAME = (
    "title", "when", "unverified", "profit_and_loss", "loss_owed", "initial_margin", "available_funds", "bid_ask_cost",
    "depth_cost",
)  # fmt: skip
_SCENARIO = "stress_test_results.{}.{}"


def stress_test_document(
    portfolio_id: str, stress: Result, *, tested_at: datetime, assumed: Sequence[str] = (), **metadata: Any
) -> dict[str, Any]:
    """Return `data` of /stress-test: what a model cannot say is null and listed in `not_computed`.

    Margins are totals, initial margin and what is owed, before and after; a scenario is passed when the funds that are
    left cover the initial margin.
    """
    document = stress.document
    results = [_scenario(each, document["base"]) for each in document["scenarios"]]
    return {
        "portfolio_id": portfolio_id,
        **{name: document.get(name) for name in _IDENTITY},
        "stress_test_results": results,
        "overall_assessment": _assessment(document, results),
        "tested_scenarios": [each["scenario"] for each in results],
        "test_timestamp": isoformat(tested_at),
        "not_moved": _not_moved(stress),
        "device": stress.device,
        "assumed": list(assumed),
        "assumptions": list(document["assumptions"]),
        "not_computed": [_SCENARIO.format(place, name) for place, each in enumerate(results)
                         for name, value in each.items() if value is None],
        **metadata,
    }  # fmt: skip


def _scenario(found: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    breach = found["breach"]
    return {
        "scenario": found["scenario"],
        "base_margin": base["total_margin"],
        "stressed_margin": found["total_margin"],
        "margin_increase": found["margin_increase"],
        "margin_increase_percent": found["margin_increase_percent"],
        "positions_at_risk": [each["id"] for each in found["positions_at_risk"]],
        "estimated_liquidation_value": found["liquidation_value"],
        "passes_test": None if breach is None else not breach,
        **{name: found[name] for name in _SAME},
    }


def _assessment(document: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    rises = [each["margin_increase_percent"] for each in results if each["margin_increase_percent"] is not None]
    return {
        "all_scenarios_passed": document["passed"],
        "max_margin_increase_percent": max(rises, default=None),
        "recommendation": _recommendation(document, results),
    }


def _recommendation(document: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> str:
    """Return what to do in a sentence: what is short in the worst scenario, and the positions that lose most there."""
    if document["passed"] is None:
        return "The model says nothing of collateral, so whether it suffices is not known."
    if document["passed"]:
        return f"The collateral covers the margin in all {len(results)} scenarios."
    worst = min(results, key=lambda each: float(each["available_funds"]))
    short = -float(worst["available_funds"])
    losing = ", ".join(worst["positions_at_risk"][:3])
    reduce = f" or reduce {losing}" if losing else ""
    return f"Add collateral of {short:,.2f} {document['currency']}{reduce}: so much is short in {worst['scenario']}."


def _not_moved(stress: Result) -> list[dict[str, Any]]:
    columns = stress.tables["not_moved"]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
