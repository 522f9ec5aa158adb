"""The parameter sets of filtered historical simulation: packaged TOML, checked on load, selected by version."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from compute.errors import InputError
from compute.margin.schema import Source, TableReader

FOLDER = Path(__file__).parent / "params"
DEFAULT_VERSION = "emir-153-2013"


@dataclass(frozen=True, kw_only=True)
class FhsSet:
    """A checked parameter set; days are observations of the price history, shares are decimals."""

    version: str
    title: str
    source: str
    status: str
    unverified: tuple[str, ...]
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
        return {
            "version": self.version,
            "title": self.title,
            "source": self.source,
            "status": self.status,
            "unverified": list(self.unverified),
        }


def versions() -> tuple[str, ...]:
    """Return the names of the packaged versions."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def fhs_set(version: str) -> FhsSet:
    """Return a packaged version; raise InputError for an unknown one."""
    if version not in versions():
        raise InputError(
            f"There is no fhs version {version!r}.",
            pointer="/parameters/version",
            remedy=f"Use one of: {', '.join(versions())}.",
        )
    return read_set(tomllib.loads((FOLDER / f"{version}.toml").read_text(encoding="utf-8")), version)


def read_set(values: Mapping[str, Any], name: str) -> FhsSet:
    """Check a parameter set; raise ParameterSetError naming the key that is wrong."""
    top = TableReader(name, "", values)
    top.number("schema", 1, 1)
    top.text("model", ("fhs",))
    confidence, lookback = top.table("confidence"), top.table("lookback")
    liquidation, tools, chosen = top.table("liquidation_days"), top.table("procyclicality"), top.table("chosen")
    confidence.number("otc", 0.5, 0.9999)
    lookback.number("months_least", 1, 1200)
    liquidation.number("otc", 1, 250)
    year = chosen.number("year_days", 1, 366)
    found = FhsSet(
        version=top.text("version"),
        title=top.text("title"),
        source=top.text("source"),
        status=top.text("status"),
        unverified=tuple(top.value("unverified")),
        confidence=confidence.number("other", 0.5, 0.9999),
        mpor_days=int(liquidation.number("other", 1, 250)),
        lookback_days=int(chosen.number("lookback_days", 250, 20_000)),
        decay=chosen.number("decay", 0.9, 0.999),
        buffer=tools.number("buffer"),
        buffer_reference_days=int(chosen.number("buffer_reference_days", 1, 2_500)),
        buffer_rise=chosen.number("buffer_rise"),
        stressed_weight=tools.number("stressed_weight"),
        stressed_days=int(chosen.number("stressed_days", 100, 2_500)),
        floor_days=int(tools.number("floor_years", 1, 100) * year),
        participation=chosen.number("participation", 0.01, 1.0),
        sources=tuple(table.source() for table in (confidence, lookback, liquidation, tools, chosen)),
    )
    for table in (confidence, lookback, liquidation, tools, chosen, top):
        table.close()
    return found
