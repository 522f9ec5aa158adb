"""The cheapest legal use of every contract of one underlying, as a mixed-integer program.

Each contract is put to exactly one use: alone, carried by the other side of a short straddle, in a spread, in a
European long box, or against stock. Costs are net deposits but for the premium of all shorts, the same in every use.

Three facts keep the program small, though it ranges over every legal combination:

* A spread is any set of longs and shorts of one style with as many units short as long in calls and in puts, no short
  expiring after a long (FINRA Regulatory Notice 12-44). Its maximum loss is the maximum of a piecewise linear function
  with its kinks at the strikes: one row a strike, whatever the number of legs. Two spreads that may be one never cost
  less apart, so one spread for each date that parts shorts from longs reaches every optimum.
* In a straddle the side with the greater requirement carries the other. Ordered by requirement, a matching exists
  exactly where no prefix has more carried than carrying: a chain of flows in place of a variable for each pair.
* The charge of a European box is linear in its two strikes; a chain over the strikes keeps the long side the lower.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import numpy as np

from compute.margin.reg_t import amounts
from compute.margin.reg_t.holdings import Series, Stock, Underlying
from compute.margin.reg_t.program import Program
from compute.margin.reg_t.tables import RegTSet

GRID = 1e-9
Leg = int
"""Index of a series within its underlying."""


@dataclass(frozen=True, kw_only=True)
class Uses:
    """The program's variables by use; a use of two legs names the long one first.

    Parameters
    ----------
    alone
        Leg to variable: longs paid on their own, shorts uncovered.
    carried
        Short leg to variable: the lesser side of a straddle.
    spreads
        For each possible spread, its legs and their variables.
    covered
        Short leg to variable: a call over long stock, a put over short stock.
    protected
        Long leg to variable: a put under long stock, a call over short stock.
    hedged
        (long leg, short leg) to variable: collars, conversions, reverse conversions.
    boxes
        (long leg, short leg, 1 for the lower strike or -1) to variable.
    """

    alone: dict[Leg, int] = field(default_factory=dict)
    carried: dict[Leg, int] = field(default_factory=dict)
    spreads: list[dict[Leg, int]] = field(default_factory=list)
    covered: dict[Leg, int] = field(default_factory=dict)
    protected: dict[Leg, int] = field(default_factory=dict)
    hedged: dict[tuple[Leg, Leg], int] = field(default_factory=dict)
    boxes: dict[tuple[Leg, Leg, int], int] = field(default_factory=dict)

    def of(self, leg: Leg) -> Iterator[int]:
        """Yield the variables that use a leg."""
        for single in (self.alone, self.carried, self.covered, self.protected, *self.spreads):
            if leg in single:
                yield single[leg]
        for (long, short), variable in self.hedged.items():
            if leg in (long, short):
                yield variable
        for (long, short, _), variable in self.boxes.items():
            if leg in (long, short):
                yield variable


class Pairing:
    """The program of one underlying, and which variable is which use."""

    def __init__(self, held: Underlying, table: RegTSet) -> None:
        self.held = held
        self.table = table
        self.program = Program()
        self.uses = Uses()
        self.longs = [leg for leg, item in enumerate(held.options) if item.sign > 0]
        self.shorts = [leg for leg, item in enumerate(held.options) if item.sign < 0]
        self._alone()
        self._straddles()
        self._spreads()
        self._boxes()
        if held.stock is not None:
            self._stock(held.stock)
        for leg, item in enumerate(held.options):
            terms = [(variable, 1.0) for variable in self.uses.of(leg)]
            self.program.row(terms, item.contracts, item.contracts, defines=self.uses.alone[leg])

    def _series(self, leg: Leg) -> Series:
        return self.held.options[leg]

    def _use(self, leg: Leg, cost: float, maintenance: float) -> int:
        return self.program.variable(cost, maintenance, upper=self._series(leg).contracts)

    def _alone(self) -> None:
        for leg in self.longs:
            cost = amounts.long_option(self._series(leg), self.table)
            self.uses.alone[leg] = self._use(leg, cost, cost)
        for leg in self.shorts:
            cost = amounts.uncovered(self._series(leg), self.table) + self._series(leg).premium
            self.uses.alone[leg] = self._use(leg, cost, cost)

    def _straddles(self) -> None:
        for multiplier in sorted({self._series(leg).multiplier for leg in self.shorts}):
            legs = [leg for leg in self.shorts if self._series(leg).multiplier == multiplier]
            if len({self._series(leg).call for leg in legs}) < 2:
                continue
            for leg in legs:
                self.uses.carried[leg] = self._use(leg, self._series(leg).premium, self._series(leg).premium)
            for carrier in (True, False):
                self._chain(straddle_order(self.held.options, legs, self.table, carrier=carrier))

    def _chain(self, order: Sequence[tuple[Leg, bool]]) -> None:
        """Bound the carried legs of every prefix by the carrying ones before them."""
        steps = [(self.uses.alone[leg], 1.0) if carries else (self.uses.carried[leg], -1.0) for leg, carries in order]
        self._prefixes(steps)

    def _prefixes(self, steps: Sequence[tuple[int, float]], *, closed: bool = False) -> None:
        before: int | None = None
        for place, (variable, sign) in enumerate(steps):
            last = closed and place == len(steps) - 1
            flow = self.program.variable(upper=0.0 if last else np.inf, whole=False)
            terms = [(flow, -1.0), (variable, sign)] + ([(before, 1.0)] if before is not None else [])
            self.program.row(terms, 0.0, 0.0, defines=flow)
            before = flow

    def _spreads(self) -> None:
        for american in (False, True):
            longs = [leg for leg in self.longs if self._series(leg).american == american]
            shorts = [leg for leg in self.shorts if self._series(leg).american == american]
            for date_ in cuts(self._expiries(longs), self._expiries(shorts)):
                self._spread(
                    [leg for leg in longs if self._series(leg).expiry >= date_],
                    [leg for leg in shorts if self._series(leg).expiry <= date_],
                )

    def _expiries(self, legs: Iterable[Leg]) -> list[date]:
        return [self._series(leg).expiry for leg in legs]

    def _spread(self, longs: Sequence[Leg], shorts: Sequence[Leg]) -> None:
        kinds = {self._series(leg).call for leg in longs} & {self._series(leg).call for leg in shorts}
        legs = [leg for leg in (*longs, *shorts) if self._series(leg).call in kinds]
        if not legs:
            return
        uses = {leg: self._spread_use(leg) for leg in legs}
        self.uses.spreads.append(uses)
        for call in sorted(kinds):
            unit = max(self._series(leg).multiplier for leg in legs)
            terms = [(uses[leg], self._units(leg) / unit) for leg in legs if self._series(leg).call == call]
            self.program.row(terms, 0.0, 0.0)
        self._maximum_loss(uses)

    def _spread_use(self, leg: Leg) -> int:
        item = self._series(leg)
        return self._use(leg, item.premium if item.sign > 0 else 0.0, item.sign * item.premium)

    def _units(self, leg: Leg) -> float:
        return self._series(leg).sign * self._series(leg).multiplier

    def _maximum_loss(self, uses: dict[Leg, int]) -> None:
        """Charge the greatest loss over the strikes.

        With as many puts long as short, a put of strike K is (S - K)+ plus K less S, and the S cancel: the value at the
        lowest strike is the puts' intrinsic value there, and from strike to strike it rises by the units below. All
        is counted in contracts and in the least step between strikes, which the solver likes better than dollars.
        """
        program, strikes = self.program, sorted({self._series(leg).strike for leg in uses})
        unit = max(self._series(leg).multiplier for leg in uses)
        step = min((above - strike for strike, above in pairwise(strikes)), default=1.0)
        most = sum(self._series(leg).contracts for leg in uses) * (strikes[-1] - strikes[0]) / step
        whole = self._on_grid(uses, strikes, step)
        loss = program.variable(unit * step, unit * step, upper=float(np.ceil(most)), whole=whole)
        held = {leg: (variable, self._units(leg) / unit) for leg, variable in uses.items()}
        puts = [
            (variable, units * on_grid((self._series(leg).strike - strikes[0]) / step))
            for leg, (variable, units) in held.items()
            if not self._series(leg).call and self._series(leg).strike > strikes[0]
        ]
        value = self._free(puts)
        program.row([(loss, 1.0), (value, 1.0)], 0.0, np.inf)
        slope: int | None = None
        for strike, above in pairwise(strikes):
            here = [term for leg, term in held.items() if self._series(leg).strike == strike]
            slope = self._free(here if slope is None else [*here, (slope, 1.0)])
            value = self._free([(value, 1.0), (slope, on_grid((above - strike) / step))])
            program.row([(loss, 1.0), (value, 1.0)], 0.0, np.inf)

    def _on_grid(self, uses: Iterable[Leg], strikes: Sequence[float], step: float) -> bool:
        """Say whether the loss, counted in steps and contracts, is a whole number wherever the contracts are."""
        steps = (np.array(strikes) - strikes[0]) / step
        one_size = len({self._series(leg).multiplier for leg in uses}) == 1
        return one_size and bool(np.all(np.abs(steps - np.round(steps)) <= GRID))

    def _free(self, terms: Sequence[tuple[int, float]]) -> int:
        """Return a variable that equals a sum."""
        variable = self.program.variable(lower=-np.inf, whole=False)
        self.program.row([(variable, -1.0), *terms], 0.0, 0.0, defines=variable)
        return variable

    def _boxes(self) -> None:
        """Long boxes of European options: a synthetic long at the lower strike, a synthetic short at the higher."""
        pairs = [
            (long, short)
            for long in self.longs
            for short in self.shorts
            if is_synthetic(self._series(long), self._series(short)) and not self._series(long).american
        ]
        for key in sorted({(self._series(long).expiry, self._series(long).multiplier) for long, _ in pairs}):
            here = [pair for pair in pairs if (self._series(pair[0]).expiry, self._series(pair[0]).multiplier) == key]
            here.sort(key=lambda pair: (self._series(pair[0]).strike, self._series(pair[0]).call))
            steps = [self._box_side(long, short) for long, short in here]
            if len({sign for _, sign in steps}) == 2:
                self._prefixes(steps, closed=True)
            else:
                self._forbid(variable for variable, _ in steps)

    def _forbid(self, variables: Iterable[int]) -> None:
        for variable in variables:
            self.program.upper[variable] = 0.0

    def _box_side(self, long: Leg, short: Leg) -> tuple[int, float]:
        item, sold = self._series(long), self._series(short)
        sign = 1 if item.call else -1
        charge = -sign * self.table.strategies.long_box_european * item.strike * item.multiplier
        most = min(item.contracts, sold.contracts)
        variable = self.program.variable(charge + sold.premium, charge, upper=most)
        self.uses.boxes[long, short, sign] = variable
        return variable, float(sign)

    def _stock(self, stock: Stock) -> None:
        share = amounts.stock_maintenance(stock, self.table)
        for leg in self.shorts:
            if self._series(leg).call == (stock.sign > 0):
                self._covered(leg, stock, share)
        for leg in self.longs:
            if self._series(leg).call != (stock.sign > 0) and self._series(leg).american:
                item = self._series(leg)
                saved = amounts.long_offset(item, stock, self.table) - share * item.multiplier
                self.uses.protected[leg] = self._use(leg, item.premium, saved)
                self._hedges(leg, stock, share)
        terms = [
            (variable, self._series(leg).multiplier)
            for uses in (self.uses.covered, self.uses.protected)
            for leg, variable in uses.items()
        ] + [(variable, self._series(long).multiplier) for (long, _), variable in self.uses.hedged.items()]
        if terms:
            self.program.row(terms, 0.0, stock.shares)

    def _covered(self, leg: Leg, stock: Stock, share: float) -> None:
        item = self._series(leg)
        if stock.sign > 0:
            saved = amounts.covered_call(item, stock, self.table) - share * item.multiplier
            self.uses.covered[leg] = self._use(leg, 0.0, saved)
        else:
            self.uses.covered[leg] = self._use(leg, item.in_the_money, item.in_the_money)

    def _hedges(self, long: Leg, stock: Stock, share: float) -> None:
        for short in self.shorts:
            if is_hedge(self._series(long), self._series(short)):
                bought, sold = self._series(long), self._series(short)
                saved = hedge_maintenance(bought, sold, self.table) - share * bought.multiplier
                cost = bought.premium + (0.0 if stock.sign > 0 else sold.in_the_money)
                most = min(bought.contracts, sold.contracts)
                self.uses.hedged[long, short] = self.program.variable(cost, saved, upper=most)


def on_grid(steps: float) -> float:
    """Return a number of steps, without the rounding where it is whole."""
    return float(round(steps)) if abs(steps - round(steps)) <= GRID else steps


def cuts(longs: Sequence[date], shorts: Sequence[date]) -> list[date]:
    """Return the dates that part shorts from longs in all ways that matter: for each set of longs, the latest short."""
    latest: dict[int, date] = {}
    for day in sorted(set(shorts)):
        latest[sum(expiry >= day for expiry in longs)] = day
    return [day for count, day in latest.items() if count]


def straddle_order(
    options: Sequence[Series], legs: Iterable[Leg], table: RegTSet, *, carrier: bool
) -> list[tuple[Leg, bool]]:
    """Return the short legs by requirement, greatest first, with whether each is of the carrying type."""

    def rank(leg: Leg) -> tuple[float, bool, Leg]:
        item = options[leg]
        return -(amounts.uncovered(item, table) + item.premium), item.call != carrier, leg

    return [(leg, options[leg].call == carrier) for leg in sorted(legs, key=rank)]


def is_synthetic(long: Series, short: Series) -> bool:
    """Say whether a long and a short option of the other type are stock in all but name."""
    return (
        long.call != short.call
        and long.strike == short.strike
        and long.expiry == short.expiry
        and long.multiplier == short.multiplier
        and long.american == short.american
    )


def is_hedge(long: Series, short: Series) -> bool:
    """Say whether the options make a collar or conversion of long stock, or a reverse conversion of short stock."""
    if long.call:
        return is_synthetic(long, short)
    same = long.expiry == short.expiry and long.multiplier == short.multiplier and long.american == short.american
    return short.call and same and long.strike <= short.strike


def hedge_maintenance(long: Series, short: Series, table: RegTSet) -> float:
    """Return the maintenance margin of a contract's worth of stock between a long and a short option."""
    if long.call:
        return amounts.reverse_conversion(long, short, table)
    return amounts.collar(long, short, table)
