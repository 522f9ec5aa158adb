"""The parameters of the stress test; nothing here needs a compiler."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from compute.margin.models import MODELS
from compute.measure import MeasureSpec, Part, Takes, deferred, of_models
from compute.parameters import Kind, Parameter

ALL = "all"
STRESSED = ("house", "reg_t", "portfolio_margin", "fhs", "schedule")
"""Models whose margin follows from a book's own prices; an exchange's arrays and sensitivities are of one day."""
POINTS_A_MARGIN = 10.0
"""Points of a portfolio margin's own valuations, by whose measured cost a revaluation's is told."""

PARAMETERS: dict[str, Parameter] = {
    "scenarios": Parameter(
        kind=Kind.TEXTS,
        default=(ALL,),
        doc="Names of scenarios: gfc_2008, one of its moves gfc_2008@2008-10-15, all of them gfc_2008@all; all: every "
        "event's principal move and your own. docs/stress.md lists them.",
    ),
    "shocks": Parameter(
        kind=Kind.STRUCTURE,
        default={},
        doc='Scenarios of your own: {"mine": {"percent": {"SPX": -10}, "volatility": {"equity": 50}, '
        '"curves": {"USD": {"2": 100, "10": 50}}}}, percents and basis points.',
    ),
    "grid": Parameter(
        kind=Kind.STRUCTURE,
        default={},
        doc='A grid of relative moves: {"spot": [-0.2, 0, 0.2], "volatility": [0, 0.5]}, with "margin": false for '
        "profit and loss alone; one list makes a ladder.",
    ),
    "top": Parameter(
        kind=Kind.INTEGER, default=10, doc="Positions at risk to name in each scenario.", minimum=0, maximum=1_000
    ),
}
OWN = frozenset(PARAMETERS)
SAMPLE = {"scenarios": ("rates_up_200",), "grid": {"spot": [0.0], "margin": False}}
"""What compiles the kernel that no other measure has."""


def _model_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name not in OWN}


def _judge(spec: MeasureSpec, parameters: Mapping[str, Any]) -> None:
    import_module("compute.stress.library").chosen(parameters["scenarios"], parameters["shocks"])
    import_module("compute.stress.points").read_grid(parameters["grid"])
    spec.judge(_model_parameters(parameters))


def _parts(parameters: Mapping[str, Any], _book: Any) -> list[Part]:
    """Return the margins, and the revaluations as so many portfolio margins."""
    scenarios = len(import_module("compute.stress.library").chosen(parameters["scenarios"], parameters["shocks"]))
    grid = import_module("compute.stress.points").read_grid(parameters["grid"])
    points = 0 if grid is None else len(grid)
    margins = 1.0 + scenarios + (points if grid is not None and grid.margin else 0)
    revaluing = MODELS["portfolio_margin"].parameters
    return [
        Part(model=str(parameters["model"]), parameters=_model_parameters(parameters), margins=margins),
        Part(
            model="portfolio_margin",
            parameters={name: parameter.default for name, parameter in revaluing.items()},
            margins=1.0 + (scenarios + points) / POINTS_A_MARGIN,
        ),
    ]


def _stressed(spec: MeasureSpec, *, compiles: bool) -> MeasureSpec:
    return replace(
        spec,
        kernel=deferred("compute.stress.model", "stress"),
        parameters={**PARAMETERS, **spec.parameters},
        takes=(Takes.POSITIONS,),
        row_faults=None,
        judge=lambda parameters: _judge(spec, parameters),
        parts=_parts,
        compiles=compiles,
        sample={**spec.sample, **SAMPLE},
    )


SPEC = of_models({name: _stressed(MODELS[name], compiles=name == "house") for name in STRESSED}, "house")
