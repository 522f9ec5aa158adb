"""The margin models by name, and the backtests by model."""

from collections.abc import Mapping
from typing import Any

from compute.margin import requests
from compute.margin.backtest import plan
from compute.margin.fhs import request as fhs_request
from compute.margin.fhs.factors import conversion_pairs
from compute.margin.portfolio_margin import request as portfolio_margin_request
from compute.margin.sets import with_sets
from compute.margin.span import request as span_request
from compute.margin.weights import factors, pairings, revaluations
from compute.measure import SAMPLE_SYMBOLS, MeasureSpec, Part, Takes, deferred, deferred_faults, rows
from compute.simulation.exposures import factor_names


def reads_history(parameters: Mapping[str, Any]) -> bool:
    """Whether the house model's volatilities come from stored prices."""
    return bool(parameters["volatility"] == "history")


_MODELS: dict[str, MeasureSpec] = {
    "house": MeasureSpec(
        kernel=deferred("compute.margin.house", "margin"),
        parameters=requests.HOUSE,
        work=rows,
        needs_history=reads_history,
    ),
    "simm": MeasureSpec(
        kernel=deferred("compute.margin.simm.margin", "margin"),
        parameters=requests.SIMM,
        work=rows,
        takes=(Takes.CRIF,),
        row_faults=deferred_faults("compute.margin.simm.checks", "row_faults"),
    ),
    "schedule": MeasureSpec(
        kernel=deferred("compute.margin.schedule.margin", "margin"),
        parameters=requests.SCHEDULE,
        work=rows,
        takes=(Takes.CRIF, Takes.POSITIONS),
        row_faults=deferred_faults("compute.margin.schedule.trades", "row_faults"),
    ),
    "reg_t": MeasureSpec(
        kernel=deferred("compute.margin.reg_t.model", "margin"),
        parameters=requests.REG_T,
        size=pairings,
        work=rows,
    ),
    "portfolio_margin": MeasureSpec(
        kernel=deferred("compute.margin.portfolio_margin.margin", "margin"),
        parameters=portfolio_margin_request.PARAMETERS,
        judge=portfolio_margin_request.judge,
        work=rows,
        size=revaluations(european=4.0, american=400.0),
    ),
    "fhs": MeasureSpec(
        kernel=deferred("compute.margin.fhs.margin", "margin"),
        parameters=fhs_request.PARAMETERS,
        work=fhs_request.work,
        size=revaluations(european=25.0, american=200.0),
        needs_history=lambda _parameters: True,
        history_names=factor_names,
        more_history=conversion_pairs,
    ),
    "span": MeasureSpec(
        kernel=deferred("compute.margin.span.margin", "margin"),
        parameters=span_request.PARAMETERS,
        judge=span_request.judge,
        work=span_request.work,
        size=revaluations(european=1.0, american=140.0),
        sample=span_request.sample(SAMPLE_SYMBOLS),
    ),
}

MODELS: dict[str, MeasureSpec] = {name: with_sets(name, spec) for name, spec in _MODELS.items()}

_BACKTESTS: dict[str, MeasureSpec] = {
    "fhs": MeasureSpec(
        kernel=deferred("compute.margin.backtest.fhs", "backtest"),
        parameters=fhs_request.BACKTEST_PARAMETERS,
        work=fhs_request.backtest_work,
        size=factors(european=0.07, american=0.35),
        sample=fhs_request.BACKTEST_SAMPLE,
        needs_history=lambda _parameters: True,
        history_names=factor_names,
        more_history=conversion_pairs,
    ),
}

WALKED = ("house", "portfolio_margin", "reg_t", "schedule", "span")
"""Models that a backtest asks anew on each date of a history."""


def _walked(model: str) -> MeasureSpec:
    spec = _MODELS[model]

    def own(parameters: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in parameters.items() if name not in plan.PARAMETERS}

    def parts(parameters: Mapping[str, Any], _book: Any) -> list[Part]:
        margins = 1.0 + plan.Plan.of(parameters).most_dates
        return [Part(model=model, parameters=own(parameters), margins=margins)]

    return MeasureSpec(
        kernel=deferred("compute.margin.backtest.by_walk", "backtest"),
        parameters={**plan.PARAMETERS, **spec.parameters},
        work=rows,
        needs_history=lambda _parameters: True,
        history_names=factor_names,
        more_history=plan.walked_symbols,
        judge=lambda parameters: spec.judge(own(parameters)),
        parts=parts,
    )


_BACKTESTS |= {model: _walked(model) for model in WALKED}

BACKTESTS: dict[str, MeasureSpec] = {name: with_sets(name, spec) for name, spec in _BACKTESTS.items()}
