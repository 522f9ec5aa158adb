"""The parameters of the measure `var`; nothing here needs a compiler."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.parameters import Kind, Parameter
from compute.simulation.covariance import FACTOR_MODELS

AUTO, PLAIN, HISTORICAL, DELTA_GAMMA = "auto", "plain", "historical", "delta_gamma"

PARAMETERS: dict[str, Parameter] = {
    "confidence": Parameter(
        kind=Kind.NUMBERS, default=[0.95, 0.99], doc="Confidence, one or a list.", minimum=0.5, maximum=0.9999
    ),
    "horizon_days": Parameter(
        kind=Kind.INTEGER, default=1, doc="Horizon in trading days of the history.", minimum=1, maximum=250
    ),
    "paths": Parameter(kind=Kind.INTEGER, default=100_000, doc="Monte Carlo paths.", minimum=100, maximum=2**24),
    "seed": Parameter(
        kind=Kind.INTEGER, default=42, doc="Key of the random draws, 64 bits.", minimum=0, maximum=2**64 - 1
    ),
    "method": Parameter(
        kind=Kind.TEXT,
        default=AUTO,
        doc="plain: Monte Carlo; historical: past returns; auto: both where the history suffices;"
        " delta_gamma: exact for the second-order expansion of the book, options by their own greeks.",
        choices=(AUTO, PLAIN, HISTORICAL, DELTA_GAMMA),
    ),
    "factor_model": Parameter(
        kind=Kind.TEXT,
        default="ewma",
        doc="Covariance of daily log returns: ewma (decay 0.94), ledoit_wolf or sample.",
        choices=tuple(FACTOR_MODELS),
    ),
    "lookback": Parameter(
        kind=Kind.INTEGER, default=500, doc="Days of history before the portfolio's date.", minimum=30, maximum=20_000
    ),
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """The parameters of one call."""

    confidences: list[float]
    horizon_days: int
    paths: int
    seed: int
    method: str
    factor_model: str
    lookback: int

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Request":
        """Read validated parameters; defaults stand in for what is not given."""
        given = {name: parameters.get(name, spec.default) for name, spec in PARAMETERS.items()}
        confidence = given.pop("confidence")
        return cls(confidences=[float(value) for value in np.atleast_1d(confidence)], **given)


def work(_positions: int, parameters: Mapping[str, Any]) -> float:
    """Return the paths of a call, in thousands; a call that draws none counts as one."""
    request = Request.of(parameters)
    return 1.0 if request.method in {HISTORICAL, DELTA_GAMMA} else request.paths / 1_000
