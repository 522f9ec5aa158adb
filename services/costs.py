"""What a computation will cost here: lines fitted at warm-up to the real kernels, timed in this process."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from compute.crif import Crif
from compute.margin.models import MODELS
from compute.margin.simm.vocabulary import SUBCURVES, TENORS
from compute.market import Market, PriceHistory
from compute.measure import Part
from compute.measures import MEASURES, Book, MeasureSpec, Takes
from compute.portfolio import Labels, Portfolio
from compute.result import no_checkpoint
from core.names import Measure
from services.intake.request import JobRequest

SMALL, LARGE = 50, 5_000
MOST_REPEATS = 5
ENOUGH_SECONDS = 0.08
HISTORY_DAYS = 1_600  # enough for a backtest's default lookback


@dataclass(frozen=True, kw_only=True)
class CostCurve:
    """Milliseconds = fixed + slope · work, the work as the measure counts it."""

    fixed_ms: float
    slope_ms: float

    def predict(self, work: float) -> float:
        """Return the milliseconds of that much work."""
        return self.fixed_ms + self.slope_ms * work


_CURVES: dict[tuple[Measure, str], CostCurve] = {}


def calibrate(measures: Mapping[str, MeasureSpec] = MEASURES) -> None:
    """Compile every kernel and time it at two sizes; until then nothing is predicted, and nothing runs inline."""
    for name, measure in measures.items():
        for model, spec in measure.variants():
            if spec.is_timed:
                _CURVES[Measure(name), model] = _fitted(spec)
            elif spec.compiles:
                _bound(spec, SMALL, _lighter(spec))()


def calibrated() -> frozenset[Measure]:
    """Return the measures whose cost is known in this process."""
    return frozenset(measure for measure, _model in _CURVES)


def predicted_ms(request: JobRequest, book: Book | None) -> float | None:
    """Return the predicted cost, or None where this process has not measured it."""
    measure = MEASURES[request.measure]
    spec = measure.chosen(request.parameters)
    if spec.parts is not None:
        return None if book is None else _sum_ms(spec.parts(request.parameters, book), book)
    timed = Measure.MARGIN if spec.margins else request.measure
    curve = _CURVES.get((timed, measure.model_of(request.parameters)))
    if curve is None or book is None:
        return None
    return (spec.margins or 1.0) * curve.predict(spec.work(math.ceil(spec.size(book)), request.parameters))


def _sum_ms(parts: Sequence[Part], book: Book) -> float | None:
    """Return what several calculations of margins cost together, None where one of the models is not measured."""
    total = 0.0
    for part in parts:
        spec, curve = MODELS[part.model], _CURVES.get((Measure.MARGIN, part.model))
        if curve is None:
            return None
        total += part.margins * curve.predict(spec.work(math.ceil(spec.size(book)), part.parameters))
    return total


def compile_all(measures: Mapping[str, MeasureSpec] = MEASURES) -> None:
    """Run every kernel once on something small."""
    for measure in measures.values():
        for _model, spec in measure.variants():
            if spec.is_timed or spec.compiles:
                _bound(spec, SMALL, _lighter(spec))()


def _fitted(spec: MeasureSpec) -> CostCurve:
    light, full = _lighter(spec), _defaults(spec)
    quick, slow = _median_ms(_bound(spec, SMALL, light)), _median_ms(_bound(spec, LARGE, full))
    less, more = spec.work(_size(spec, SMALL), light), spec.work(_size(spec, LARGE), full)
    slope = max(0.0, (slow - quick) / (more - less)) if more > less else 0.0
    return CostCurve(fixed_ms=max(0.0, quick - slope * less), slope_ms=slope)


def _size(spec: MeasureSpec, count: int) -> int:
    return math.ceil(spec.size(synthetic_portfolio(count))) if Takes.POSITIONS in spec.takes else count


def _defaults(spec: MeasureSpec) -> dict[str, Any]:
    return {name: parameter.default for name, parameter in spec.parameters.items()} | dict(spec.sample)


def _lighter(spec: MeasureSpec) -> dict[str, Any]:
    """Return the defaults with, where a measure has them, a tenth of the paths and of the days."""
    parameters = _defaults(spec)
    return parameters | {name: parameters[name] // 10 for name in ("paths", "days") if name in parameters}


def _bound(spec: MeasureSpec, size: int, parameters: Mapping[str, Any]) -> Callable[[], object]:
    if Takes.POSITIONS not in spec.takes:
        crif = synthetic_crif(size)
        return lambda: spec.kernel(crif, Market(), parameters, no_checkpoint)
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


def synthetic_crif(size: int) -> Crif:
    """Return rates and equity sensitivities to time kernels with: `size` rows, some with names, some with tenors."""
    rates = np.arange(size) % 2 == 0
    count = [index // 2 for index in range(size)]

    def column(rate: Callable[[int], str], name: Callable[[int], str | None]) -> Labels:
        return Labels.of([rate(one) if curve else name(one) for one, curve in zip(count, rates, strict=True)])

    return Crif(
        id="calibration",
        as_of=date(2020, 1, 2),
        labels={
            "netting_set": Labels.of(["calibration"] * size),
            "product_class": column(lambda _: "RatesFX", lambda _: "Equity"),
            "risk_type": column(lambda _: "Risk_IRCurve", lambda _: "Risk_Equity"),
            "qualifier": column(lambda one: ("USD", "EUR", "JPY", "BRL")[one % 4], lambda one: f"N{one}"),
            "bucket": column(lambda _: "1", lambda one: str(one % 12 + 1)),
            "label1": column(lambda one: TENORS[one % len(TENORS)], lambda _: None),
            "label2": column(lambda one: SUBCURVES[one % len(SUBCURVES)], lambda _: None),
        },
        amount=np.where(np.arange(size) % 3 == 0, -1e4, 1e4),
    )


def synthetic_market(portfolio: Portfolio) -> Market:
    """Return a market to time kernels with: a made-up history of the portfolio's symbols."""
    symbols = portfolio.labels["symbol"].values
    steps = np.random.default_rng(1).normal(0.0, 0.01, (HISTORY_DAYS, len(symbols)))
    dates = np.datetime64("2015-01-01") + np.arange(HISTORY_DAYS)
    return Market(history=PriceHistory(symbols=symbols, dates=dates, closes=50.0 * np.exp(steps.cumsum(axis=0))))
