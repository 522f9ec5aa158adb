"""The cost curve: fitted to timed calls of the real kernels, silent about what was not timed."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from compute.measures import MEASURES, MeasureSpec
from compute.parameters import Kind, Parameter
from compute.portfolio import Portfolio
from compute.result import Result
from core.names import Measure
from services import costs
from services.costs import CostCurve, calibrate, calibrated, compile_all, predicted_ms, synthetic_portfolio
from services.intake.request import JobRequest


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "_CURVES", {})


def request(measure: Measure = Measure.MARGIN, **parameters: Any) -> JobRequest:
    return JobRequest(measure=measure, portfolio=None, portfolio_id=None, parameters=parameters)


def test_a_curve_is_a_line() -> None:
    assert CostCurve(fixed_ms=2.0, slope_ms=0.5).predict(10.0) == 7.0


def test_nothing_is_predicted_before_calibration() -> None:
    assert predicted_ms(request(), synthetic_portfolio(3)) is None
    assert calibrated() == frozenset()


def test_more_work_costs_more() -> None:
    def kernel(portfolio: Portfolio, _market: object, _parameters: Mapping[str, Any], _stop: object) -> Result:
        time.sleep(len(portfolio) * 1e-6)
        return Result(document={})

    spec = MeasureSpec(kernel=kernel, parameters={}, work=lambda positions, _parameters: float(positions))
    calibrate({"margin": replace(spec, models={"house": spec})})
    small = predicted_ms(request(), synthetic_portfolio(10))
    large = predicted_ms(request(), synthetic_portfolio(10_000))
    assert small is not None
    assert large is not None
    assert small < large


def test_paths_are_lightened_for_the_smaller_size() -> None:
    seen: list[int] = []

    def kernel(_portfolio: object, _market: object, parameters: Mapping[str, Any], _stop: object) -> Result:
        seen.append(parameters["paths"])
        return Result(document={})

    paths = Parameter(kind=Kind.INTEGER, default=100_000, doc="Paths.")
    spec = MeasureSpec(
        kernel=kernel, parameters={"paths": paths}, work=lambda _positions, parameters: float(parameters["paths"])
    )
    calibrate({"var": spec})
    assert set(seen) == {10_000, 100_000}
    assert calibrated() == {Measure.VAR}


def test_a_backtest_costs_by_its_names_and_days() -> None:
    """Its sample has forty names whatever the positions; what is predicted counts a book's own, and its days."""
    spec = MEASURES["backtest"].models["fhs"]
    seen: list[int] = []

    def kernel(_portfolio: object, _market: object, parameters: Mapping[str, Any], _stop: object) -> Result:
        seen.append(parameters["days"])
        time.sleep(parameters["days"] * 2e-5)
        return Result(document={})

    timed = replace(spec, kernel=kernel)
    calibrate({"backtest": replace(timed, models={"fhs": timed})})
    assert set(seen) == {100, 1_000}
    asked = {"model": "fhs", "lookback": 1_250, "days": 5_000}
    few, many, short = (
        predicted_ms(request(Measure.BACKTEST, **given), synthetic_portfolio(count))
        for given, count in ((asked, 10), (asked, 40), ({**asked, "days": 50}, 40))
    )
    assert few is not None
    assert many is not None
    assert short is not None
    assert short < few < many


def test_drills_are_never_predicted() -> None:
    calibrate({"noop": MEASURES["noop"]})
    assert calibrated() == frozenset()
    assert predicted_ms(request(Measure.NOOP, sleep_ms=1), None) is None


def test_compiling_calls_each_kernel_once() -> None:
    calls: list[str] = []

    def kernel(*_: object) -> Result:
        calls.append("called")
        return Result(document={})

    compile_all({"margin": MeasureSpec(kernel=kernel, parameters={}, work=lambda *_: 1.0)})
    assert calls == ["called"]
    assert calibrated() == frozenset()


def test_a_model_that_needs_a_parameter_is_neither_called_nor_timed() -> None:
    def refuse(*_: object) -> Result:
        raise AssertionError

    spec = MeasureSpec(kernel=refuse, parameters={}, work=lambda *_: 1.0, runs_on_defaults=False)
    compile_all({"margin": spec})
    calibrate({"margin": spec})
    assert calibrated() == frozenset()


def test_a_comparison_costs_each_models_margin_on_each_date(monkeypatch: pytest.MonkeyPatch) -> None:
    curves = {
        (Measure.MARGIN, "house"): CostCurve(fixed_ms=1.0, slope_ms=0.5),
        (Measure.MARGIN, "reg_t"): CostCurve(fixed_ms=2.0, slope_ms=0.0),
    }
    monkeypatch.setattr(costs, "_CURVES", curves)
    entries = [{"model": name, "parameters": {"model": name}} for name in ("house", "reg_t")]
    asked = {"figure": "initial_margin", "confidence": 0.99, "horizon_days": 2, "step": 2, "days": 500, "seconds": 20.0}
    book = synthetic_portfolio(10)
    assert predicted_ms(request(Measure.COMPARE, models=entries, **asked), book) == 251 * (1.0 + 5.0 + 2.0)
    assert predicted_ms(request(Measure.BACKTEST, model="house", **asked), book) == 251 * 6.0
    unknown = [*entries, {"model": "span", "parameters": {}}]
    assert predicted_ms(request(Measure.COMPARE, models=unknown, **asked), book) is None
    assert predicted_ms(request(Measure.COMPARE, models=entries, **asked), None) is None
