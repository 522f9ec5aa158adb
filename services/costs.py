"""What a computation will cost here: lines fitted at warm-up to the real kernels, timed in this process."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from compute.market import Market, PriceHistory
from compute.measures import MEASURES, MeasureSpec
from compute.portfolio import Labels, Portfolio
from compute.result import no_checkpoint
from core.names import Measure
from services.intake.request import JobRequest

SMALL, LARGE = 50, 20_000
MOST_REPEATS = 7
ENOUGH_SECONDS = 0.25
HISTORY_DAYS = 300


@dataclass(frozen=True, kw_only=True)
class CostCurve:
    """Milliseconds = fixed + slope · work, the work as the measure counts it."""

    fixed_ms: float
    slope_ms: float

    def predict(self, work: float) -> float:
        """Return the milliseconds of that much work."""
        return self.fixed_ms + self.slope_ms * work


_CURVES: dict[Measure, CostCurve] = {}


def calibrate(measures: Mapping[str, MeasureSpec] = MEASURES) -> None:
    """Compile every kernel and time it at two sizes; until then nothing is predicted, and nothing runs inline."""
    for name, spec in measures.items():
        if spec.needs_portfolio:
            _CURVES[Measure(name)] = _fitted(spec)


def calibrated() -> frozenset[Measure]:
    """Return the measures whose cost is known in this process."""
    return frozenset(_CURVES)


def predicted_ms(request: JobRequest, portfolio: Portfolio | None) -> float | None:
    """Return the predicted cost, or None where this process has not measured it."""
    curve = _CURVES.get(request.measure)
    if curve is None or portfolio is None:
        return None
    return curve.predict(MEASURES[request.measure].work(len(portfolio), request.parameters))


def compile_all(measures: Mapping[str, MeasureSpec] = MEASURES) -> None:
    """Run every kernel once on something small."""
    for spec in measures.values():
        if spec.needs_portfolio:
            _bound(spec, SMALL, _lighter(spec))()


def _fitted(spec: MeasureSpec) -> CostCurve:
    light, full = _lighter(spec), _defaults(spec)
    quick, slow = _median_ms(_bound(spec, SMALL, light)), _median_ms(_bound(spec, LARGE, full))
    less, more = spec.work(SMALL, light), spec.work(LARGE, full)
    slope = max(0.0, (slow - quick) / (more - less)) if more > less else 0.0
    return CostCurve(fixed_ms=max(0.0, quick - slope * less), slope_ms=slope)


def _defaults(spec: MeasureSpec) -> dict[str, Any]:
    return {name: parameter.default for name, parameter in spec.parameters.items()}


def _lighter(spec: MeasureSpec) -> dict[str, Any]:
    """Return the defaults with, where a measure has them, a tenth of the paths."""
    parameters = _defaults(spec)
    if "paths" in parameters:
        parameters["paths"] = parameters["paths"] // 10
    return parameters


def _bound(spec: MeasureSpec, size: int, parameters: Mapping[str, Any]) -> Callable[[], object]:
    portfolio = synthetic_portfolio(size)
    market = synthetic_market(portfolio) if spec.needs_history(parameters) else Market()
    return lambda: spec.kernel(portfolio, market, parameters, no_checkpoint)


def _median_ms(call: Callable[[], object]) -> float:
    call()  # compiles
    times: list[float] = []
    while len(times) < MOST_REPEATS and sum(times) < ENOUGH_SECONDS * 1_000:
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1_000)
    return float(np.median(times))


def synthetic_portfolio(size: int) -> Portfolio:
    """Return a portfolio to time kernels with: `size` equities, long and short.

    One symbol comes with two multipliers, so that telling instruments apart is compiled and timed too.
    """
    symbols = [f"S{index % 40}" for index in range(size)]
    quantity = np.where(np.arange(size) % 3 == 0, -100.0, 100.0)
    return Portfolio(
        id="calibration",
        name="calibration",
        currency="USD",
        as_of=date(2020, 1, 2),
        ids=tuple(f"p{index}" for index in range(size)),
        labels={
            "symbol": Labels.of(symbols),
            "asset_class": Labels.of(["equity"] * size),
            "currency": Labels.of(["USD"] * size),
        },
        numbers={"quantity": quantity, "price": np.full(size, 50.0), "multiplier": np.where(np.arange(size), 1.0, 2.0)},
        available_cash=1e6,
    )


def synthetic_market(portfolio: Portfolio) -> Market:
    """Return a market to time kernels with: a made-up history of the portfolio's symbols."""
    symbols = portfolio.labels["symbol"].values
    steps = np.random.default_rng(1).normal(0.0, 0.01, (HISTORY_DAYS, len(symbols)))
    dates = np.datetime64("2019-01-01") + np.arange(HISTORY_DAYS)
    return Market(history=PriceHistory(symbols=symbols, dates=dates, closes=50.0 * np.exp(steps.cumsum(axis=0))))
