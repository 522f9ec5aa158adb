"""The parameters of the model `span`; nothing here needs a compiler."""

from collections.abc import Iterable, Mapping
from typing import Any

from compute.margin.span.exchange import read_exchange
from compute.margin.span.tables import DEFAULT_VERSION, chosen_set, versions
from compute.parameters import Kind, Parameter

COMMODITY = 20.0
"""Positions that a combined commodity takes the time of."""

PARAMETERS: dict[str, Parameter] = {
    "version": Parameter(
        kind=Kind.TEXT, default=DEFAULT_VERSION, doc="The version of the model's parameter set.", choices=versions()
    ),
    "span_parameters": Parameter(
        kind=Kind.STRUCTURE,
        default={},
        doc="The exchange's parameters: combined commodities with scan ranges, spreads and minimums; risk arrays: "
        "docs/models/span.md, examples/span_parameters.json.",
    ),
}


def judge(parameters: Mapping[str, Any]) -> None:
    """Raise InputError, with its pointer, for the first thing in the exchange's parameters that does not fit."""
    read_exchange(parameters["span_parameters"], chosen_set(parameters))


def sample(symbols: Iterable[str]) -> dict[str, Any]:
    """Return parameters for books in some symbols, with every kind of spread, to warm and to time the model with."""
    months = ("2020-03", "2020-06")
    contracts = {symbol: {"month": months[index % 2]} for index, symbol in enumerate(symbols)}
    calendar = {"legs": [{"side": "A"}, {"side": "B"}], "charge": 1.0}
    one = {"contracts": contracts, "price_scan_pct": 10.0, "calendar_spreads": [calendar]}
    return {"span_parameters": {"currency": "USD", "combined_commodities": {"ONE": one}}}


def work(positions: int, parameters: Mapping[str, Any]) -> float:
    """Return the positions, and for each combined commodity of the file what takes as long as so many."""
    commodities = parameters["span_parameters"].get("combined_commodities", {})
    return positions + COMMODITY * (len(commodities) if isinstance(commodities, Mapping) else 0)
