"""An exchange's SPAN parameters, as a caller sends them in `span_parameters`; every fault by its pointer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.errors import InputError
from compute.margin.span.tables import SCENARIOS, SpanSet
from compute.portfolio import Floats
from compute.structures import Structure

POINTER = "/parameters/span_parameters"


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A contract month: `multiplier` None where deltas of options count as they are."""

    commodity: str
    month: str
    delta_scale: float
    multiplier: float | None


@dataclass(frozen=True, kw_only=True)
class Leg:
    """Side A or B of a spread, on a tier or a commodity, with so many deltas."""

    of: str
    side: str
    deltas: float


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A calendar spread with a charge, or a spread between commodities with a credit as a fraction."""

    legs: tuple[Leg, ...]
    rate: float


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Charges for deltas in months that are being delivered, in spreads and outright."""

    months: tuple[str, ...]
    per_spread: float
    per_outright: float


@dataclass(frozen=True, kw_only=True)
class Commodity:
    """A combined commodity.

    Parameters
    ----------
    price_range, price_share
        Price scan range in units of price, or as a fraction of it; at most one.
    volatility_range
        Decimal, per year's square root; None where no option needs it.
    minimum, minimum_share
        Short option minimum a contract, or as a fraction of the underlying's value.
    larger_side
        Whether the minimum counts the larger of short calls and short puts, rather than both.
    option_value
        Whether options are paid for when bought, so that their value counts.
    tiers
        Name to months; each month is a tier of its own name too.
    """

    name: str
    pointer: str
    currency: str
    price_range: float | None
    price_share: float | None
    volatility_range: float | None
    extreme_multiplier: float
    extreme_fraction: float
    minimum: float
    minimum_share: float
    larger_side: bool
    option_value: bool
    tiers: Mapping[str, tuple[str, ...]]
    calendar: tuple[Spread, ...]
    spots: tuple[Spot, ...]


@dataclass(frozen=True, kw_only=True)
class RiskArray:
    """Profit of one long contract in each scenario, shape (16,), and its composite delta."""

    profit: Floats
    delta: float | None


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """All that a file says."""

    source: str | None
    as_of: str | None
    look_ahead_days: float
    initial_ratio: float
    relative_volatility: bool
    commodities: Mapping[str, Commodity]
    contracts: Mapping[str, Contract]
    inter: tuple[Spread, ...]
    arrays: Mapping[str, RiskArray]
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return what a result says of the file."""
        return {
            "source": self.source,
            "as_of": self.as_of,
            "combined_commodities": len(self.commodities),
            "inter_commodity_spreads": len(self.inter),
            "risk_arrays": len(self.arrays),
        }


def read_exchange(given: Mapping[str, Any], table: SpanSet) -> Exchange:
    """Return the file; raise InputError with the pointer of what does not fit."""
    if not given:
        raise InputError(
            "SPAN needs the exchange's parameters.",
            pointer=POINTER,
            remedy="Send span_parameters=@file.json; examples/span_parameters.json is one.",
        )
    top = Structure(given, POINTER)
    currency = top.text("currency")
    contracts: dict[str, Contract] = {}
    commodities = {}
    for name, item in top.named("combined_commodities"):
        commodities[name] = _commodity(name, item, currency, table, contracts)
    found = Exchange(
        source=top.text("source", "") or None,
        as_of=top.text("as_of", "") or None,
        look_ahead_days=top.number("look_ahead_days", 0.0, maximum=365.0),
        initial_ratio=top.number("initial_to_maintenance_ratio", 1.0, minimum=1.0, maximum=10.0),
        relative_volatility=top.text("volatility_scan_kind", "absolute", ("absolute", "relative")) == "relative",
        commodities=commodities,
        contracts=contracts,
        inter=tuple(_inter(item, commodities) for item in top.listed("inter_commodity_spreads")),
        arrays=_arrays(top),
        notes=top.texts("notes", []),
    )
    top.close()
    return found


def _commodity(name: str, item: Structure, currency: str, table: SpanSet, contracts: dict[str, Contract]) -> Commodity:
    months = _contracts(name, item, contracts)
    for one, other in (("price_scan_range", "price_scan_pct"), ("short_option_minimum", "short_option_minimum_pct")):
        if one in item and other in item:
            raise item.fault(other, f"stands beside {one}", "Give one of them.")
    share = item.optional("price_scan_pct", minimum=1e-12, maximum=1000.0)
    tiers = _tiers(item, months)
    found = Commodity(
        name=name,
        pointer=item.pointer,
        currency=item.text("currency", currency),
        price_range=item.optional("price_scan_range", minimum=1e-12),
        price_share=None if share is None else share / 100.0,
        volatility_range=item.optional("volatility_scan_range", maximum=100.0),
        extreme_multiplier=item.number("extreme_multiplier", table.extreme_multiplier, maximum=100.0),
        extreme_fraction=item.number("extreme_fraction", table.extreme_fraction, maximum=1.0),
        minimum=item.number("short_option_minimum", 0.0),
        minimum_share=item.number("short_option_minimum_pct", 0.0, maximum=1000.0) / 100.0,
        larger_side=item.text("short_option_method", "gross", ("gross", "maximum")) == "maximum",
        option_value=item.flag("net_option_value", True),
        tiers=tiers,
        calendar=tuple(_calendar(spread, tiers) for spread in item.listed("calendar_spreads")),
        spots=_spots(item, months),
    )
    item.close()
    return found


def _contracts(name: str, item: Structure, contracts: dict[str, Contract]) -> tuple[str, ...]:
    months = []
    for symbol, inner in item.named("contracts"):
        if symbol in contracts:
            raise inner.fault("", f"is a contract of {contracts[symbol].commodity} already")
        contracts[symbol] = Contract(
            commodity=name,
            month=inner.text("month"),
            delta_scale=inner.number("delta_scale", 1.0, minimum=1e-9, maximum=1e9),
            multiplier=inner.optional("multiplier", minimum=1e-9, maximum=1e9),
        )
        months.append(contracts[symbol].month)
        inner.close()
    if not months:
        raise item.fault("contracts", "names no contract")
    return tuple(sorted(set(months)))


def _tiers(item: Structure, months: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the months of each tier, and each month under its own name."""
    found = {name: _tier(item, name, months) for name in item.value("tiers", {"all": None})}
    _disjoint(item, found)
    return {month: (month,) for month in months} | found


def _tier(item: Structure, name: str, months: tuple[str, ...]) -> tuple[str, ...]:
    """Return a tier's months, nearest first; all of them where the file has no tiers."""
    if "tiers" not in item:
        return months
    inner = item.inner("tiers")
    found = inner.texts(name)
    unknown = sorted(set(found) - set(months))
    if unknown:
        raise inner.fault(name, f"names the month {unknown[0]}, which no contract has")
    return tuple(sorted(found))


def _disjoint(item: Structure, tiers: Mapping[str, tuple[str, ...]]) -> None:
    seen: set[str] = set()
    every = {month for months in tiers.values() for month in months}
    for name, months in tiers.items():
        if name in every and months != (name,):
            raise item.inner("tiers").fault(name, "has the name of a month that is not all it holds")
        if seen & set(months):
            raise item.inner("tiers").fault(name, f"names {min(seen & set(months))}, which is in another tier")
        seen |= set(months)


def _legs(item: Structure, of: str, known: Mapping[str, Any]) -> tuple[Leg, ...]:
    legs = []
    for inner in item.listed("legs"):
        name = inner.text(of, "all") if of == "tier" and "all" in known else inner.text(of)
        if name not in known:
            raise inner.fault(of, f"is unknown: {name}", f"Use one of: {', '.join(sorted(known))}.")
        legs.append(
            Leg(of=name, side=inner.text("side", choices=("A", "B")), deltas=inner.number("deltas", 1.0, minimum=1e-9))
        )
        inner.close()
    if {leg.side for leg in legs} != {"A", "B"}:
        raise item.fault("legs", "must have a side A and a side B")
    return tuple(legs)


def _calendar(item: Structure, tiers: Mapping[str, tuple[str, ...]]) -> Spread:
    found = Spread(legs=_legs(item, "tier", tiers), rate=item.number("charge"))
    item.close()
    return found


def _inter(item: Structure, commodities: Mapping[str, Commodity]) -> Spread:
    found = Spread(legs=_legs(item, "commodity", commodities), rate=item.number("credit_pct", maximum=100.0) / 100.0)
    names = [leg.of for leg in found.legs]
    if len(set(names)) < len(names):
        raise item.fault("legs", "name a commodity more than once")
    item.close()
    return found


def _spots(item: Structure, months: tuple[str, ...]) -> tuple[Spot, ...]:
    """Return the charges of `spot_month`: one object, or a list of them for different months."""
    given = item.value("spot_month", None)
    if given is None:
        return ()
    inner = item.listed("spot_month") if isinstance(given, list | tuple) else [item.inner("spot_month")]
    found = tuple(_spot(one, months) for one in inner)
    named = [month for one in found for month in one.months]
    if len(set(named)) < len(named):
        raise item.fault("spot_month", "names a month more than once")
    return found


def _spot(inner: Structure, months: tuple[str, ...]) -> Spot:
    found = Spot(
        months=inner.texts("months"),
        per_spread=inner.number("per_spread", 0.0),
        per_outright=inner.number("per_outright", 0.0),
    )
    unknown = sorted(set(found.months) - set(months))
    if unknown:
        raise inner.fault("months", f"names {unknown[0]}, which no contract has")
    inner.close()
    return found


def _arrays(top: Structure) -> dict[str, RiskArray]:
    if "risk_arrays" not in top:
        top.value("risk_arrays", None)
        top.value("risk_array_values", None)
        return {}
    sign = 1.0 if top.text("risk_array_values", choices=("profit", "loss")) == "profit" else -1.0
    found = {}
    for name, item in top.named("risk_arrays"):
        values = item.numbers("values", SCENARIOS)
        found[name] = RiskArray(profit=sign * np.array(values), delta=item.optional("delta", minimum=-1e6, maximum=1e6))
        item.close()
    return found
