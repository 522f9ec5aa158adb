"""The measure `backtest` for models other than `fhs`: the same positions margined anew on each date of their history.

A date's margin is the model's own, of the book at that day's closes, and knows no later close. What `fhs` does beside
it, keeping exposures instead of quantities, is in `compute.margin.backtest.fhs`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compute.errors import HistoryError
from compute.margin.backtest.coverage import exceedances, procyclicality, said_of_dates, summary, tests
from compute.margin.backtest.past import open_past
from compute.margin.backtest.plan import PARAMETERS, Plan
from compute.margin.backtest.walk import Walk, Walker, walk
from compute.margin.models import MODELS
from compute.market import Market
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result

_HEAD = ("currency", "as_of", "model", "version", "position_count")


def backtest(portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return how a model's margin of a portfolio would have done on the dates of its history.

    Parameters
    ----------
    portfolio
        n positions, of which each, or its underlying, has a history.
    parameters
        As in `compute.margin.backtest.plan.PARAMETERS`, and those of the model that `model` names.

    Raises
    ------
    HistoryError
        A history is missing or too short, or the model has no margin on enough dates.
    InputError
        The model refuses the book, or a position lacks a term that its revaluation needs.
    """
    plan = Plan.of(parameters)
    own = {name: value for name, value in parameters.items() if name not in PARAMETERS}
    today = MODELS[parameters["model"]].kernel(portfolio, market, own, lambda *_: checkpoint(0, 1))
    past = open_past(portfolio, market.history, lambda *_: checkpoint(0, 1))
    found = walk(past, [Walker(model=parameters["model"], parameters=own)], plan, checkpoint)
    if found.refusals[0] is not None:
        raise HistoryError(f"The model has no margin on enough dates: {found.refusals[0]}")
    document = {
        **{name: today.document[name] for name in _HEAD if name in today.document},
        **_document(found, plan),
        "parameter_set": today.document.get("parameter_set"),
        "assumptions": [*today.document.get("assumptions", []), *past.assumptions(), *said_of_dates(found, plan)],
    }
    checkpoint(1, 1)
    return Result(document=document, tables=_tables(found), device=today.device)


def _document(found: Walk, plan: Plan) -> dict[str, Any]:
    margin, losses = found.margins[0], found.losses
    return {
        "figure": plan.figure,
        "confidence": plan.confidence,
        "horizon_days": plan.horizon,
        "step": found.step,
        "dates": len(found.dates),
        "first_day": found.dates[0],
        "last_day": found.dates[-1],
        "margin": summary(margin),
        "exceedances": exceedances(margin, losses),
        "coverage": [{"of": plan.figure, **tests(margin, losses, plan, found.step)}],
        "procyclicality": {plan.figure: procyclicality(margin, found)},
    }


def _tables(found: Walk) -> dict[str, Mapping[str, Any]]:
    """Return the margin path, and the dates on which the loss went beyond it."""
    margin, losses = found.margins[0], found.losses
    beyond = np.flatnonzero(losses > margin)
    return {
        "path": {"date": found.dates, "margin": margin, "loss": losses},
        "breaches": {
            "date": [found.dates[index] for index in beyond.tolist()],
            "margin": margin[beyond],
            "loss": losses[beyond],
            "shortfall": (losses - margin)[beyond],
        },
    }
