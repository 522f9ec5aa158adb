"""The reg_t parameter sets: packaged TOML, checked on load, selected by version."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from compute.errors import InputError, ParameterSetError
from compute.margin.chosen import chosen
from compute.margin.schema import Source, TableReader

FOLDER = Path(__file__).parent / "params"
DEFAULT_VERSION = "2026-06"
SCHEMA = 1
INDEX_CLASSES = ("equity", "broad", "narrow")


@dataclass(frozen=True, kw_only=True)
class AccountRates:
    """Regulation T and FINRA 4210(c) for stock, as fractions of market value and USD a share."""

    initial_long: float
    initial_short: float
    maintenance_long: float
    maintenance_short: float
    maintenance_short_per_share: float
    low_price: float
    low_price_short: float
    low_price_short_per_share: float
    minimum_equity: float
    leveraged_long_cap: float


@dataclass(frozen=True, kw_only=True)
class OptionRates:
    """Uncovered and long options; `base` is by index class, `equity` where there is none."""

    minimum: float
    base: Mapping[str, float]
    threshold_months: int
    short_dated: float
    long_dated: float


@dataclass(frozen=True, kw_only=True)
class StrategyRates:
    """Factors of the strategies that have one."""

    long_box_european: float
    covered_call: float
    offset_exercise_price: float
    collar_call: float


@dataclass(frozen=True, kw_only=True)
class BondRates:
    """Exempt and non-equity securities; `government` has one rate more than `government_years` has bounds."""

    municipal: float
    other_exempt: float
    investment_grade: float
    other_market_value: float
    other_principal: float
    zero_coupon_over_5y: float
    government_years: tuple[float, ...]
    government: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class RegTSet:
    """One version of the rules."""

    version: str
    title: str
    account: AccountRates
    options: OptionRates
    strategies: StrategyRates
    bonds: BondRates
    sources: tuple[Source, ...]
    status: Mapping[str, str]
    unverified: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return what travels with every result."""
        return {
            "version": self.version,
            "title": self.title,
            "source": "; ".join(dict.fromkeys(source.document for source in self.sources)),
            "sources": [
                {"table": item.table, "document": item.document, "version": item.version, "paragraph": item.paragraph}
                for item in self.sources
            ],
            "status": dict(self.status),
            "unverified": list(self.unverified),
        }


def versions() -> tuple[str, ...]:
    """Return the names of the packaged versions."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def reg_t_set(version: str = DEFAULT_VERSION) -> RegTSet:
    """Return a packaged version; raise InputError for an unknown one."""
    if version not in versions():
        raise InputError(
            f"There is no reg_t version {version!r}.",
            pointer="/parameters/version",
            remedy=f"Use one of: {', '.join(versions())}.",
        )
    return parse(version, tomllib.loads((FOLDER / f"{version}.toml").read_text(encoding="utf-8")))


def chosen_set(parameters: Mapping[str, Any]) -> RegTSet:
    """Return the set that the parameters `tables` or `version` stand for; raise InputError."""
    return chosen({"version": DEFAULT_VERSION, **parameters}, reg_t_set, parse)


class _Sections:
    """The sections of a set: collects what each says of its source, status and open figures."""

    def __init__(self, top: TableReader) -> None:
        self.top = top
        self.sources: list[Source] = []
        self.status: dict[str, str] = {}
        self.unverified: list[str] = []

    def open(self, key: str) -> TableReader:
        table = self.top.table(key)
        self.sources.append(table.source())
        self.status[key] = table.text("status")
        self.unverified += [f"{key}.{item}" for item in table.texts("unverified")]
        return table


def parse(name: str, document: Mapping[str, Any], faults: list[ParameterSetError] | None = None) -> RegTSet:
    """Check a document and return the set; raise or collect ParameterSetError for what is wrong."""
    top = TableReader(name, "", document, faults)
    top.constant("schema", SCHEMA)
    top.text("model", ("reg_t",))
    sections = _Sections(top)
    found = RegTSet(
        version=top.text("version"),
        title=top.text("title"),
        account=_account(sections),
        options=_options(sections),
        strategies=_strategies(sections),
        bonds=_bonds(sections),
        sources=tuple(sections.sources),
        status=sections.status,
        unverified=tuple(sections.unverified),
    )
    top.close()
    return found


def _account(sections: _Sections) -> AccountRates:
    table = sections.open("account")
    leveraged = sections.open("leveraged")
    found = AccountRates(
        initial_long=table.number("initial_long"),
        initial_short=table.number("initial_short", maximum=10.0),
        maintenance_long=table.number("maintenance_long"),
        maintenance_short=table.number("maintenance_short"),
        maintenance_short_per_share=table.number("maintenance_short_per_share", maximum=100.0),
        low_price=table.number("low_price", maximum=100.0),
        low_price_short=table.number("low_price_short", maximum=10.0),
        low_price_short_per_share=table.number("low_price_short_per_share", maximum=100.0),
        minimum_equity=table.number("minimum_equity", maximum=1e9),
        leveraged_long_cap=leveraged.number("long_cap"),
    )
    table.close()
    leveraged.close()
    return found


def _options(sections: _Sections) -> OptionRates:
    short = sections.open("short_option")
    long = sections.open("long_option")
    base = short.numbers("base")
    if set(base) != set(INDEX_CLASSES):
        short.refuse("base", f"must have exactly {', '.join(INDEX_CLASSES)}")
    found = OptionRates(
        minimum=short.number("minimum"),
        base=base,
        threshold_months=long.integer("threshold_months", 0, 120),
        short_dated=long.number("short_dated"),
        long_dated=long.number("long_dated_listed"),
    )
    short.close()
    long.close()
    return found


def _strategies(sections: _Sections) -> StrategyRates:
    table = sections.open("strategies")
    found = StrategyRates(
        long_box_european=table.number("long_box_european"),
        covered_call=table.number("covered_call"),
        offset_exercise_price=table.number("offset_exercise_price"),
        collar_call=table.number("collar_call"),
    )
    table.close()
    return found


def _bonds(sections: _Sections) -> BondRates:
    table = sections.open("bonds")
    government = table.table("us_government")
    years, rates = government.rising("upper_years"), government.rising("rates")
    if len(rates) != len(years) + 1:
        government.refuse("rates", f"must be {len(years) + 1} rates, one more than upper_years")
    found = BondRates(
        municipal=table.number("municipal"),
        other_exempt=table.number("other_exempt"),
        investment_grade=table.number("investment_grade"),
        other_market_value=table.number("other_market_value"),
        other_principal=table.number("other_principal"),
        zero_coupon_over_5y=table.number("zero_coupon_over_5y"),
        government_years=years,
        government=rates,
    )
    government.close()
    table.close()
    return found
