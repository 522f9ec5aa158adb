"""The house margins in the words of the wire: totals, breakdown by class and group, collateral, status."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.errors import InputError
from compute.margin.columns import Columns
from compute.margin.offsets import FLAT, LONG, SHORT, Offsets
from compute.margin.requirement import Requirement
from compute.margin.tables import HouseSet
from compute.margin.volatility import SOURCES
from compute.portfolio import Floats, Portfolio

ROUNDING = 1e-12
"""A margin below this share of gross is the rounding of sums that cancel, and is zero."""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """A gross margin, what is taken off it, and what is left."""

    gross: float
    offset: float

    @property
    def net(self) -> float:
        """Gross less offset, never negative."""
        return self.gross - self.offset


def totals(positions: Floats, found: Offsets) -> Totals:
    """Return a margin's totals; an offset that cancels all but rounding cancels all."""
    gross = float(positions.sum())
    offset = found.total
    return Totals(gross=gross, offset=gross if gross - offset <= ROUNDING * gross else offset)


def available_collateral(portfolio: Portfolio, table: HouseSet) -> float:
    """Return cash plus collateral after haircut; raise InputError for a type that the set has no haircut for."""
    amount = portfolio.available_cash
    for kind, nominal in portfolio.collateral.items():
        if kind not in table.haircuts:
            raise InputError(
                f"There is no haircut for the collateral type {kind!r}.",
                pointer=f"/portfolio/collateral/{kind}",
                remedy=f"Use one of: {', '.join(table.haircuts)}.",
            )
        amount += nominal * (1.0 - table.haircuts[kind])
    return amount


def status(required: float, available: float, table: HouseSet) -> str:
    """Return ok, warning, critical or emergency; a margin without collateral is an emergency."""
    if available <= 0.0:
        return "emergency" if required > 0.0 or available < 0.0 else "ok"
    used = required / available
    levels = table.status
    if used >= levels.emergency:
        return "emergency"
    if used >= levels.critical:
        return "critical"
    return "warning" if used >= levels.warning else "ok"


def document(portfolio: Portfolio, table: HouseSet, columns: Columns, found: Requirement) -> dict[str, Any]:
    """Return the scalars of a margin result."""
    initial = totals(found.initial, found.offsets)
    maintenance = totals(found.maintenance, found.maintenance_offsets)
    required = initial.net + max(0.0, found.owed)
    available = available_collateral(portfolio, table)
    unsettled = len(portfolio) - found.settled
    return {
        "currency": portfolio.currency,
        "as_of": portfolio.as_of.isoformat(),
        "model": "house",
        "version": table.version,
        "position_count": len(portfolio),
        "gross_initial_margin": initial.gross,
        "cross_margin_offset": initial.offset,
        "initial_margin": initial.net,
        "gross_maintenance_margin": maintenance.gross,
        "maintenance_margin": maintenance.net,
        "variation_margin": found.owed if found.settled or not len(portfolio) else None,
        "positions_without_settlement_price": unsettled,
        "total_margin": required,
        "available_collateral": available,
        "equity": available,
        "available_funds": available - initial.net,
        "excess_liquidity": available - required,
        "utilization": required / available if available > 0.0 else None,
        "status": status(required, available, table),
        "breakdown": breakdown(table, columns, found),
        "assumptions": _assumptions(portfolio, columns, unsettled),
    }


def breakdown(table: HouseSet, columns: Columns, found: Requirement) -> dict[str, Any]:
    """Return what each class and group adds: the classes' margins add up to the portfolio's."""
    counts = np.bincount(columns.groups.of[columns.instruments], minlength=len(columns.groups.groups))
    initial, maintenance = found.offsets, found.maintenance_offsets
    return {
        "by_class": {
            name: {
                "position_count": int(counts[columns.groups.classes == index].sum()),
                **_class_margin(name, index, table, columns, initial, "initial_margin"),
                **_class_margin(name, index, table, columns, maintenance, "maintenance_margin"),
            }
            for index, name in enumerate(table.classes)
            if index in columns.groups.classes
        },
        "by_group": _by_group(columns, initial, counts.tolist()),
        "offsets": {
            "netting": float(initial.netted.sum()),
            "within_class": float(initial.within.sum()),
            "cross_class": float(initial.cross.sum()),
        },
    }


def _class_margin(
    name: str, index: int, table: HouseSet, columns: Columns, found: Offsets, word: str
) -> Mapping[str, float]:
    """Return one class's gross, offset and net; each side of a cross-class rule is credited with half its offset."""
    mine = columns.groups.classes == index
    gross = float(found.netted[mine].sum() + found.directional[mine].sum())
    sides = [rule.classes.count(name) * 0.5 * float(found.cross[r]) for r, rule in enumerate(table.cross_rules)]
    offset = float(found.netted[mine].sum() + found.within[mine].sum()) + sum(sides)
    return {f"gross_{word}": gross, f"{word}_offset": offset, word: gross - offset}


def _by_group(columns: Columns, found: Offsets, counts: list[int]) -> list[dict[str, Any]]:
    rows = zip(
        columns.groups.groups,
        counts,
        found.netted.tolist(),
        found.directional.tolist(),
        found.within.tolist(),
        found.unmatched.tolist(),
        strict=True,
    )
    return [
        {
            "asset_class": group.asset_class,
            "group": group.name,
            "position_count": count,
            "netting_offset": netted,
            "long": directional[LONG],
            "short": directional[SHORT],
            "without_direction": directional[FLAT],
            "offset": within,
            "unmatched_long": unmatched[LONG],
            "unmatched_short": unmatched[SHORT],
        }
        for group, count, netted, directional, within, unmatched in rows
        if count
    ]


def _assumptions(portfolio: Portfolio, columns: Columns, unsettled: int) -> list[str]:
    """Say in sentences what the input left open and how it was read."""
    said = []
    if unsettled:
        said.append(f"{unsettled} of {len(portfolio)} positions have no settlement price and no variation margin.")
    blank = [index for index, group in enumerate(columns.groups.groups) if group.name == "no duration"]
    bare = int(np.isin(columns.groups.of[columns.instruments], blank).sum()) if blank else 0
    if bare:
        said.append(
            f"{bare} bond positions have no duration: their rate is that of duration zero, and none is matched."
        )
    return said


def position_table(portfolio: Portfolio, columns: Columns, found: Requirement) -> dict[str, Any]:
    """Return the columns of the positions: margins before netting and offsets, and the volatility used."""
    names = np.array(SOURCES, dtype=object)
    return {
        "id": portfolio.ids,
        "initial_margin": found.initial,
        "maintenance_margin": found.maintenance,
        "variation_margin": _nullable(found, len(portfolio)),
        "volatility": columns.volatility,
        "volatility_source": names[columns.sources].tolist(),
    }


def _nullable(found: Requirement, count: int) -> Floats | list[float | None]:
    """Return the variation margins: an array where each position has one, else a list with None where it has none."""
    if found.settled == count:
        return found.variation if count else np.empty(0)
    if not found.settled:
        return [None] * count
    return [None if value != value else value for value in found.variation.tolist()]
