"""The parameters of the model `portfolio_margin`; nothing here needs a compiler."""

from collections.abc import Mapping
from typing import Any

from compute.margin.portfolio_margin.offsets import read_offsets
from compute.margin.portfolio_margin.tables import DEFAULT_VERSION, chosen_set, versions
from compute.parameters import Kind, Parameter

PARAMETERS: dict[str, Parameter] = {
    "version": Parameter(
        kind=Kind.TEXT, default=DEFAULT_VERSION, doc="The version of the model's parameter set.", choices=versions()
    ),
    "product_groups": Parameter(
        kind=Kind.STRUCTURE,
        default={},
        doc="Class groups, product groups and portfolio groups with their offsets, as OCC publishes them: "
        "docs/models/portfolio_margin.md. Without it no class offsets another.",
    ),
    "concentration_range_pct": Parameter(
        kind=Kind.NUMBER,
        default=0.0,
        doc="Concentration overlay: the riskiest names are revalued over this range up and down as well; 0: none.",
        minimum=0.0,
        maximum=100.0,
    ),
    "concentration_names": Parameter(
        kind=Kind.INTEGER, default=2, doc="How many names the overlay takes.", minimum=1, maximum=1000
    ),
    "monitoring": Parameter(
        kind=Kind.TEXT,
        default="intraday",
        doc="Which minimum equity applies: the account is monitored intraday, or otherwise.",
        choices=("intraday", "other"),
    ),
}


def judge(parameters: Mapping[str, Any]) -> None:
    """Raise InputError, with its pointer, for the first thing in the file of groups that does not fit."""
    read_offsets(parameters["product_groups"], chosen_set(parameters))
