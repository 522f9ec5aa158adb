"""Cross-margining made visible: each offset that the house model recognises, and what stays gross and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.margin.columns import Columns
from compute.margin.house import compute
from compute.margin.offsets import FLAT, LONG, SHORT
from compute.margin.report import totals
from compute.margin.requirement import INITIAL, Requirement
from compute.margin.tables import CrossRule, HouseSet, Match
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from compute.result import Checkpoint, Result

METHODS = {
    Match.CLASS: "long against short",
    Match.DURATION: "long against short within a duration zone",
    Match.CURRENCY: "pairs that share a currency, long against short in it",
}


@dataclass(frozen=True, kw_only=True)
class Benefit:
    """One offset: what it was taken from, and how."""

    asset_class: str
    position_count: int
    gross_margin: float
    cross_margin_offset: float
    calculation_method: str

    def document(self) -> dict[str, Any]:
        """Return the benefit under the wire's names."""
        return {
            "asset_class": self.asset_class,
            "position_count": self.position_count,
            "gross_margin": self.gross_margin,
            "cross_margin_offset": self.cross_margin_offset,
            "offset_percentage": percentage(self.cross_margin_offset, self.gross_margin),
            "calculation_method": self.calculation_method,
        }


def percentage(part: float, whole: float) -> float | None:
    """Return a share in per cent, or None of nothing."""
    return 100.0 * part / whole if whole > 0.0 else None


class _Ledger:
    """Who took part in what: instruments with their class, group, left-over direction and number of positions."""

    def __init__(self, table: HouseSet, columns: Columns, found: Requirement) -> None:
        self.table = table
        self.columns = columns
        self.found = found.offsets
        long, short = found.sides[:, 0, INITIAL], found.sides[:, 1, INITIAL]
        self.gross: Floats = long + short
        self.both: NDArray[np.bool_] = (long > 0.0) & (short > 0.0)
        self.left: Floats = (long - short) * columns.groups.unit
        self.group = columns.groups.of
        self.of_class = columns.groups.classes[self.group]
        self.positions = np.bincount(columns.instruments, minlength=self.group.size)

    def count(self, mask: NDArray[np.bool_]) -> int:
        return int(self.positions[mask].sum())

    def net(self, index: int) -> float:
        """Return what one class has left as a net direction after matching within its groups."""
        left = self.found.unmatched[self.columns.groups.classes == index]
        return float(left[:, LONG].sum() - left[:, SHORT].sum())

    def netting(self) -> Iterator[Benefit]:
        for index, name in enumerate(self.table.classes):
            mine = self.both & (self.of_class == index)
            if mine.any():
                yield Benefit(
                    asset_class=name,
                    position_count=self.count(mine),
                    gross_margin=float(self.gross[mine].sum()),
                    cross_margin_offset=float(self.found.netted[self.columns.groups.classes == index].sum()),
                    calculation_method="same instrument, long against short: nets to the net position",
                )

    def within(self) -> Iterator[Benefit]:
        for index, (name, rates) in enumerate(self.table.classes.items()):
            used = (self.columns.groups.classes == index) & (self.found.within > 0.0)
            if used.any():
                yield Benefit(
                    asset_class=name,
                    position_count=self.count(used[self.group] & (self.left != 0.0)),
                    gross_margin=float(self.found.directional[used, :FLAT].sum()),
                    cross_margin_offset=float(self.found.within[used].sum()),
                    calculation_method=f"{METHODS[rates.match]}: {rates.offset_rate:.0%} of both matched sides",
                )

    def cross(self) -> Iterator[Benefit]:
        order = list(self.table.classes)
        available = {name: abs(self.net(index)) for index, name in enumerate(order)}
        for rule, matched, offset in zip(
            self.table.cross_rules, self.found.crossed.tolist(), self.found.cross.tolist(), strict=True
        ):
            if matched > 0.0:
                yield self._cross(rule, sum(available[name] for name in rule.classes), offset)
                for name in rule.classes:
                    available[name] -= matched

    def _cross(self, rule: CrossRule, gross: float, offset: float) -> Benefit:
        order = list(self.table.classes)
        way = "same direction" if rule.same_direction else "opposite directions"
        return Benefit(
            asset_class="-".join(rule.classes),
            position_count=sum(self._on_net_side(order.index(name)) for name in rule.classes),
            gross_margin=gross,
            cross_margin_offset=offset,
            calculation_method=f"net {rule.classes[0]} against net {rule.classes[1]} in the {way}: "
            f"{rule.rate:.0%} of the smaller",
        )

    def _on_net_side(self, index: int) -> int:
        return self.count((self.of_class == index) & (np.sign(self.left) == np.sign(self.net(index))))

    def remaining(self) -> Iterator[dict[str, Any]]:
        """Say what took part in no offset, by class and group, and why."""
        left = self._left()
        for index, group in enumerate(self.columns.groups.groups):
            for direction, amount in zip(("long", "short", "none"), left[index].tolist(), strict=True):
                if amount > 0.0:
                    yield {
                        "asset_class": group.asset_class,
                        "group": group.name,
                        "direction": direction,
                        "margin": amount,
                        "reason": self._reason(index, direction),
                    }

    def _left(self) -> Floats:
        """Return what is left by group and direction, cross-class matches spread over their side, shape (g, 3)."""
        left = self.found.unmatched.copy()
        for index, name in enumerate(self.table.classes):
            matched = sum(
                float(self.found.crossed[r]) for r, rule in enumerate(self.table.cross_rules) if name in rule.classes
            )
            if matched > 0.0:
                mine = self.columns.groups.classes == index
                side = LONG if self.net(index) > 0.0 else SHORT
                left[mine, side] *= max(0.0, 1.0 - matched / float(left[mine, side].sum()))
        return left

    def _reason(self, index: int, direction: str) -> str:
        group = self.columns.groups.groups[index]
        rates = self.table.classes[group.asset_class]
        if direction == "none":
            return "It has no direction: its delta is zero."
        if rates.offset_rate == 0.0:
            return "The class has no offset."
        if not group.matches:
            return f"It has {group.name} to match by."
        other = "short" if direction == "long" else "long"
        if self.found.within[index] > 0.0:
            return f"More {direction} than {other}: matched in part."
        return f"Nothing {other} stands against it."


def optimise(portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], _checkpoint: Checkpoint) -> Result:
    """Return the offsets recognised, each benefit, and what remains gross.

    The improvement is that of initial margin: gross against net. Parameters and errors are those of `house.margin`.
    """
    table, columns, found = compute(portfolio, market, parameters)
    margin = totals(found.offsets)
    ledger = _Ledger(table, columns, found)
    benefits = [*ledger.netting(), *ledger.within(), *ledger.cross()]
    return Result(
        document={
            "currency": portfolio.currency,
            "as_of": portfolio.as_of.isoformat(),
            "model": "house",
            "version": table.version,
            "position_count": len(portfolio),
            "original_margin": margin.gross,
            "optimized_margin": margin.net,
            "margin_savings": margin.offset,
            "capital_efficiency_improvement": percentage(margin.offset, margin.gross),
            "cross_margin_benefits": [benefit.document() for benefit in benefits],
            "remaining": list(ledger.remaining()),
            "optimization_method": f"house offsets {table.version}: netting, within class, across classes",
        }
    )
