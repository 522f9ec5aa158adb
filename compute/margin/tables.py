"""The house parameter sets: packaged TOML or a stored document, checked on load, selected by version."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.errors import InputError, ParameterSetError
from compute.margin.chosen import chosen
from compute.margin.schema import Source, TableReader
from compute.portfolio import Floats

PARAMS = Path(__file__).parent / "params"
ASSET_CLASSES = ("equity", "bond", "fx", "commodity", "derivative", "crypto")
DEFAULT_VERSION = "1.0"
SCHEMA = 1


class Match(StrEnum):
    """Which longs and shorts of a class hedge each other."""

    CLASS = "class"  # any long and any short
    DURATION = "duration"  # those in one duration zone
    CURRENCY = "currency"  # currency pairs that share a currency, long on one side and short on the other


@dataclass(frozen=True, kw_only=True)
class ClassRates:
    """The coefficients of one asset class; rates are decimals of notional."""

    initial_rate: float
    initial_rate_per_duration_year: float
    maintenance_rate: float
    volatility_multiplier: float
    default_volatility: float
    offset_rate: float
    match: Match


@dataclass(frozen=True, kw_only=True)
class AddOns:
    """Shares of the rate that are added on; the threshold of concentration is in the base currency."""

    volatility_threshold: float
    concentration_threshold: float
    concentration_add_on: float
    delta_weight: float
    gamma_weight: float
    vega_weight: float

    @cached_property
    def vector(self) -> Floats:
        """Shape (6,), in the order of the fields."""
        return np.array(
            [
                self.volatility_threshold,
                self.concentration_threshold,
                self.concentration_add_on,
                self.delta_weight,
                self.gamma_weight,
                self.vega_weight,
            ]
        )


@dataclass(frozen=True, kw_only=True)
class CrossRule:
    """Two classes whose net directions hedge each other when they are the same (or opposite)."""

    classes: tuple[str, str]
    same_direction: bool
    rate: float


@dataclass(frozen=True, kw_only=True)
class StatusLevels:
    """Utilisation from which a margin is at each status."""

    warning: float
    critical: float
    emergency: float


@dataclass(frozen=True, kw_only=True, eq=False)
class HouseSet:
    """A checked house parameter set; equal only to itself, so that what follows from it can be cached."""

    version: str
    title: str
    classes: Mapping[str, ClassRates]
    add_ons: AddOns
    volatilities: Mapping[str, float]
    cross_rules: tuple[CrossRule, ...]
    duration_zones: tuple[float, ...]
    haircuts: Mapping[str, float]
    status: StatusLevels
    sources: tuple[Source, ...]

    @cached_property
    def rates(self) -> Floats:
        """Shape (classes, 4): initial rate, its rise per year of duration, maintenance rate, volatility multiplier."""
        return np.array(
            [
                [
                    item.initial_rate,
                    item.initial_rate_per_duration_year,
                    item.maintenance_rate,
                    item.volatility_multiplier,
                ]
                for item in self.classes.values()
            ]
        )

    @cached_property
    def default_volatilities(self) -> Floats:
        """Shape (classes,)."""
        return np.array([item.default_volatility for item in self.classes.values()])

    @cached_property
    def offset_rates(self) -> Floats:
        """Shape (classes,)."""
        return np.array([item.offset_rate for item in self.classes.values()])

    @cached_property
    def match_rules(self) -> NDArray[np.int64]:
        """Shape (classes,): index into `Match`."""
        return np.array([tuple(Match).index(item.match) for item in self.classes.values()], dtype=np.int64)

    @cached_property
    def cross_table(self) -> Floats:
        """Shape (rules, 4): the two classes' indices, 1 for the same direction or -1, rate."""
        order = list(self.classes)
        rows = [
            [*map(order.index, rule.classes), 1.0 if rule.same_direction else -1.0, rule.rate]
            for rule in self.cross_rules
        ]
        return np.array(rows).reshape(-1, 4)


def versions() -> tuple[str, ...]:
    """Return the packaged versions, in order."""
    return tuple(sorted(path.stem.removeprefix("house-") for path in PARAMS.glob("house-*.toml")))


@cache
def house_set(version: str = DEFAULT_VERSION) -> HouseSet:
    """Return a packaged set by version; raise InputError listing the known ones."""
    if version not in versions():
        raise InputError(
            f"There is no house parameter set {version!r}.",
            pointer="/parameters/version",
            remedy=f"Use one of: {', '.join(versions())}.",
        )
    return load(PARAMS / f"house-{version}.toml")


def chosen_set(parameters: Mapping[str, Any]) -> HouseSet:
    """Return the set that the parameters `tables` or `version` stand for; raise InputError."""
    return chosen(parameters, house_set, parse)


def load(path: Path) -> HouseSet:
    """Read and check a TOML file; raise ParameterSetError naming what is wrong in it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterSetError(f"Parameter set {path.stem} is not TOML: {error}.") from error
    return parse(path.stem, document)


def parse(name: str, document: Mapping[str, Any], faults: list[ParameterSetError] | None = None) -> HouseSet:
    """Check a document, packaged or stored, and return the set; raise or collect each ParameterSetError."""
    top = TableReader(name, "", document, faults)
    top.constant("schema", SCHEMA)
    top.text("model", ("house",))
    sources: list[Source] = []
    found = HouseSet(
        version=top.text("version"),
        title=top.text("title"),
        classes=_classes(_sourced(top, "classes", sources)),
        add_ons=_add_ons(_sourced(top, "add_ons", sources)),
        volatilities=_inner_numbers(_sourced(top, "volatilities", sources), "by_symbol", maximum=100.0),
        cross_rules=_cross_rules(_sourced(top, "cross_class", sources)),
        duration_zones=_zones(_sourced(top, "duration_zones", sources)),
        haircuts=_inner_numbers(_sourced(top, "haircuts", sources), "by_type"),
        status=_status(_sourced(top, "status", sources)),
        sources=tuple(sources),
    )
    top.close()
    _check_cross(top, found)
    return found


def _sourced(top: TableReader, key: str, sources: list[Source]) -> TableReader:
    table = top.table(key)
    sources.append(table.source())
    return table


def _classes(table: TableReader) -> dict[str, ClassRates]:
    found = {name: _class(table.table(name)) for name in ASSET_CLASSES}
    table.close()
    return found


def _class(table: TableReader) -> ClassRates:
    rates = ClassRates(
        initial_rate=table.number("initial_rate"),
        initial_rate_per_duration_year=table.number("initial_rate_per_duration_year"),
        maintenance_rate=table.number("maintenance_rate"),
        volatility_multiplier=table.number("volatility_multiplier", maximum=100.0),
        default_volatility=table.number("default_volatility", maximum=100.0),
        offset_rate=table.number("offset_rate"),
        match=Match(table.text("match", tuple(Match))),
    )
    if rates.maintenance_rate > rates.initial_rate:
        table.refuse("maintenance_rate", "must not be above initial_rate")
    table.close()
    return rates


def _add_ons(table: TableReader) -> AddOns:
    found = AddOns(
        volatility_threshold=table.number("volatility_threshold", maximum=100.0),
        concentration_threshold=table.number("concentration_threshold", maximum=1e18),
        concentration_add_on=table.number("concentration_add_on", maximum=100.0),
        delta_weight=table.number("delta_weight", maximum=100.0),
        gamma_weight=table.number("gamma_weight", maximum=100.0),
        vega_weight=table.number("vega_weight", maximum=100.0),
    )
    table.close()
    return found


def _inner_numbers(table: TableReader, key: str, maximum: float = 1.0) -> dict[str, float]:
    found = table.numbers(key, maximum=maximum)
    table.close()
    return found


def _cross_rules(table: TableReader) -> tuple[CrossRule, ...]:
    found = tuple(_cross_rule(item) for item in table.tables("rules"))
    table.close()
    return found


def _cross_rule(table: TableReader) -> CrossRule:
    pair = table.value("classes")
    if not isinstance(pair, list) or len(pair) != 2 or pair[0] == pair[1] or any(x not in ASSET_CLASSES for x in pair):
        table.refuse("classes", f"must be two different classes of {', '.join(ASSET_CLASSES)}")
        pair = ASSET_CLASSES[:2]
    rule = CrossRule(
        classes=(pair[0], pair[1]),
        same_direction=table.text("directions", ("same", "opposite")) == "same",
        rate=table.number("rate"),
    )
    table.close()
    return rule


def _zones(table: TableReader) -> tuple[float, ...]:
    found = table.rising("upper_years")
    table.close()
    return found


def _status(table: TableReader) -> StatusLevels:
    levels = StatusLevels(
        warning=table.number("warning"), critical=table.number("critical"), emergency=table.number("emergency")
    )
    if not levels.warning <= levels.critical <= levels.emergency:
        table.refuse("emergency", "must not be below critical, nor critical below warning")
    table.close()
    return levels


def _check_cross(top: TableReader, found: HouseSet) -> None:
    """Long and short of a currency pair is a matter of spelling: such a class has no direction of its own."""
    for index, rule in enumerate(found.cross_rules):
        if any(found.classes[name].match is Match.CURRENCY for name in rule.classes):
            top.table("cross_class").tables("rules")[index].refuse(
                "classes", "must not name a class that matches by currency"
            )
