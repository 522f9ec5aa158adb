"""The cheapest legal use of every contract of one underlying, as a whole-numbered program.

Each contract is put to exactly one use: alone, carried by the other side of a short straddle, in a spread, in a
European long box, or against stock. Costs are what a use adds to the net deposit of the contracts alone.

Three facts keep the program small, though it ranges over every legal combination:

* A spread is any set of longs and shorts of one style and size with as many short as long in calls and in puts, no
  short expiring after a long (FINRA Regulatory Notice 12-44). Its loss is piecewise linear in the price of the
  underlying and can be greatest only where a long is struck: one row a strike, whatever the number of legs. Two spreads
  that may be one never cost less apart, so one spread for each date that parts shorts from longs reaches every optimum.
* In a straddle the side with the greater requirement carries the other. Ordered by requirement, a matching exists
  exactly where no prefix has more carried than carrying.
* The charge of a European box is linear in its two strikes; prefixes over the strikes keep the long side the lower.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

import numpy as np

from compute.errors import InputError
from compute.margin.reg_t import amounts
from compute.margin.reg_t.holdings import Series, Stock, Underlying
from compute.margin.reg_t.matching import Leg, cuts, hedge_maintenance, is_hedge, is_synthetic, straddle_order
from compute.margin.reg_t.program import Column, Columns, Program, Row, assemble
from compute.margin.reg_t.tables import RegTSet
from compute.portfolio import Floats

GRID = 1e-9
LARGEST = 500_000
"""The most series times uses in spreads and straddles of one underlying."""
FINEST = 20
"""Parts of the least step between strikes that are tried as a grid for all."""


@dataclass(frozen=True, kw_only=True)
class Uses:
    """The program's columns by use; a use of two legs names the long one first.

    Parameters
    ----------
    carried
        Short leg to column: the lesser side of a straddle.
    spreads
        For each possible spread, its legs and their columns.
    covered
        Short leg to column: a call over long stock, a put over short stock.
    protected
        Long leg to column: a put under long stock, a call over short stock.
    hedged
        (long leg, short leg) to column: collars, conversions, reverse conversions.
    boxes
        (long leg, short leg, 1 for the lower strike or -1) to column.
    """

    carried: dict[Leg, Column] = field(default_factory=dict)
    spreads: list[dict[Leg, Column]] = field(default_factory=list)
    covered: dict[Leg, Column] = field(default_factory=dict)
    protected: dict[Leg, Column] = field(default_factory=dict)
    hedged: dict[tuple[Leg, Leg], Column] = field(default_factory=dict)
    boxes: dict[tuple[Leg, Leg, int], Column] = field(default_factory=dict)

    def legs(self) -> Iterator[tuple[Leg, Column]]:
        """Yield every leg with each column that uses it."""
        for single in (self.carried, self.covered, self.protected, *self.spreads):
            yield from single.items()
        for (long, short), column in self.hedged.items():
            yield from ((long, column), (short, column))
        for (long, short, _), column in self.boxes.items():
            yield from ((long, column), (short, column))


class Pairing:
    """The program of one underlying, and which column is which use."""

    def __init__(self, held: Underlying, table: RegTSet) -> None:
        self.held = held
        self.table = table
        self.uses = Uses()
        self.alone = [alone(item, table) for item in held.options]
        self._columns = Columns()
        self._losses: list[Column] = []
        self._carry()
        self._spread_all()
        self._check_size()
        self._box_all()
        if held.stock is not None:
            self._stock(held.stock)
        self.used = self._incidence()
        self.program: Program = assemble(self._columns, self._rows())

    def _check_size(self) -> None:
        """Raise InputError where the pairing is beyond what is solved in a bounded time."""
        series, dates = len(self.held.options), len(self.uses.spreads)
        if series * len(self._columns) > LARGEST:
            raise InputError(
                f"{self.held.name}: {series:,} series with {dates:,} dates that part shorts from longs are too many.",
                pointer="/portfolio/positions",
                remedy="Split the underlying over several calculations, or use the house model.",
            )

    def __getitem__(self, leg: Leg) -> Series:
        """Return a leg's series."""
        return self.held.options[leg]

    def _legs(self, sign: int) -> list[Leg]:
        return [leg for leg, item in enumerate(self.held.options) if item.sign == sign]

    def _use(self, legs: Sequence[Leg], cost: float, maintenance: float) -> Column:
        """Add a use of one contract of each leg, at what it costs in place of the contracts alone."""
        saved = sum(self.alone[leg] for leg in legs)
        return self._columns.add(cost - saved, maintenance - saved, min(self[leg].contracts for leg in legs))

    def _carry(self) -> None:
        for legs in by_size(self, self._legs(-1)):
            if len({self[leg].call for leg in legs}) == 2:
                for leg in legs:
                    self.uses.carried[leg] = self._use([leg], self[leg].premium, self[leg].premium)

    def _spread_all(self) -> None:
        styles = sorted({(item.american, item.multiplier) for item in self.held.options})
        for style in styles:
            longs, shorts = (
                [leg for leg in self._legs(sign) if (self[leg].american, self[leg].multiplier) == style]
                for sign in (1, -1)
            )
            for day in cuts([self[leg].expiry for leg in longs], [self[leg].expiry for leg in shorts]):
                self._spread(
                    [leg for leg in longs if self[leg].expiry >= day],
                    [leg for leg in shorts if self[leg].expiry <= day],
                )

    def _spread(self, longs: Sequence[Leg], shorts: Sequence[Leg]) -> None:
        """Add a spread that may hold any of these legs, and its loss in contracts and steps between strikes."""
        kinds = {self[leg].call for leg in longs} & {self[leg].call for leg in shorts}
        legs = [leg for leg in (*longs, *shorts) if self[leg].call in kinds]
        if not legs:
            return
        uses: dict[Leg, Column] = {}
        for leg in legs:
            item = self[leg]
            uses[leg] = self._use([leg], item.premium if item.sign > 0 else 0.0, item.sign * item.premium)
        step, on_grid = grid({self[leg].strike for leg in legs})
        unit, places = step * self[legs[0]].multiplier, [self[leg].strike / step for leg in legs]
        most = sum(self[leg].contracts for leg in legs) * (max(places) - min(places))
        self._losses.append(self._columns.add(unit, unit, float(np.ceil(most)), whole=on_grid, free=False))
        self.uses.spreads.append(uses)

    def _box_all(self) -> None:
        """Long boxes of European options: a synthetic long at the lower strike, a synthetic short at the higher."""
        for long in self._legs(1):
            for short in self._legs(-1):
                if is_synthetic(self[long], self[short]) and not self[long].american:
                    sign = 1 if self[long].call else -1
                    charge = self.table.strategies.long_box_european * self[long].strike * self[long].multiplier
                    cost = self[short].premium - sign * charge
                    self.uses.boxes[long, short, sign] = self._use([long, short], cost, -sign * charge)

    def _stock(self, stock: Stock) -> None:
        share = amounts.stock_maintenance(stock, self.table)
        for leg in self._legs(-1):
            if self[leg].call == (stock.sign > 0):
                paid, kept = cover(self[leg], stock, self.table)
                self.uses.covered[leg] = self._use([leg], paid, kept - share * self[leg].multiplier)
        for leg in self._legs(1):
            if self[leg].call != (stock.sign > 0) and self[leg].american:
                kept = amounts.long_offset(self[leg], stock, self.table) - share * self[leg].multiplier
                self.uses.protected[leg] = self._use([leg], self[leg].premium, kept)
                self._hedges(leg, stock, share)

    def _hedges(self, long: Leg, stock: Stock, share: float) -> None:
        bought = self[long]
        for short in self._legs(-1):
            if is_hedge(bought, self[short]):
                kept = hedge_maintenance(bought, self[short], self.table) - share * bought.multiplier
                cost = bought.premium + (0.0 if stock.sign > 0 else self[short].in_the_money)
                self.uses.hedged[long, short] = self._use([long, short], cost, kept)

    def _incidence(self) -> Floats:
        """Return how often each column uses each leg, shape (legs, columns)."""
        used = np.zeros((len(self.held.options), len(self._columns)))
        for leg, column in self.uses.legs():
            used[leg, column] = 1.0
        return used

    def _rows(self) -> Iterator[Row]:
        for leg, item in enumerate(self.held.options):
            yield self.used[leg], 0.0, float(item.contracts)
        for legs in by_size(self, list(self.uses.carried)):
            for carrier in (True, False):
                yield from self._prefixes(straddle_order(self.held.options, legs, self.table, carrier=carrier))
        for uses, loss in zip(self.uses.spreads, self._losses, strict=True):
            yield from self._spread_rows(uses, loss)
        yield from self._box_rows()
        if self.held.stock is not None:
            yield self._stock_row(self.held.stock)

    def _prefixes(self, order: Sequence[tuple[Leg, bool]]) -> Iterator[Row]:
        """Bound the carried legs of every prefix by the carriers before them that are alone."""
        row, most = np.zeros(len(self._columns)), 0.0
        for carries, group in groupby(order, key=lambda step: step[1]):
            for leg, _ in group:
                if carries:
                    row, most = row + self.used[leg], most + self[leg].contracts
                else:
                    row[self.uses.carried[leg]] += 1.0
            if not carries:
                yield row.copy(), 0.0, most

    def _spread_rows(self, uses: dict[Leg, Column], loss: Column) -> Iterator[Row]:
        """Balance calls and puts, and keep the loss at least what it is at the strike of every long."""
        legs = np.array(list(uses))
        columns = np.array(list(uses.values()))
        strikes, signs = (np.array([getattr(self[leg], name) for leg in legs]) for name in ("strike", "sign"))
        calls = np.array([self[leg].call for leg in legs])
        for kind in np.unique(calls):
            row = np.zeros(len(self._columns))
            row[columns[calls == kind]] = signs[calls == kind]
            yield row, 0.0, 0.0
        step, _ = grid(strikes.tolist())
        for strike in np.unique(strikes[signs > 0]):
            move = np.where(calls, strike - strikes, strikes - strike) / step
            row = np.zeros(len(self._columns))
            row[columns] = signs * snapped(np.maximum(move, 0.0))
            row[loss] = 1.0
            yield row, 0.0, np.inf

    def _box_rows(self) -> Iterator[Row]:
        """Let no more long boxes end than have begun, from strike to strike, and all of them end."""

        def key(pair: tuple[Leg, Leg, int]) -> tuple[date, float]:
            return self[pair[0]].expiry, self[pair[0]].multiplier

        for _, group in groupby(sorted(self.uses.boxes, key=key), key=key):
            row = np.zeros(len(self._columns))
            for pair in sorted(group, key=lambda pair: (self[pair[0]].strike, self[pair[0]].call)):
                row[self.uses.boxes[pair]] = pair[2]
                yield row.copy(), 0.0, np.inf
            yield row, 0.0, 0.0

    def _stock_row(self, stock: Stock) -> Row:
        row = np.zeros(len(self._columns))
        for leg, column in (*self.uses.covered.items(), *self.uses.protected.items()):
            row[column] = self[leg].multiplier
        for (long, _), column in self.uses.hedged.items():
            row[column] = self[long].multiplier
        unit = min(row[row > 0.0], default=1.0)
        return row / unit, 0.0, stock.shares / unit


def alone(item: Series, table: RegTSet) -> float:
    """Return the cost of a contract on its own: a long paid, a short uncovered and its premium."""
    return amounts.long_option(item, table) if item.sign > 0 else amounts.uncovered(item, table) + item.premium


def cover(item: Series, stock: Stock, table: RegTSet) -> tuple[float, float]:
    """Return what a short contract over stock adds to the initial margin, and the maintenance margin of both."""
    if stock.sign > 0:
        return 0.0, amounts.covered_call(item, stock, table)
    kept = amounts.stock_maintenance(stock, table) * item.multiplier + item.in_the_money
    return item.in_the_money, kept


def grid(strikes: Iterable[float]) -> tuple[float, bool]:
    """Return the step of a grid that strikes are on, and whether there is one."""
    steps = np.diff(np.unique(list(strikes)))
    if not steps.size:
        return 1.0, True
    for part in range(1, FINEST + 1):
        found = steps * (part / steps.min())
        if np.all(np.abs(found - np.round(found)) <= GRID * np.maximum(1.0, found)):
            return float(steps.min()) / part, True
    return float(steps.min()), False


def snapped(steps: Floats) -> Floats:
    """Return numbers of steps, without the rounding where they are whole."""
    return np.where(np.abs(steps - np.round(steps)) <= 1e-8 * np.maximum(1.0, steps), np.round(steps), steps)


def by_size(pairing: Pairing, legs: Sequence[Leg]) -> list[list[Leg]]:
    """Return legs in groups of one multiplier."""
    sizes = sorted({pairing[leg].multiplier for leg in legs})
    return [[leg for leg in legs if pairing[leg].multiplier == size] for size in sizes]
