"""The parameters of a bridge; nothing here needs a compiler."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from compute.analysis.figures import FIGURES
from compute.errors import InputError
from compute.margin.models import MODELS
from compute.measure import MeasureSpec, deferred, of_models
from compute.parameters import Kind, Parameter

CODE = "model_version"
"""The first step of every bridge: the code that computes now on the earlier inputs, less the stored figure."""

STEPS = (
    "trades",
    "sensitivities",
    "prices",
    "fx",
    "volatility",
    "rates",
    "history",
    "time",
    "characteristics",
    "cash_and_collateral",
    "parameters",
    "parameter_set",
)
"""The steps in their usual order; each difference of the inputs belongs to one of them."""

SEQUENTIAL, SHAPLEY = "sequential", "shapley"
MOST_SHAPLEY = 6
MARGINS = float(2**MOST_SHAPLEY)
"""Calculations of the margin that a bridge is taken for before it has begun: the most that one can cost."""

PARAMETERS: dict[str, Parameter] = {
    "earlier": Parameter(
        kind=Kind.TEXT,
        default="",
        doc="The job whose stored margin the bridge begins at: its id; on the command line also earlier=@inputs.json.",
    ),
    "order": Parameter(
        kind=Kind.TEXT,
        default="",
        doc=f"Steps to take first, by comma; the others follow in the usual order: {', '.join(STEPS)}.",
    ),
    "method": Parameter(
        kind=Kind.TEXT,
        default=SEQUENTIAL,
        doc=f"sequential: one step after the other; shapley: the mean over all orders, up to {MOST_SHAPLEY} steps.",
        choices=(SEQUENTIAL, SHAPLEY),
    ),
    "figure": Parameter(
        kind=Kind.TEXT, default="initial_margin", doc="The figure of the waterfall; the table has all.", choices=FIGURES
    ),
}
OWN = frozenset(PARAMETERS)


def read_order(text: str) -> tuple[str, ...]:
    """Return every step in the order asked for; raise InputError for an unknown or repeated one."""
    first = [name.strip().lower() for name in text.split(",") if name.strip()]
    for name in first:
        if name not in STEPS:
            problem = "always comes first" if name == CODE else "is no step of a bridge"
            raise InputError(
                f"{name[:64]!a} {problem}.", pointer="/parameters/order", remedy=f"Use some of: {', '.join(STEPS)}."
            )
    if len(set(first)) < len(first):
        raise InputError("order names a step more than once.", pointer="/parameters/order", remedy="Keep one of them.")
    return (*first, *(name for name in STEPS if name not in first))


def _judge(spec: MeasureSpec, parameters: Mapping[str, Any]) -> None:
    if not parameters["earlier"]:
        raise InputError(
            "A bridge needs the earlier result.",
            pointer="/parameters/earlier",
            remedy="Name the job: earlier=JOB_ID.",
        )
    read_order(parameters["order"])
    if parameters["order"] and parameters["method"] == SHAPLEY:
        raise InputError(
            "The shapley method takes the mean over all orders: there is none to choose.",
            pointer="/parameters/order",
            remedy="Leave out the order, or take method=sequential.",
        )
    spec.judge({name: value for name, value in parameters.items() if name not in OWN})


def _bridge(spec: MeasureSpec) -> MeasureSpec:
    return replace(
        spec,
        kernel=deferred("compute.analysis.bridge.model", "bridge"),
        parameters={**PARAMETERS, **spec.parameters},
        judge=lambda parameters: _judge(spec, parameters),
        margins=MARGINS,
    )


SPEC = of_models({name: _bridge(spec) for name, spec in MODELS.items()}, "house")
