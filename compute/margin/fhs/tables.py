"""The parameter sets of filtered historical simulation: packaged TOML, checked on load, selected by version."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from compute.errors import ParameterSetError
from compute.margin.chosen import chosen
from compute.margin.packaged import Described, described, packaged_set, packaged_versions
from compute.margin.schema import Source, TableReader

FOLDER = Path(__file__).parent / "params"
DEFAULT_VERSION = "emir-153-2013"


@dataclass(frozen=True, kw_only=True)
class FhsSet(Described):
    """A checked parameter set; days are observations of the price history, shares are decimals."""

    title: str
    confidence: float
    mpor_days: int
    lookback_days: int
    decay: float
    buffer: float
    buffer_reference_days: int
    buffer_rise: float
    stressed_weight: float
    stressed_days: int
    floor_days: int
    participation: float
    sources: tuple[Source, ...]

    def document(self) -> dict[str, Any]:
        """Return what a result says of the set."""
        return {**super().document(), "title": self.title}


def versions() -> tuple[str, ...]:
    """Return the names of the packaged versions."""
    return packaged_versions(FOLDER)


@cache
def fhs_set(version: str) -> FhsSet:
    """Return a packaged version; raise InputError for an unknown one."""
    return packaged_set(FOLDER, version, "fhs", parse)


def chosen_set(parameters: Mapping[str, Any]) -> FhsSet:
    """Return the set that the parameters `tables` or `version` stand for; raise InputError."""
    return chosen(parameters, fhs_set, parse)


def parse(name: str, values: Mapping[str, Any], faults: list[ParameterSetError] | None = None) -> FhsSet:
    """Check a document; raise or collect ParameterSetError for what is wrong."""
    return read_set(values, name, faults)


def read_set(values: Mapping[str, Any], name: str, faults: list[ParameterSetError] | None = None) -> FhsSet:
    """Check a parameter set; raise or collect ParameterSetError naming the key that is wrong."""
    top = TableReader(name, "", values, faults)
    top.constant("schema", 1)
    top.text("model", ("fhs",))
    confidence, lookback = top.table("confidence"), top.table("lookback")
    liquidation, tools, ours = top.table("liquidation_days"), top.table("procyclicality"), top.table("chosen")
    confidence.number("otc", 0.5, 0.9999)
    lookback.number("months_least", 1, 1200)
    liquidation.integer("otc", 1, 250)
    year = ours.number("year_days", 1, 366)
    found = FhsSet(
        **described(top),
        title=top.text("title"),
        confidence=confidence.number("other", 0.5, 0.9999),
        mpor_days=liquidation.integer("other", 1, 250),
        lookback_days=ours.integer("lookback_days", 250, 20_000),
        decay=ours.number("decay", 0.9, 0.999),
        buffer=tools.number("buffer"),
        buffer_reference_days=ours.integer("buffer_reference_days", 1, 2_500),
        buffer_rise=ours.number("buffer_rise"),
        stressed_weight=tools.number("stressed_weight"),
        stressed_days=ours.integer("stressed_days", 100, 2_500),
        floor_days=int(tools.number("floor_years", 1, 100) * year),
        participation=ours.number("participation", 0.01, 1.0),
        sources=tuple(table.source() for table in (confidence, lookback, liquidation, tools, ours)),
    )
    for table in (confidence, lookback, liquidation, tools, ours, top):
        table.close()
    return found
