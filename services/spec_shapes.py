"""Answers in the earlier engine's wire shapes, for its clients: same names, numbers that were computed.

What it promised and nobody computes yet is null, and `not_computed` lists it by its path: never zero, never left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any

from compute.result import Result
from core.clock import isoformat
from core.names import Measure
from storage.jobs import Tally

SHOWN_POSITIONS = 1_000
ACCELERATED = frozenset({"gpu", "ane"})
OPERATIONAL = "operational"
NOT_BUILT = "not_built"
HOUSE = "house"

_IDENTITY = ("currency", "as_of", "model", "version")
_OPTIMISATION = (
    "original_margin",
    "optimized_margin",
    "margin_savings",
    "capital_efficiency_improvement",
    "cross_margin_benefits",
    "remaining",
    "optimization_method",
)
_REQUIREMENT = {
    "total_margin": "total_margin",
    "gross_initial_margin": "gross_initial_margin",
    "net_initial_margin": "initial_margin",
    "variation_margin": "variation_margin",
    "gross_maintenance_margin": "gross_maintenance_margin",
    "maintenance_margin": "maintenance_margin",
    "cross_margin_offset": "cross_margin_offset",
    "available_collateral": "available_collateral",
    "margin_utilization": "utilization",
    "margin_excess": "excess_liquidity",
    "margin_status": "status",
    "breakdown": "breakdown",
}
_COMPONENTS = {
    "margin_calculator": OPERATIONAL,
    "collateral_optimizer": OPERATIONAL,
    "margin_monitor": NOT_BUILT,
    "regulatory_calculator": NOT_BUILT,
}


def margin_calculate_document(
    portfolio_id: str,
    margin: Result,
    *,
    run_ms: float,
    calculated_at: datetime,
    optimise: Result | None = None,
    optimise_ms: float | None = None,
    wants_optimisation: bool = False,
    include_positions: bool = False,
    include_stress_test: bool = False,
    assumed: Sequence[str] = (),
    **metadata: Any,
) -> dict[str, Any]:
    """Return `data` of /margin/calculate.

    A model other than house leaves null what it does not have, `model_result` holds all that it has, and an
    optimisation that was asked for is null: offsets are the house model's. `run_ms` is the time of all that was
    computed, `optimise_ms` of the optimisation alone where it was timed alone;
    `metadata` goes into `calculation_metadata` as it is.
    """
    not_computed = ["margin_requirement.time_to_margin_call_minutes", "regulatory_capital", "risk_analysis"]
    not_computed += [
        f"margin_requirement.{name}" for name, given in _REQUIREMENT.items() if given not in margin.document
    ]
    data: dict[str, Any] = {
        "portfolio_id": portfolio_id,
        **_identity(margin.document),
        "margin_requirement": _requirement(margin, include_positions=include_positions),
        **_own_words(margin),
        "regulatory_capital": None,
        "risk_analysis": None,
        "calculation_metadata": _metadata(margin, run_ms, calculated_at, assumed, metadata),
    }
    if optimise is not None:
        data["optimization"] = margin_optimize_document(optimise, run_ms=optimise_ms)
    elif wants_optimisation:
        data["optimization"] = None
        not_computed.append("optimization")
    if optimise is not None and optimise_ms is None:
        not_computed.append("optimization.computation_time_ms")
    if include_stress_test:
        data["stress_test"] = None
        not_computed.append("stress_test")
    return {**data, "not_computed": not_computed}


def margin_optimize_document(optimise: Result, *, run_ms: float | None) -> dict[str, Any]:
    """Return `data` of /margin/optimize."""
    document = optimise.document
    return {
        **_identity(document),
        **{name: document.get(name) for name in _OPTIMISATION},
        "computation_time_ms": run_ms,
        "device": optimise.device,
    }


def performance_document(
    tallies: Sequence[Tally], *, active_portfolios: int | None, hardware: Mapping[str, bool], uptime_seconds: float
) -> dict[str, Any]:
    """Return `data` of /performance/metrics."""
    return {
        "performance_metrics": _performance(tallies),
        "active_portfolios": active_portfolios,
        "hardware_acceleration": dict(hardware),
        "components_status": dict(_COMPONENTS),
        "uptime": uptime_seconds,
        "not_computed": ["performance_metrics.alerts_generated"],
    }


def status_document(
    tallies: Sequence[Tally],
    *,
    engine_status: str,
    active_portfolios: int | None,
    hardware: Mapping[str, bool],
    uptime_seconds: float,
) -> dict[str, Any]:
    """Return the answer of /status, which has no envelope."""
    return {
        "engine_status": engine_status,
        "active_portfolios": active_portfolios,
        "performance_metrics": _performance(tallies),
        "monitoring_status": None,
        "hardware_acceleration": dict(hardware),
        "risk_engine_integration": False,
        "components": dict(_COMPONENTS),
        "uptime": uptime_seconds,
        "not_computed": ["performance_metrics.alerts_generated", "monitoring_status"],
    }


def _own_words(margin: Result) -> dict[str, Any]:
    """Return the whole result of a model that the earlier engine did not have, in its own words."""
    if margin.document.get("model") == HOUSE:
        return {}
    return {"model_result": dict(margin.document)}


def _identity(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document.get(name) for name in _IDENTITY}


def _requirement(margin: Result, *, include_positions: bool) -> dict[str, Any]:
    found = margin.document
    utilization = found.get("utilization")
    count = found.get("position_count", len(margin.tables.get("positions", {}).get("id", ())))
    shown = include_positions or count <= SHOWN_POSITIONS
    return {
        **{ours: found.get(theirs) for ours, theirs in _REQUIREMENT.items()},
        "margin_utilization_percent": None if utilization is None else 100.0 * utilization,
        "time_to_margin_call_minutes": None,
        "position_count": count,
        "position_margins": _position_margins(margin.tables.get("positions", {})) if shown else None,
        "position_margins_note": None if shown else f"{count} positions: ask for them with ?include=positions.",
    }


def _position_margins(columns: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    initial, variation, maintenance = (
        _plain(columns.get(name)) for name in ("initial_margin", "variation_margin", "maintenance_margin")
    )
    return {
        each: {"initial_margin": first, "variation_margin": second, "maintenance_margin": third}
        for each, first, second, third in zip(columns.get("id", ()), initial, variation, maintenance, strict=False)
    }


def _plain(column: Any) -> Iterable[Any]:
    if column is None:
        return repeat(None)
    return column.tolist() if hasattr(column, "tolist") else column  # type: ignore[no-any-return]


def _metadata(
    margin: Result, run_ms: float, calculated_at: datetime, assumed: Sequence[str], more: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "calculation_time_ms": run_ms,
        "hardware_acceleration": margin.device in ACCELERATED,
        "device": margin.device,
        "risk_engine_integration": False,
        "calculated_at": isoformat(calculated_at),
        "assumed": list(assumed),
        "assumptions": list(margin.document.get("assumptions", ())),
        **more,
    }


def _performance(tallies: Sequence[Tally]) -> dict[str, Any]:
    counted = [tally for tally in tallies if tally.measure is not Measure.NOOP]
    total = sum(tally.count for tally in counted)
    return {
        "calculations_performed": total,
        "alerts_generated": None,
        "optimizations_run": sum(tally.count for tally in counted if tally.measure is Measure.OPTIMISE),
        "average_calculation_time_ms": sum(tally.count * tally.mean_ms for tally in counted) / total if total else None,
    }
