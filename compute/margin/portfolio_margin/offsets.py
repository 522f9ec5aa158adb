"""The file of class groups, product groups and portfolio groups, as a caller sends it in `product_groups`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from compute.margin.portfolio_margin.tables import RANGES, PortfolioMarginSet
from compute.structures import Structure

POINTER = "/parameters/product_groups"


@dataclass(frozen=True, kw_only=True)
class Group:
    """A product group of class groups, or a portfolio group of product groups; `offset` is the share of gains kept."""

    members: tuple[str, ...]
    offset: float


@dataclass(frozen=True, kw_only=True)
class OffsetFile:
    """What the file says.

    Parameters
    ----------
    class_of
        Underlying to its class group.
    range_of
        Class group to the name of its range.
    leverage_of
        Underlying to its leverage.
    product_groups, portfolio_groups
        By name.
    """

    source: str | None = None
    as_of: str | None = None
    class_of: Mapping[str, str] = field(default_factory=dict)
    range_of: Mapping[str, str] = field(default_factory=dict)
    leverage_of: Mapping[str, float] = field(default_factory=dict)
    product_groups: Mapping[str, Group] = field(default_factory=dict)
    portfolio_groups: Mapping[str, Group] = field(default_factory=dict)

    def document(self) -> dict[str, Any] | None:
        """Return what a result says of the file, None where none was given."""
        if not (self.class_of or self.product_groups):
            return None
        return {
            "source": self.source,
            "as_of": self.as_of,
            "class_groups": len(self.range_of),
            "product_groups": len(self.product_groups),
            "portfolio_groups": len(self.portfolio_groups),
        }


def read_offsets(given: Mapping[str, Any], table: PortfolioMarginSet) -> OffsetFile:
    """Return the file; raise InputError with the pointer of what does not fit."""
    if not given:
        return OffsetFile()
    top = Structure(given, POINTER)
    source, as_of = (top.text(name) if name in top else top.value(name, None) for name in ("source", "as_of"))
    class_of: dict[str, str] = {}
    range_of: dict[str, str] = {}
    leverage_of: dict[str, float] = {}
    for name, item in top.named("class_groups"):
        for underlying in item.texts("underlyings", [name]):
            if underlying in class_of:
                raise item.fault("underlyings", f"names {underlying}, which is in another class group already")
            class_of[underlying] = name
        range_of[name] = item.text("range", choices=RANGES)
        leverage_of |= _leverages(item)
        item.close()
    products = _groups(top, "product_groups", "class_groups", table.offset_cap)
    portfolios = _groups(top, "portfolio_groups", "product_groups", 1.0)
    _known(top, portfolios, products)
    top.close()
    return OffsetFile(
        source=source,
        as_of=as_of,
        class_of=class_of,
        range_of=range_of,
        leverage_of=leverage_of,
        product_groups=products,
        portfolio_groups=portfolios,
    )


def _leverages(item: Structure) -> dict[str, float]:
    inner = item.inner("leverage")
    found = {name: inner.number(name, minimum=-100.0, maximum=100.0) for name in item.value("leverage", {})}
    for name, value in found.items():
        if value == 0.0:
            raise inner.fault(name, "must not be zero")
        if name not in item.texts("underlyings", [item.pointer.rpartition("/")[2]]):
            raise inner.fault(name, "is not among the class group's underlyings")
    return found


def _groups(top: Structure, key: str, members: str, cap: float) -> dict[str, Group]:
    found: dict[str, Group] = {}
    owner: dict[str, str] = {}
    for name, item in top.named(key):
        inside = item.texts(members)
        for member in inside:
            if member in owner:
                raise item.fault(members, f"names {member}, which is in {owner[member]} already")
            owner[member] = name
        offset = item.number("offset_pct", maximum=100.0 * cap) / 100.0
        item.close()
        found[name] = Group(members=inside, offset=offset)
    return found


def _known(top: Structure, portfolios: Mapping[str, Group], products: Mapping[str, Group]) -> None:
    for name, group in portfolios.items():
        missing = sorted(set(group.members) - set(products))
        if missing:
            inner = Structure(top.value("portfolio_groups"), top.at("portfolio_groups"))
            raise inner.fault(name, f"names the product group {missing[0]}, which the file does not hold")
