"""VaR and ES of a book's second-order expansion under Gaussian factors, exact: the method `delta_gamma` of `var`."""

from typing import Any

import numpy as np

from compute.errors import InputError
from compute.market import Market
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result
from compute.simulation.covariance import factor_model
from compute.simulation.expansion import FIT_LIMIT, Expansion, expansion, misfit, refuse_misfit
from compute.simulation.exposures import check_count
from compute.simulation.factorise import Root, square_root
from compute.simulation.inversion import Inverted, inverted, parts
from compute.simulation.quadratic import Quadratic, reduced
from compute.simulation.request import Request
from compute.simulation.returns import Returns, log_returns

NOTHING = 1e-12  # of the gross deviation: what is left when all factors cancel out, but for rounding
ASSUMPTIONS = (
    "Exact for the second-order expansion of the book in jointly normal log returns with mean zero; no sampling.",
    "Volatility and time stand still: vega and theta are not modelled.",
)


def delta_gamma(portfolio: Portfolio, market: Market, request: Request, checkpoint: Checkpoint) -> Result | None:
    """Return VaR and ES with components by factor; None where nothing is at risk.

    Raises
    ------
    HistoryError
        As `var`.
    InputError
        The book does not fit: see `compute.simulation.expansion` and `inversion`.
    """
    expanded = expansion(portfolio, horizon_days=request.horizon_days, checkpoint=checkpoint, memo=market.pricing)
    if not expanded.symbols:
        return None
    check_count(expanded.symbols)
    returns = log_returns(market.history, expanded.symbols, as_of=portfolio.as_of, lookback=request.lookback)
    covariance = factor_model(request.factor_model)(returns.values) * request.horizon_days
    root = square_root(covariance, lambda: checkpoint(0, 1))
    form = reduced(root, expanded.deltas, expanded.gammas, lambda: checkpoint(0, 1))
    deviations = np.sqrt(np.diag(covariance))
    if form.scale <= NOTHING * float(np.abs(expanded.deltas) @ deviations):
        raise InputError("Every factor's part cancels out: nothing is left to invert.", pointer="/parameters/method",
                         remedy="Use method plain.")  # fmt: skip
    found = [inverted(form, confidence) for confidence in request.confidences]
    highest = max(found, key=lambda each: each.confidence)
    error, factor = misfit(expanded, deviations, highest.confidence, checkpoint)
    refuse_misfit(error, factor, form.scale * highest.var)
    fit = {"error": error, "largest_at": factor, "of_var": error / abs(form.scale * highest.var), "limit": FIT_LIMIT}
    table = _components(expanded, form, found, checkpoint)
    return _result(portfolio, request, returns, root, form, found, fit, table)


def _components(expanded: Expansion, form: Quadratic, found: list[Inverted], checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the components, one row per factor and confidence."""
    by_confidence = [parts(form, each, expanded.deltas, expanded.gammas, lambda: checkpoint(0, 1)) for each in found]
    return {
        "symbol": list(expanded.symbols) * len(found),
        "exposure": np.tile(expanded.deltas, len(found)),
        "gamma": np.tile(expanded.gammas, len(found)),
        "confidence": np.repeat([each.confidence for each in found], len(expanded.symbols)),
        "component_var": np.concatenate([var for var, _es in by_confidence]),
        "component_es": np.concatenate([es for _var, es in by_confidence]),
    }


def _result(
    portfolio: Portfolio,
    request: Request,
    returns: Returns,
    root: Root,
    form: Quadratic,
    found: list[Inverted],
    fit: dict[str, Any],
    table: dict[str, Any],
) -> Result:
    document = {
        "currency": portfolio.currency,
        "factor_model": request.factor_model,
        "paths": None,
        "seed": None,
        "horizon_days": request.horizon_days,
        "lookback": request.lookback,
        "measures": [_measure(request, form, each) for each in found],
        "history": returns.document(),
        "covariance_clipped": root.clipped,
        "histogram": None,
        "expansion": fit,
        "assumptions": [*ASSUMPTIONS, *returns.notes(portfolio)],
    }
    return Result(document=document, tables={"components": table})


def _measure(request: Request, form: Quadratic, found: Inverted) -> dict[str, Any]:
    return {
        "confidence": found.confidence,
        "horizon_days": request.horizon_days,
        "var": form.scale * found.var,
        "es": form.scale * found.es,
        "se_var": 0.0,
        "se_es": 0.0,
        "method": request.method,
        "scenarios": 0,
        "inversion_error": form.scale * found.error,
    }
