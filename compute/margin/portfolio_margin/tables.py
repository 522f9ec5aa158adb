"""The parameter sets of portfolio margin, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from compute.errors import ParameterSetError
from compute.margin.chosen import chosen
from compute.margin.packaged import Described, described, packaged_set, packaged_versions
from compute.margin.schema import TableReader

FOLDER = Path(__file__).parent / "params"
DEFAULT_VERSION = "finra-4210-g"

HIGH_CAP, NON_HIGH_CAP, NARROW, UNLISTED, MAJOR, OTHER_CURRENCY = RANGES = (
    "high_cap_broad_index",
    "non_high_cap_broad_index",
    "narrow_index_sector_single_equity",
    "unlisted",
    "major_currency",
    "other_currency",
)
NAMES = (NARROW, UNLISTED)
"""Ranges of single names: what the concentration overlay may pick."""


@dataclass(frozen=True, kw_only=True)
class PortfolioMarginSet(Described):
    """One version of the rule's figures.

    Parameters
    ----------
    steps
        Valuation points on each side.
    ranges
        Name of a range to its lowest and highest move, decimal, down negative.
    minimum
        USD a contract and unit of its multiplier.
    offset_cap
        The most that a product group's offset may be, as a fraction.
    minimum_equity
        USD, by `intraday`, `other`, `unlisted_derivatives`.
    """

    steps: int
    ranges: Mapping[str, tuple[float, float]]
    minimum: float
    offset_cap: float
    minimum_equity: Mapping[str, float]


def versions() -> tuple[str, ...]:
    """Return the names of the packaged versions."""
    return packaged_versions(FOLDER)


@cache
def portfolio_margin_set(version: str = DEFAULT_VERSION) -> PortfolioMarginSet:
    """Return a packaged version; raise InputError for an unknown one."""
    return packaged_set(FOLDER, version, "portfolio margin", read_set)


def chosen_set(parameters: Mapping[str, Any]) -> PortfolioMarginSet:
    """Return the set that the parameters `tables` or `version` stand for; raise InputError."""
    return chosen(parameters, portfolio_margin_set, read_set)


def read_set(name: str, values: Mapping[str, Any], faults: list[ParameterSetError] | None = None) -> PortfolioMarginSet:
    """Return a set from its table; raise or collect ParameterSetError naming what does not fit."""
    reader = TableReader(name, "", values, faults)
    ranges = reader.table("ranges_percent")
    equity = reader.table("minimum_equity_usd")
    found = PortfolioMarginSet(
        **described(reader),
        steps=reader.integer("steps", 1, 100),
        ranges={key: _range(ranges, key) for key in RANGES},
        minimum=reader.number("minimum_usd_per_contract_unit", 0.0, 1000.0),
        offset_cap=reader.number("product_group_offset_cap_percent", 0.0, 100.0) / 100.0,
        minimum_equity={key: equity.number(key, 0.0, 1e12) for key in ("intraday", "other", "unlisted_derivatives")},
    )
    for table in (ranges, equity, reader):
        table.close()
    return found


def _range(reader: TableReader, key: str) -> tuple[float, float]:
    low, high = reader.row(key, 2, -100.0, 1000.0)
    if not low < 0.0 < high:
        reader.refuse(key, "must go from a fall to a rise")
    return low / 100.0, high / 100.0
