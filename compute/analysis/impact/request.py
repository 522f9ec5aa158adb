"""The parameters of an impact; nothing here needs a compiler."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from compute.errors import InputError
from compute.margin.models import MODELS
from compute.margin.sets import MODELS as WITH_SETS
from compute.measure import MeasureSpec, Takes, deferred, of_models, rows
from compute.parameters import Kind, Parameter

PARAMETERS: dict[str, Parameter] = {
    "against": Parameter(
        kind=Kind.TEXT,
        default="active",
        doc="What `parameter_set` is compared with: active (today), NAME@VERSION or packaged@VERSION.",
    ),
    "against_tables": Parameter(
        kind=Kind.STRUCTURE, default={}, doc="The document that `against` stands for; the cluster writes it."
    ),
    "against_parameters": Parameter(
        kind=Kind.STRUCTURE,
        default={},
        doc="The parameters that the document of `against` fixes, such as a confidence; the cluster writes them.",
    ),
}
OWN = frozenset(PARAMETERS)


def _judge(spec: MeasureSpec, parameters: Mapping[str, Any]) -> None:
    if not (parameters["parameter_set"] or parameters["tables"]):
        raise InputError(
            "An impact needs a parameter set to compare.",
            pointer="/parameters/parameter_set",
            remedy="Name a stored one, NAME@VERSION, or preview it: collateral params preview NAME.",
        )
    for name in ("against_tables", "against_parameters"):
        if parameters[name]:
            raise InputError(
                f"{name} is written by the cluster.", pointer=f"/parameters/{name}", remedy="Name a set in `against`."
            )
    spec.judge({name: value for name, value in parameters.items() if name not in OWN})


def _impact(spec: MeasureSpec) -> MeasureSpec:
    return replace(
        spec,
        kernel=deferred("compute.analysis.impact.model", "impact"),
        parameters={**spec.parameters, **PARAMETERS},
        judge=lambda parameters: _judge(spec, parameters),
        row_faults=None,
        takes=(),
        runs_on_defaults=False,
        work=rows,
        size=lambda _nothing: 0.0,
    )


SPEC = of_models({name: _impact(MODELS[name]) for name in WITH_SETS if Takes.POSITIONS in MODELS[name].takes}, "house")
