"""The measure `var`: value at risk and expected shortfall by Monte Carlo and from history."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.errors import HistoryError
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from compute.result import Checkpoint, Result
from compute.simulation.components import Components, components, historical_losses, simulated_losses
from compute.simulation.covariance import factor_model
from compute.simulation.delta_gamma import delta_gamma
from compute.simulation.exposures import Exposures, check_count, exposures
from compute.simulation.factorise import Root, square_root
from compute.simulation.histogram import histogram
from compute.simulation.request import AUTO, DELTA_GAMMA, HISTORICAL, PLAIN, Request
from compute.simulation.returns import Returns, log_returns
from compute.simulation.revaluation import book, profit_and_loss
from compute.simulation.tail import Tail, is_supported, tails


@dataclass(frozen=True, kw_only=True)
class Section:
    """What one method found.

    Parameters
    ----------
    profits
        Shape (n,), base currency, gain positive.
    """

    method: str
    profits: Floats
    tails: list[Tail]
    components: list[Components]


def value_at_risk(
    portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint
) -> Result:
    """Return VaR and ES in the base currency, losses positive, with standard errors and components by factor.

    Parameters
    ----------
    portfolio
        Positions map to factors by symbol, linearly: see `compute.simulation.exposures`; under `delta_gamma` to second
        order: see `compute.simulation.expansion`.
    market
        Its history must cover every factor; NaN is a missing day: see `compute.simulation.returns`.
    parameters
        As in `compute.simulation.request.PARAMETERS`.

    Raises
    ------
    HistoryError
        A factor's history is missing, too short, constant or not positive.
    InputError
        An option has no delta, a price is negative, the paths are too few for a confidence; the book does not fit
        the method.
    """
    request = Request.of(parameters)
    if request.method == DELTA_GAMMA:
        return delta_gamma(portfolio, market, request, checkpoint) or _nothing_at_risk(portfolio, request)
    exposed = exposures(portfolio)
    if not exposed.symbols:
        return _nothing_at_risk(portfolio, request)
    check_count(exposed.symbols)
    returns = log_returns(market.history, exposed.symbols, as_of=portfolio.as_of, lookback=request.lookback)
    sections, root = [], None
    if request.method != HISTORICAL:
        covariance = factor_model(request.factor_model)(returns.values) * request.horizon_days
        root = square_root(covariance, lambda: checkpoint(0, request.paths))
        sections.append(_simulated(request, exposed, root, checkpoint))
    if request.method != PLAIN:
        sections.extend(_historical(request, exposed, returns))
    return _result(portfolio, request, exposed, returns, root, sections)


def _simulated(request: Request, exposed: Exposures, root: Root, checkpoint: Checkpoint) -> Section:
    priced = book(root, exposed.amounts)
    checkpoint(0, request.paths)
    profits = profit_and_loss(
        priced,
        start=0,
        stop=request.paths,
        seed=request.seed,
        report=lambda done: checkpoint(done, request.paths),
    )
    found = tails(-profits, request.confidences)
    losses = simulated_losses(priced, seed=request.seed, report=lambda: checkpoint(request.paths, request.paths))
    parts = [components(tail, losses) for tail in found]
    return Section(method=PLAIN, profits=profits, tails=found, components=parts)


def _historical(request: Request, exposed: Exposures, returns: Returns) -> list[Section]:
    """Return the historical section, empty where `auto` finds the history too short for every confidence."""
    over_horizon = overlapping(returns.values, request.horizon_days)
    supported = [value for value in request.confidences if is_supported(value, len(over_horizon))]
    if request.method == HISTORICAL and supported != request.confidences:
        raise HistoryError(
            f"{len(over_horizon)} historical scenarios say nothing about confidence {max(request.confidences)}.",
            pointer="/parameters/lookback",
            remedy="Raise `lookback`, upload a longer history, or use method plain.",
        )
    if not supported:
        return []
    by_factor = np.expm1(over_horizon) * exposed.amounts
    profits = by_factor.sum(axis=1)
    independent = max(1, len(returns.values) // request.horizon_days)
    found = tails(-profits, supported, independent=independent)
    losses = historical_losses(by_factor)
    parts = [components(tail, losses) for tail in found]
    return [Section(method=HISTORICAL, profits=profits, tails=found, components=parts)]


def overlapping(returns: Floats, days: int) -> Floats:
    """Return the log returns over every run of `days` consecutive observations, shape (t - days + 1, k)."""
    if len(returns) < days:
        return np.empty((0, returns.shape[1]))
    total = np.vstack([np.zeros(returns.shape[1]), np.cumsum(returns, axis=0)])
    return np.asarray(total[days:] - total[:-days])


def _result(
    portfolio: Portfolio,
    request: Request,
    exposed: Exposures,
    returns: Returns,
    root: Root | None,
    sections: list[Section],
) -> Result:
    document = {
        **_head(portfolio, request),
        "measures": [_measure(request, section, tail) for section in sections for tail in section.tails],
        "history": returns.document(),
        "covariance_clipped": root.clipped if root else None,
        "histogram": {"method": sections[0].method, **histogram(sections[0].profits)},
        "assumptions": _assumptions(portfolio, request, returns, sections),
    }
    return Result(document=document, tables={"components": _component_table(exposed, sections[0])})


def _head(portfolio: Portfolio, request: Request) -> dict[str, Any]:
    simulated = request.method not in {HISTORICAL, DELTA_GAMMA}
    return {
        "currency": portfolio.currency,
        "factor_model": request.factor_model if request.method != HISTORICAL else None,
        "paths": request.paths if simulated else None,
        "seed": request.seed if simulated else None,
        "horizon_days": request.horizon_days,
        "lookback": request.lookback,
    }


def _measure(request: Request, section: Section, tail: Tail) -> dict[str, Any]:
    return {
        "confidence": tail.confidence,
        "horizon_days": request.horizon_days,
        "var": tail.var,
        "es": tail.es,
        "se_var": tail.se_var,
        "se_es": tail.se_es,
        "method": section.method,
        "scenarios": int(section.profits.size),
    }


def _component_table(exposed: Exposures, section: Section) -> dict[str, Any]:
    """Lay the first section's components out, one row per factor and confidence."""
    count = len(section.tails)
    return {
        "symbol": list(exposed.symbols) * count,
        "exposure": np.tile(exposed.amounts, count),
        "confidence": np.repeat([tail.confidence for tail in section.tails], len(exposed.symbols)),
        "component_var": np.concatenate([part.var for part in section.components]),
        "component_es": np.concatenate([part.es for part in section.components]),
    }


def _assumptions(portfolio: Portfolio, request: Request, returns: Returns, sections: list[Section]) -> list[str]:
    said = []
    methods = {section.method for section in sections}
    if PLAIN in methods:
        said.append("Monte Carlo: log returns are jointly normal with mean zero; every position is revalued in full.")
    if PLAIN in methods and request.horizon_days > 1:
        said.append("Monte Carlo: the daily covariance is multiplied by the horizon in days.")
    if HISTORICAL in methods and request.horizon_days > 1:
        said.append("Historical: horizon returns overlap; standard errors count only those that do not.")
    if request.method != PLAIN:
        said.extend(_unsupported(request, sections))
    said.extend(returns.notes(portfolio))
    if not np.isnan(portfolio.number("delta", np.nan)).all():
        said.append("Positions with a delta move linearly: gamma, vega and theta are not modelled.")
    return said


def _unsupported(request: Request, sections: list[Section]) -> list[str]:
    shown = {tail.confidence for section in sections if section.method == HISTORICAL for tail in section.tails}
    left_out = [value for value in request.confidences if value not in shown]
    return [f"Historical: the history is too short for confidence {value}: left out." for value in left_out]


def _nothing_at_risk(portfolio: Portfolio, request: Request) -> Result:
    """Return zeros: no position has an exposure."""
    zero = {"var": 0.0, "es": 0.0, "se_var": 0.0, "se_es": 0.0, "scenarios": 0}
    method = PLAIN if request.method == AUTO else request.method
    measures = [
        {"confidence": value, "horizon_days": request.horizon_days, "method": method, **zero}
        for value in request.confidences
    ]
    document = {
        **_head(portfolio, request),
        "measures": measures,
        "history": None,
        "covariance_clipped": None,
        "histogram": None,
        "assumptions": ["No position has an exposure: nothing is at risk."],
    }
    empty = np.empty(0)
    columns = {"exposure": empty, "confidence": empty, "component_var": empty, "component_es": empty}
    return Result(document=document, tables={"components": {"symbol": [], **columns}})
