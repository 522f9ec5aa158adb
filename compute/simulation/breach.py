"""The measure `breach`: how probable it is that an account's equity falls to a threshold before a horizon."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from compute.errors import InputError
from compute.margin.models import MODELS
from compute.margin.report import available_collateral
from compute.margin.tables import DEFAULT_VERSION, house_set
from compute.market import Market
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result, no_checkpoint
from compute.simulation.book_passage import book_passage
from compute.simulation.breach_request import BreachRequest
from compute.simulation.covariance import factor_model
from compute.simulation.exposures import Exposures, check_count, exposures
from compute.simulation.factorise import Root, square_root
from compute.simulation.passage import Passage, first_passage
from compute.simulation.returns import Returns, log_returns
from compute.simulation.revaluation import book

FEWEST = 5.0  # standard errors: as if 25 paths made the estimate
ASSUMPTIONS = (
    "Equity is the available collateral after haircuts, and moves with the profit and loss of the positions alone.",
    "The threshold is held where it stands.",
    "Log returns are jointly normal with mean zero; every position is revalued in full after each step.",
)
SINGLE = "Between steps the bridge is exact: one factor moves the book."
SEVERAL = "Between steps the book's value is taken for a Brownian motion of the mean variance of the step's two ends."


def breach(portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return the probability of a breach by the end of each step, with its standard error.

    Parameters
    ----------
    portfolio
        Positions map to factors as for `var`: see `compute.simulation.exposures`.
    market
        Its history must cover every factor.
    parameters
        As in `compute.simulation.breach_request.PARAMETERS`.

    Raises
    ------
    HistoryError
        As `var`.
    InputError
        The threshold is already breached; an option has no delta, a price is negative.
    """
    request = BreachRequest.of(parameters)
    equity = available_collateral(portfolio, house_set(DEFAULT_VERSION))
    threshold = _maintenance(portfolio, market) if request.threshold is None else request.threshold
    if equity <= threshold:
        raise InputError(
            f"The threshold is already breached: equity is {equity:.2f} {portfolio.currency}, the threshold "
            f"{threshold:.2f}.",
            pointer="/parameters/threshold",
            remedy="Send a `threshold` below equity.",
        )
    exposed = exposures(portfolio)
    check_count(exposed.symbols)
    if not exposed.symbols:
        return _result(portfolio, request, equity, threshold, None, None, _never(request.steps))
    returns = log_returns(market.history, exposed.symbols, as_of=portfolio.as_of, lookback=request.lookback)
    daily = factor_model(request.factor_model)(returns.values)
    root = square_root(daily * (request.horizon_days / request.steps), lambda: checkpoint(0, request.paths))
    found = _passage(exposed, root, equity - threshold, request, lambda done: checkpoint(done, request.paths))
    return _result(portfolio, request, equity, threshold, returns, root, found)


def _maintenance(portfolio: Portfolio, market: Market) -> float:
    """Return the house model's maintenance margin on its defaults."""
    spec = MODELS["house"]
    defaults = {name: parameter.default for name, parameter in spec.parameters.items()}
    return float(spec.kernel(portfolio, market, defaults, no_checkpoint).document["maintenance_margin"])


def _never(steps: int) -> Passage:
    return Passage(probability=np.zeros(steps), standard_error=np.zeros(steps))


def _passage(
    exposed: Exposures, root: Root, room: float, request: BreachRequest, report: Callable[[int], None]
) -> Passage:
    if len(exposed.symbols) > 1:
        return book_passage(
            book(root, exposed.amounts),
            room,
            steps=request.steps,
            paths=request.paths,
            seed=request.seed,
            report=report,
        )
    distance = log_distance(float(exposed.amounts[0]), room) / float(root.matrix[0, 0])
    if math.isinf(distance):
        return _never(request.steps)
    return first_passage(distance, steps=request.steps, paths=request.paths, seed=request.seed, report=report)


def log_distance(exposure: float, room: float) -> float:
    """Return how far the one factor's logarithm may move before `room` is lost; infinity where it cannot be."""
    if exposure < 0:
        return math.log1p(room / -exposure)
    return -math.log1p(-room / exposure) if room < exposure else math.inf


def _result(
    portfolio: Portfolio,
    request: BreachRequest,
    equity: float,
    threshold: float,
    returns: Returns | None,
    root: Root | None,
    found: Passage,
) -> Result:
    document = {
        "currency": portfolio.currency,
        "probability": float(found.probability[-1]),
        "standard_error": float(found.standard_error[-1]),
        "equity": equity,
        "threshold": threshold,
        "threshold_source": "maintenance_margin" if request.threshold is None else "given",
        "headroom": equity - threshold,
        "horizon_days": request.horizon_days,
        "steps": request.steps,
        "paths": request.paths,
        "seed": request.seed,
        "factor_model": request.factor_model,
        "lookback": request.lookback,
        "history": returns.document() if returns else None,
        "covariance_clipped": root.clipped if root else None,
        "assumptions": _assumptions(portfolio, returns, root, found),
    }
    days = request.horizon_days * np.arange(1, request.steps + 1) / request.steps
    columns = {"days": days, "probability": found.probability, "standard_error": found.standard_error}
    return Result(document=document, tables={"by_step": columns})


def _assumptions(portfolio: Portfolio, returns: Returns | None, root: Root | None, found: Passage) -> list[str]:
    if returns is None or root is None:
        return ["No position has an exposure: nothing is at risk."]
    said = [*ASSUMPTIONS, SINGLE if len(root.order) == 1 else SEVERAL, *returns.notes(portfolio)]
    if float(found.probability[-1]) < FEWEST * float(found.standard_error[-1]) or not found.probability[-1] > 0:
        said.append("Hardly a path comes near the threshold: the probability is small, and its error is not reliable.")
    if not np.isnan(portfolio.number("delta", np.nan)).all():
        said.append("Positions with a delta move linearly: gamma, vega and theta are not modelled.")
    return said
