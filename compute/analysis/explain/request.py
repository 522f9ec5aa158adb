"""The parameters of explain; nothing here needs a compiler."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from compute.errors import InputError
from compute.margin.models import MODELS
from compute.measure import MeasureSpec, Part, deferred, of_models
from compute.parameters import Kind, Parameter

ALL = "all"
MOST_TOP = 500
SAMPLE = {"top": 1, "top_groups": 1}

POSITION_KINDS = (
    "asset_class", "symbol", "underlying", "sector", "instrument", "currency", "country", "issuer", "rating",
    "option_type", "expiry", "index_class",
)  # fmt: skip
SENSITIVITY_KINDS = (
    "risk_class", "bucket", "product_class", "risk_type", "qualifier", "trade", "netting_set",
)  # fmt: skip
TRADE_KINDS = ("product_class", "trade", "netting_set")


@dataclass(frozen=True, kw_only=True)
class Explained:
    """What of a model is explained: its figures, the usual one first, the kinds of groups; whether by compiled code."""

    figures: tuple[str, ...]
    kinds: tuple[str, ...]
    compiles: bool = False


EXPLAINED: dict[str, Explained] = {
    "house": Explained(figures=("initial_margin", "maintenance_margin"), kinds=POSITION_KINDS, compiles=True),
    "simm": Explained(figures=("initial_margin",), kinds=SENSITIVITY_KINDS, compiles=True),
    "schedule": Explained(figures=("initial_margin",), kinds=tuple(dict.fromkeys((*TRADE_KINDS, *POSITION_KINDS)))),
    "reg_t": Explained(figures=("net_deposit", "initial_margin", "maintenance_margin"), kinds=POSITION_KINDS),
    "portfolio_margin": Explained(figures=("initial_margin",), kinds=POSITION_KINDS),
    "fhs": Explained(figures=("initial_margin",), kinds=POSITION_KINDS),
    "span": Explained(figures=("initial_margin", "maintenance_margin"), kinds=POSITION_KINDS),
}


def _own(found: Explained) -> dict[str, Parameter]:
    return {
        "figure": Parameter(
            kind=Kind.TEXT, default=found.figures[0], doc="Which figure is explained.", choices=found.figures
        ),
        "group_by": Parameter(
            kind=Kind.TEXT,
            default=ALL,
            doc="The kind of groups; all: the usual ones that the book has.",
            choices=(ALL, *found.kinds),
        ),
        "top": Parameter(
            kind=Kind.INTEGER,
            default=20,
            doc="Positions with the largest contributions to compute marginal and stand-alone figures of.",
            minimum=0,
            maximum=MOST_TOP,
        ),
        "top_groups": Parameter(
            kind=Kind.INTEGER,
            default=25,
            doc="Groups of each kind, the largest contributions first, to compute them of.",
            minimum=0,
            maximum=MOST_TOP,
        ),
    }


OWN = frozenset(_own(EXPLAINED["house"]))


def _parts(parameters: Mapping[str, Any], book: Any) -> list[Part]:
    """Return the calculations of the margin: the whole book twice, groups and positions without and alone."""
    groups = import_module("compute.analysis.explain.groups")
    model = str(parameters["model"])
    try:
        kinds = groups.groupings(book, model, parameters["group_by"])
    except InputError:
        kinds = []
    counted = [min(len(kind.names), parameters["top_groups"]) for kind in kinds]
    own = {name: value for name, value in parameters.items() if name not in OWN}
    return [Part(model=model, parameters=own, margins=2.0 + 2.0 * (min(len(book), parameters["top"]) + sum(counted)))]


def _explained(spec: MeasureSpec, found: Explained) -> MeasureSpec:
    def judge(parameters: Mapping[str, Any]) -> None:
        spec.judge({name: value for name, value in parameters.items() if name not in OWN})

    return replace(
        spec,
        kernel=deferred("compute.analysis.explain.model", "explain"),
        parameters={**_own(found), **spec.parameters},
        judge=judge,
        parts=_parts,
        compiles=found.compiles,
        sample={**spec.sample, **SAMPLE},
    )


SPEC = of_models({name: _explained(MODELS[name], found) for name, found in EXPLAINED.items()}, "house")
