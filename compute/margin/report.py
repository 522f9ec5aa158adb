"""The house margins in the words of the wire: totals, breakdown by class and group, collateral, status."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.errors import InputError
from compute.margin.columns import Columns
from compute.margin.groups import NO_DURATION, count_positions
from compute.margin.instruments import Integers
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


def totals(found: Offsets) -> Totals:
    """Return a margin's totals; an offset that cancels all but rounding cancels all."""
    cancelled = found.gross - found.total <= ROUNDING * found.gross
    return Totals(gross=found.gross, offset=found.gross if cancelled else found.total)


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
    initial = totals(found.offsets)
    maintenance = totals(found.maintenance_offsets)
    required = initial.net + max(0.0, found.owed)
    available = available_collateral(portfolio, table)
    unsettled = len(portfolio) - found.settled
    counts = count_positions(columns.instruments, columns.groups.of, len(columns.groups.groups))
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
        "breakdown": breakdown(table, columns, found, counts),
        "assumptions": _assumptions(columns, counts.tolist(), unsettled),
    }


def breakdown(table: HouseSet, columns: Columns, found: Requirement, counts: Integers) -> dict[str, Any]:
    """Return what each class and group adds: the classes' margins add up to the portfolio's.

    Parameters
    ----------
    table, columns, found
        The set, the prepared positions and their margins.
    counts
        Shape (g,): positions in each group.
    """
    classes = columns.groups.classes
    positions = np.bincount(classes, weights=counts, minlength=len(table.classes)).tolist()
    initial = _class_margins(found.offsets, classes, table)
    maintenance = _class_margins(found.maintenance_offsets, classes, table)
    return {
        "by_class": {
            name: {
                "position_count": int(positions[index]),
                "gross_initial_margin": initial[index].gross,
                "initial_margin_offset": initial[index].offset,
                "initial_margin": initial[index].net,
                "gross_maintenance_margin": maintenance[index].gross,
                "maintenance_margin_offset": maintenance[index].offset,
                "maintenance_margin": maintenance[index].net,
            }
            for index, name in enumerate(table.classes)
            if positions[index]
        },
        "by_group": _by_group(columns, found.offsets, counts.tolist()),
        "offsets": {
            "netting": float(found.offsets.netted.sum()),
            "within_class": float(found.offsets.within.sum()),
            "cross_class": float(found.offsets.cross.sum()),
        },
    }


def _class_margins(found: Offsets, classes: Integers, table: HouseSet) -> list[Totals]:
    """Return each class's margin; each side of a cross-class rule is credited with half of its offset."""
    count = len(table.classes)
    gross = np.bincount(classes, weights=found.netted + found.directional.sum(axis=1), minlength=count).tolist()
    taken = np.bincount(classes, weights=found.netted + found.within, minlength=count)
    sides = table.cross_table[:, :2].astype(np.int64)
    for (one, other), offset in zip(sides.tolist(), found.cross.tolist(), strict=True):
        taken[one] += 0.5 * offset
        taken[other] += 0.5 * offset
    return [Totals(gross=whole, offset=part) for whole, part in zip(gross, taken.tolist(), strict=True)]


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


def _assumptions(columns: Columns, counts: list[int], unsettled: int) -> list[str]:
    """Say in sentences what the input left open and how it was read."""
    said = []
    if unsettled:
        said.append(f"{unsettled} of {sum(counts)} positions have no settlement price and no variation margin.")
    bare = sum(count for group, count in zip(columns.groups.groups, counts, strict=True) if group.name == NO_DURATION)
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
