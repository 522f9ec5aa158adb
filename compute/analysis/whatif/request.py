"""The parameters of what-if; nothing here needs a compiler."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from compute.analysis.whatif.limits import read_limits
from compute.errors import InputError
from compute.margin.models import MODELS
from compute.measure import MeasureSpec, deferred, of_models
from compute.parameters import Kind, Parameter

PARAMETERS: dict[str, Parameter] = {
    "basket": Parameter(
        kind=Kind.BASKET,
        default={},
        doc='Trades, cash and collateral: {"trades": [{"id": "p1", "quantity": -50}, {"close": "p2"}, a new position'
        ' …], "cash": 1e5, "collateral": {"treasury_bills": -2e5}}; for a CRIF {"crif": "the rows added"}.',
    ),
    "limits": Parameter(
        kind=Kind.STRUCTURE,
        default={},
        doc='Bounds on figures after the basket, and on their change: {"utilization": {"max": 0.8}}.',
    ),
}
OWN = frozenset(PARAMETERS)


def _judge(spec: MeasureSpec, parameters: Mapping[str, Any]) -> None:
    if not parameters["basket"]:
        raise InputError(
            "A what-if needs a basket.",
            pointer="/parameters/basket",
            remedy='Send {"trades": […], "cash": …, "collateral": {…}}; on the command line basket=@basket.json.',
        )
    read_limits(parameters["limits"])
    spec.judge({name: value for name, value in parameters.items() if name not in OWN})


def _whatif(spec: MeasureSpec) -> MeasureSpec:
    return replace(
        spec,
        kernel=deferred("compute.analysis.whatif.model", "whatif"),
        parameters={**PARAMETERS, **spec.parameters},
        judge=lambda parameters: _judge(spec, parameters),
        margins=2.0,
    )


SPEC = of_models({name: _whatif(spec) for name, spec in MODELS.items()}, "house")
