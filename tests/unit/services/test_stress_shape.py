"""/stress-test in the earlier engine's shape: verdicts, what is short, and nulls that say so."""

from datetime import UTC, datetime
from typing import Any

import pytest

from compute.result import Result
from services.stress_shape import stress_test_document

NOW = datetime(2026, 1, 30, tzinfo=UTC)


def scenario(name: str, funds: float | None, **more: Any) -> dict[str, Any]:
    return {
        "scenario": name, "title": name, "when": "", "unverified": [], "profit_and_loss": -1.0, "loss_owed": 1.0,
        "initial_margin": 10.0, "total_margin": 11.0, "available_funds": funds, "margin_increase": 1.0,
        "margin_increase_percent": 10.0, "breach": None if funds is None else funds < 0.0, "liquidation_value": 5.0,
        "bid_ask_cost": 0.0, "depth_cost": 0.0, "positions_at_risk": [{"id": "a", "profit_and_loss": -1.0}], **more,
    }  # fmt: skip


def shown(*scenarios: dict[str, Any], passed: bool | None) -> dict[str, Any]:
    document = {
        "currency": "USD", "as_of": "2026-01-30", "model": "house", "version": "1.0", "base": {"total_margin": 10.0},
        "scenarios": list(scenarios), "passed": passed, "assumptions": ["said"],
    }  # fmt: skip
    still = {"id": ["b"], "factor": ["price"], "why": ["none"], "scenarios": ["all"]}
    result = Result(document=document, tables={"not_moved": still})
    return stress_test_document("desk", result, tested_at=NOW, job_id="j")


def test_what_is_short_in_the_worst_scenario_is_to_be_added():
    data = shown(scenario("one", -5.0), scenario("two", -7.5), scenario("three", 3.0), passed=False)
    assert [each["passes_test"] for each in data["stress_test_results"]] == [False, False, True]
    assert data["overall_assessment"] == {
        "all_scenarios_passed": False,
        "max_margin_increase_percent": 10.0,
        "recommendation": "Add collateral of 7.50 USD or reduce a: so much is short in two.",
    }
    assert data["not_moved"] == [{"id": "b", "factor": "price", "why": "none", "scenarios": "all"}]
    assert (data["job_id"], data["device"], data["not_computed"]) == ("j", "cpu", [])


def test_all_passed_needs_nothing():
    assessment = shown(scenario("one", 0.0), passed=True)["overall_assessment"]
    assert assessment["all_scenarios_passed"] is True
    assert assessment["recommendation"] == "The collateral covers the margin in all 1 scenarios."


def test_what_is_not_known_is_null_and_listed():
    data = shown(scenario("one", None, margin_increase_percent=None), passed=None)
    assert data["overall_assessment"]["max_margin_increase_percent"] is None
    assert "not known" in data["overall_assessment"]["recommendation"]
    assert data["not_computed"] == [
        f"stress_test_results.0.{name}" for name in ("margin_increase_percent", "passes_test", "available_funds")
    ]


@pytest.mark.parametrize(
    "field", ["base_margin", "stressed_margin", "estimated_liquidation_value", "positions_at_risk"]
)
def test_the_earlier_names_stand(field):
    assert shown(scenario("one", 1.0), passed=True)["stress_test_results"][0][field] is not None
