"""What a walk's date costs by a nominal clock: the same on every machine, so that a replay looks at the same dates."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from compute.margin.backtest.past import Past
from compute.margin.backtest.plan import Plan
from compute.margin.models import MODELS
from compute.pricing.terms import Kind

NOMINAL_MS: dict[str, tuple[float, float]] = {
    "house": (0.3, 0.002),
    "portfolio_margin": (1.0, 0.002),
    "reg_t": (5.0, 0.03),
    "schedule": (0.3, 0.002),
    "fhs": (8.0, 0.003),
    "span": (1.0, 0.02),
}
"""Milliseconds of one margin, and for each unit of the model's work: what docs/compare.md measures, rounded up."""
OTHERS = (1.0, 0.1)
OPTION_MS, AMERICAN_MS = 0.001, 0.5
"""Of revaluing an option for one date."""


def affordable_dates(past: Past, models: Sequence[tuple[str, Mapping[str, Any]]], plan: Plan) -> int:
    """Return how many dates fit into the plan's seconds; what fewer dates than thirty would cost is no matter."""
    cost = sum(_margin_ms(past, model, parameters) for model, parameters in models)
    option = np.isin(past.book.kind, (Kind.LOGNORMAL, Kind.NORMAL))
    early = int(np.count_nonzero(option & past.book.american))
    cost += OPTION_MS * (int(np.count_nonzero(option)) - early) + AMERICAN_MS * early
    return int(plan.seconds * 1e3 / max(cost, 1e-6))


def _margin_ms(past: Past, model: str, parameters: Mapping[str, Any]) -> float:
    fixed, unit = NOMINAL_MS.get(model, OTHERS)
    spec = MODELS[model]
    return fixed + unit * spec.work(math.ceil(spec.size(past.portfolio)), parameters)
