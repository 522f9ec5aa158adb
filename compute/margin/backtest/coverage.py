"""What a walk says of one model: how often and by how much losses went beyond its margin, and how the margin moved."""

import math
from typing import Any

import numpy as np

from compute.margin.backtest.movement import movement
from compute.margin.backtest.plan import Plan
from compute.margin.backtest.statistics import coverage_tests
from compute.margin.backtest.walk import Walk
from compute.portfolio import Floats


def exceedances(margin: Floats, losses: Floats) -> dict[str, Any]:
    """Return how often and by how much losses on all dates, overlapping as they may, went beyond the margin."""
    short = (losses - margin)[losses > margin]
    return {
        "observations": losses.size,
        "exceedances": short.size,
        "coverage": 1.0 - short.size / losses.size,
        "mean_shortfall": float(short.mean()) if short.size else None,
        "greatest_shortfall": float(short.max()) if short.size else None,
    }


def tests(margin: Floats, losses: Floats, plan: Plan, step: int) -> dict[str, Any]:
    """Return the tests over dates whose losses do not overlap, counted back from the last."""
    apart = math.ceil(plan.horizon / step)
    exceeded = (losses > margin)[::-apart][::-1]
    return coverage_tests(exceeded, _beyond(plan.confidence))


def _beyond(confidence: float) -> float:
    return 1.0 - confidence


def summary(margin: Floats) -> dict[str, float]:
    """Return mean, least, greatest and last margin."""
    return {
        "mean": float(margin.mean()),
        "least": float(margin.min()),
        "greatest": float(margin.max()),
        "last": float(margin[-1]),
    }


def procyclicality(margin: Floats, walk: Walk) -> dict[str, Any] | None:
    """Return how the margin moved; its rises are over days of the calendar, as far apart as the dates are."""
    found = movement(margin, walk.dates)
    if found is None:
        return None
    rises = [{**rise, "days": rise["days"] * walk.step} for rise in found["greatest_rises"]]
    return {**found, "greatest_rises": rises}


def dates_document(walk: Walk, plan: Plan) -> dict[str, Any]:
    """Return which dates were looked at, and what the book lost after them."""
    return {
        "dates": len(walk.dates),
        "first": walk.dates[0],
        "last": walk.dates[-1],
        "horizon_days": plan.horizon,
        "step": walk.step,
        "greatest_loss": float(walk.losses.max()),
        "mean_loss": float(walk.losses.mean()),
    }


def said_of_dates(walk: Walk, plan: Plan) -> list[str]:
    """Say in sentences which dates were not looked at, and what their losses have in common."""
    said = []
    looked = len(walk.dates) + walk.left_out
    if looked < walk.wanted:
        said.append(
            f"{looked} of {walk.wanted} dates are looked at, every {walk.step} days: more would cost beyond "
            f"{plan.seconds:g} nominal seconds."
        )
    if walk.left_out:
        said.append(f"{walk.left_out} dates are left out: a model has no margin, or the book no value, on them.")
    if walk.step < plan.horizon:
        said.append(f"Losses over {plan.horizon} days overlap; tests look at every {plan.horizon} days or more.")
    return said


def path_table(walk: Walk, labels: list[str]) -> dict[str, Any]:
    """Return one row a model and date: margin and loss."""
    shown = [index for index, why in enumerate(walk.refusals) if why is None]
    return {
        "label": [labels[index] for index in shown for _ in walk.dates],
        "date": [day for _ in shown for day in walk.dates],
        "margin": np.concatenate([walk.margins[index] for index in shown]) if shown else np.empty(0),
        "loss": np.tile(walk.losses, len(shown)),
    }
