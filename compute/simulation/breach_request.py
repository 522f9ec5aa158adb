"""The parameters of the measure `breach`; nothing here needs a compiler."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compute.measure import MeasureSpec, deferred
from compute.parameters import Kind, Parameter
from compute.simulation.exposures import factor_names
from compute.simulation.request import PARAMETERS as VAR

PARAMETERS: dict[str, Parameter] = {
    "threshold": Parameter(
        kind=Kind.NUMBER,
        default=None,
        doc="Equity in the base currency at which the account is in breach; where none is given, the house model's"
        " maintenance margin as it stands.",
        minimum=-1e15,
        maximum=1e15,
    ),
    "horizon_days": Parameter(
        kind=Kind.INTEGER, default=10, doc="Horizon in trading days of the history.", minimum=1, maximum=250
    ),
    "steps": Parameter(
        kind=Kind.INTEGER,
        default=10,
        doc="Steps to the horizon, with a Brownian bridge between them.",
        minimum=1,
        maximum=250,
    ),
    **{name: VAR[name] for name in ("paths", "seed", "factor_model", "lookback")},
}


@dataclass(frozen=True, kw_only=True)
class BreachRequest:
    """The parameters of one call."""

    threshold: float | None
    horizon_days: int
    steps: int
    paths: int
    seed: int
    factor_model: str
    lookback: int

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "BreachRequest":
        """Read validated parameters; defaults stand in for what is not given."""
        return cls(**{name: parameters.get(name, spec.default) for name, spec in PARAMETERS.items()})


def work(_positions: int, parameters: Mapping[str, Any]) -> float:
    """Return the steps of all paths of a call, in thousands."""
    request = BreachRequest.of(parameters)
    return request.paths * request.steps / 1_000


SPEC = MeasureSpec(
    kernel=deferred("compute.simulation.breach", "breach"),
    parameters=PARAMETERS,
    work=work,
    needs_history=lambda _parameters: True,
    history_names=factor_names,
    sample={"threshold": -1e3},
)
