"""The earlier engine's shapes: every name it had, computed or null and listed."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from compute.market import Market
from compute.measures import MEASURES
from compute.result import Result, no_checkpoint
from core.names import Measure
from services.intake.decode import decode_margin
from services.intake.parameters import read_parameters
from services.spec_shapes import (
    SHOWN_POSITIONS,
    margin_calculate_document,
    margin_optimize_document,
    performance_document,
    status_document,
)
from storage.jobs import Tally
from tests.unit.services.intake.books import body, book, position

NOW = datetime(2025, 1, 31, 12, tzinfo=UTC)
LONG_SHORT = (position(1), position(2, symbol="TSLA", quantity=-500, price=200.0, settlement_price=190.0))


def computed(measure: str, *positions: dict[str, Any], **fields: Any) -> Result:
    portfolio = decode_margin(body({"portfolio": book(*positions, as_of="2025-01-31", **fields)})).job.portfolio
    return MEASURES[measure].kernel(portfolio, Market(), read_parameters(measure, {}), no_checkpoint)


def calculated(*positions: dict[str, Any], **options: Any) -> dict[str, Any]:
    margin = computed("margin", *positions)
    data = margin_calculate_document("book", margin, run_ms=1.5, calculated_at=NOW, **options)
    json.dumps(data, allow_nan=False)
    return data


def at(data: dict[str, Any], path: str) -> Any:
    found: Any = data
    for name in path.split("."):
        found = found[name]
    return found


def test_margin_calculate_has_every_field_the_earlier_engine_had() -> None:
    optimise = computed("optimise", *LONG_SHORT)
    data = calculated(*LONG_SHORT, optimise=optimise, optimise_ms=0.5, include_stress_test=True)
    assert data["margin_requirement"].keys() >= {
        "total_margin",
        "net_initial_margin",
        "variation_margin",
        "cross_margin_offset",
        "margin_utilization",
        "margin_utilization_percent",
        "margin_excess",
        "time_to_margin_call_minutes",
        "position_margins",
        "gross_initial_margin",
        "maintenance_margin",
    }
    assert data["calculation_metadata"].keys() >= {
        "calculation_time_ms",
        "hardware_acceleration",
        "risk_engine_integration",
        "calculated_at",
    }
    assert data["optimization"].keys() >= {
        "original_margin",
        "optimized_margin",
        "margin_savings",
        "capital_efficiency_improvement",
        "cross_margin_benefits",
        "computation_time_ms",
    }
    assert {"portfolio_id", "regulatory_capital", "risk_analysis", "stress_test"} <= data.keys()
    for block in (data, data["optimization"]):
        assert (block["currency"], block["as_of"], block["model"]) == ("USD", "2025-01-31", "house")
        assert block["version"]


def test_the_numbers_are_those_of_the_result() -> None:
    margin = computed("margin", *LONG_SHORT).document
    found = calculated(*LONG_SHORT)["margin_requirement"]
    assert found["total_margin"] == margin["total_margin"]
    assert (
        found["net_initial_margin"]
        == margin["initial_margin"]
        == found["gross_initial_margin"] - (found["cross_margin_offset"])
    )
    assert found["margin_utilization_percent"] == pytest.approx(100 * found["margin_utilization"])
    assert found["margin_utilization"] == pytest.approx(found["total_margin"] / 1e7)
    assert found["position_margins"]["p1"] == {
        "initial_margin": pytest.approx(37_500.0),
        "maintenance_margin": pytest.approx(22_500.0),
        "variation_margin": None,
    }


@pytest.mark.parametrize("options", [{}, {"include_stress_test": True}])
def test_what_is_not_computed_is_null_and_listed(options: dict[str, Any]) -> None:
    data = calculated(*LONG_SHORT, **options)
    assert data["not_computed"]
    assert all(at(data, path) is None for path in data["not_computed"])
    nulls = {name for name, value in data.items() if value is None}
    assert nulls <= set(data["not_computed"])
    assert ("stress_test" in data) == bool(options)
    assert "optimization" not in data


def test_a_time_that_was_not_measured_is_not_made_up() -> None:
    data = calculated(*LONG_SHORT, optimise=computed("optimise", *LONG_SHORT))
    assert data["optimization"]["computation_time_ms"] is None
    assert "optimization.computation_time_ms" in data["not_computed"]
    assert data["calculation_metadata"]["calculation_time_ms"] == 1.5


def test_metadata_tell_the_device_that_ran_and_what_was_assumed() -> None:
    data = calculated(position(), assumed=("as_of",), job_id="j")
    found = data["calculation_metadata"]
    assert (found["device"], found["hardware_acceleration"]) == ("cpu", False)
    assert (found["assumed"], found["job_id"]) == (["as_of"], "j")
    assert found["calculated_at"].startswith("2025-01-31T12:00:00")
    assert found["assumptions"]


@pytest.mark.parametrize(("device", "accelerated"), [("gpu", True), ("ane", True), ("cpu-mlx", False), ("cpu", False)])
def test_a_device_counts_as_acceleration_only_if_it_is_one(device: str, accelerated: bool) -> None:
    margin = computed("margin", position())
    told = Result(document=margin.document, tables=margin.tables, device=device)
    data = margin_calculate_document("book", told, run_ms=1.0, calculated_at=NOW)
    assert data["calculation_metadata"]["hardware_acceleration"] is accelerated


def test_position_margins_are_left_out_of_large_answers_unless_asked_for() -> None:
    positions = [position(index) for index in range(SHOWN_POSITIONS + 1)]
    found = calculated(*positions)["margin_requirement"]
    assert found["position_margins"] is None
    assert "?include=positions" in found["position_margins_note"]
    asked = calculated(*positions, include_positions=True)["margin_requirement"]
    assert len(asked["position_margins"]) == SHOWN_POSITIONS + 1
    at_the_limit = calculated(*positions[:-1])["margin_requirement"]
    assert len(at_the_limit["position_margins"]) == SHOWN_POSITIONS
    assert at_the_limit["position_margins_note"] is None


def test_stored_columns_serve_as_well_as_fresh_ones() -> None:
    margin = computed("margin", *LONG_SHORT)
    columns = {
        name: column.tolist() if isinstance(column, np.ndarray) else list(column)
        for name, column in margin.tables["positions"].items()
    }
    stored = Result(document=margin.document, tables={"positions": columns})
    assert margin_calculate_document("book", stored, run_ms=1.5, calculated_at=NOW) == calculated(*LONG_SHORT)


def test_an_empty_portfolio_has_zero_margin_and_no_division() -> None:
    data = calculated()
    found = data["margin_requirement"]
    assert (found["total_margin"], found["margin_utilization"], found["position_margins"]) == (0.0, 0.0, {})
    margin = computed("margin", available_cash=0)
    bare = margin_calculate_document("book", margin, run_ms=1.0, calculated_at=NOW)["margin_requirement"]
    assert bare["margin_utilization"] is bare["margin_utilization_percent"] is None


def test_margin_optimize_has_every_field_the_earlier_engine_had() -> None:
    data = margin_optimize_document(computed("optimise", *LONG_SHORT), run_ms=2.5)
    json.dumps(data, allow_nan=False)
    assert data["margin_savings"] == pytest.approx(data["original_margin"] - data["optimized_margin"])
    assert (data["computation_time_ms"], data["device"]) == (2.5, "cpu")
    (benefit,) = data["cross_margin_benefits"]
    assert benefit.keys() == {
        "asset_class",
        "position_count",
        "gross_margin",
        "cross_margin_offset",
        "offset_percentage",
        "calculation_method",
    }
    assert {"remaining", "optimization_method"} <= data.keys()


TALLIES = [
    Tally(measure=Measure.MARGIN, device="cpu", count=3, mean_ms=1.0),
    Tally(measure=Measure.OPTIMISE, device="cpu", count=1, mean_ms=5.0),
    Tally(measure=Measure.NOOP, device="cpu", count=1000, mean_ms=0.0),
]


def test_performance_counts_calculations_and_not_drills() -> None:
    data = performance_document(TALLIES, active_portfolios=2, hardware={"gpu": False}, uptime_seconds=9.0)
    assert data["performance_metrics"] == {
        "calculations_performed": 4,
        "alerts_generated": None,
        "optimizations_run": 1,
        "average_calculation_time_ms": 2.0,
    }
    assert data.keys() >= {"active_portfolios", "hardware_acceleration", "components_status", "uptime"}
    assert all(at(data, path) is None for path in data["not_computed"])
    idle = performance_document([], active_portfolios=None, hardware={}, uptime_seconds=0.0)
    assert idle["performance_metrics"]["average_calculation_time_ms"] is None


def test_status_has_every_field_the_earlier_engine_had() -> None:
    data = status_document(
        TALLIES, engine_status="running", active_portfolios=2, hardware={"gpu": True}, uptime_seconds=9.0
    )
    assert data.keys() >= {
        "engine_status",
        "active_portfolios",
        "performance_metrics",
        "monitoring_status",
        "hardware_acceleration",
        "risk_engine_integration",
        "components",
        "uptime",
    }
    assert data["components"].keys() == {
        "margin_calculator",
        "collateral_optimizer",
        "margin_monitor",
        "regulatory_calculator",
    }
    assert all(at(data, path) is None for path in data["not_computed"])
