"""From the optimum of a pairing to strategies with names and amounts, each computed in closed form from its rule."""

from collections.abc import Iterator

import numpy as np

from compute.margin.reg_t import amounts
from compute.margin.reg_t.holdings import Account, Security, Series, Stock, Underlying
from compute.margin.reg_t.matching import Leg, straddle_order
from compute.margin.reg_t.pairing import Pairing
from compute.margin.reg_t.spreads import maximum_loss, name, parts
from compute.margin.reg_t.strategy import Strategy
from compute.margin.reg_t.tables import RegTSet
from compute.portfolio import Floats


def strategies(pairing: Pairing, values: Floats) -> list[Strategy]:
    """Return what an optimum stands for."""
    return list(_Unpacked(pairing, values).all())


def security(item: Security, table: RegTSet) -> Strategy:
    """Return the strategy of a bond or another non-equity security."""
    charge = amounts.security(item, table)
    return Strategy(
        underlying=item.symbol,
        name=f"{'long' if item.sign > 0 else 'short'}_security",
        rule=item.kind,
        legs=[(item, 1.0)],
        initial=charge,
        maintenance=charge,
    )


class _Unpacked:
    """The uses of one underlying, taken off one after another."""

    def __init__(self, pairing: Pairing, values: Floats) -> None:
        self.pairing = pairing
        self.held: Underlying = pairing.held
        self.table: RegTSet = pairing.table
        self.uses = pairing.uses
        self.values = values
        used = np.round(pairing.used @ values).astype(np.int64).tolist()
        self.left: dict[Leg, int] = {leg: item.contracts - used[leg] for leg, item in enumerate(self.held.options)}

    def _count(self, variable: int) -> int:
        return round(float(self.values[variable]))

    def _series(self, leg: Leg) -> Series:
        return self.held.options[leg]

    def all(self) -> Iterator[Strategy]:
        if self.held.stock is not None:
            yield from self._stock(self.held.stock)
        yield from self._boxes()
        yield from self._spreads()
        yield from self._straddles()
        yield from self._uncovered_spreads()
        for leg, count in self.left.items():
            if count:
                yield self._single(self._series(leg), count)

    def _stock(self, stock: Stock) -> Iterator[Strategy]:
        free = stock.shares
        for found, units in (*self._hedged(stock), *self._protected(stock), *self._covered(stock)):
            free -= units
            yield found
        if free > 1e-9 * stock.shares:
            yield self._on_stock(stock, (), 0, amounts.stock_maintenance(stock, self.table) * free, free)

    def _hedged(self, stock: Stock) -> Iterator[tuple[Strategy, float]]:
        for (long, short), variable in self.uses.hedged.items():
            count = self._count(variable)
            if count:
                bought, sold = self._series(long), self._series(short)
                between = amounts.reverse_conversion if bought.call else amounts.collar
                maintenance = between(bought, sold, self.table) * count
                units = bought.multiplier * count
                yield self._on_stock(stock, (bought, sold), count, maintenance, units), units

    def _protected(self, stock: Stock) -> Iterator[tuple[Strategy, float]]:
        for leg, variable in self.uses.protected.items():
            count, item = self._count(variable), self._series(leg)
            if count:
                maintenance = amounts.long_offset(item, stock, self.table) * count
                yield (
                    self._on_stock(stock, (item,), count, maintenance, item.multiplier * count),
                    item.multiplier * count,
                )

    def _covered(self, stock: Stock) -> Iterator[tuple[Strategy, float]]:
        for leg, variable in self.uses.covered.items():
            count, item = self._count(variable), self._series(leg)
            if count:
                units = item.multiplier * count
                yield self._on_stock(stock, (item,), count, self._cover(item, stock) * count, units), units

    def _cover(self, item: Series, stock: Stock) -> float:
        if item.call:
            return amounts.covered_call(item, stock, self.table)
        return amounts.stock_maintenance(stock, self.table) * item.multiplier + item.in_the_money

    def _on_stock(
        self, stock: Stock, options: tuple[Series, ...], count: int, maintenance: float, units: float
    ) -> Strategy:
        """Return a strategy of stock and options: stock at its rate, longs in full, a short put in the money."""
        initial = amounts.stock_initial(stock, self.table) * units
        initial += sum(count * item.premium for item in options if item.sign > 0)
        initial += sum(count * item.in_the_money for item in options if item.sign < 0 and not item.call)
        rule = _stock_rule(stock, options)
        return Strategy(
            underlying=self.held.name,
            name=rule,
            rule=rule,
            legs=[(stock, units), *((item, float(count)) for item in options)],
            initial=initial,
            maintenance=maintenance,
            premium=sum(count * item.premium for item in options if item.sign < 0),
        )

    def _boxes(self) -> Iterator[Strategy]:
        """Match lower with higher strikes, last in, first out, as the chain allows."""
        sides = [(pair, self._count(variable)) for pair, variable in self.uses.boxes.items()]
        sides = [side for side in sides if side[1]]
        for key in sorted({self._box_key(pair) for pair, _ in sides}):
            yield from self._boxes_of([side for side in sides if self._box_key(side[0]) == key])

    def _box_key(self, pair: tuple[Leg, Leg, int]) -> tuple[object, ...]:
        return (self._series(pair[0]).expiry, self._series(pair[0]).multiplier)

    def _boxes_of(self, sides: list[tuple[tuple[Leg, Leg, int], int]]) -> Iterator[Strategy]:
        lower: list[tuple[Leg, Leg, int]] = []
        for (long, short, sign), total in sorted(sides, key=lambda side: (self._series(side[0][0]).strike, side[0][2])):
            if sign > 0:
                lower.append((long, short, total))
                continue
            count = total
            while count:
                call, put, available = lower.pop()
                taken = min(count, available)
                yield self._box((call, put, long, short), taken)
                count -= taken
                if available > taken:
                    lower.append((call, put, available - taken))

    def _box(self, legs: tuple[Leg, ...], count: int) -> Strategy:
        items = [self._series(leg) for leg in legs]
        width = (items[2].strike - items[0].strike) * items[0].multiplier
        charge = self.table.strategies.long_box_european * width * count
        return Strategy(
            underlying=self.held.name,
            name="long_box",
            rule="long_box_european",
            legs=[(item, float(count)) for item in items],
            initial=charge,
            maintenance=charge,
        )

    def _spreads(self) -> Iterator[Strategy]:
        for uses in self.uses.spreads:
            whole = {self._series(leg): self._count(variable) for leg, variable in uses.items()}
            for part in parts(whole):
                yield self._spread(part, maximum_loss(part))

    def _spread(self, legs: dict[Series, int], loss: float) -> Strategy:
        """Return a spread, net of premium: the loss that it may make, longs paid, shorts' proceeds applied."""
        required = loss + sum(item.sign * item.premium * count for item, count in legs.items())
        return Strategy(
            underlying=self.held.name,
            name=name(legs),
            rule="spread",
            legs=[(item, float(count)) for item, count in legs.items()],
            initial=required,
            maintenance=required,
        )

    def _straddles(self) -> Iterator[Strategy]:
        for multiplier in sorted({self._series(leg).multiplier for leg in self.uses.carried}):
            legs = [leg for leg in self.uses.carried if self._series(leg).multiplier == multiplier]
            carried = {leg: self._count(self.uses.carried[leg]) for leg in legs}
            for carrier in (True, False):
                yield from self._carry(straddle_order(self.held.options, legs, self.table, carrier=carrier), carried)

    def _carry(self, order: list[tuple[Leg, bool]], carried: dict[Leg, int]) -> Iterator[Strategy]:
        carriers: list[Leg] = []
        for leg, carries in order:
            if carries:
                carriers.append(leg)
                continue
            while carried[leg]:
                greater = next(one for one in carriers if self.left[one])
                count = min(carried[leg], self.left[greater])
                carried[leg] -= count
                self.left[greater] -= count
                yield self._straddle(self._series(greater), self._series(leg), count)

    def _straddle(self, greater: Series, lesser: Series, count: int) -> Strategy:
        premium = (greater.premium + lesser.premium) * count
        charge = amounts.uncovered(greater, self.table) * count + premium
        same = greater.strike == lesser.strike and greater.expiry == lesser.expiry
        return Strategy(
            underlying=self.held.name,
            name="short_straddle" if same else "short_strangle",
            rule="straddle",
            legs=[(greater, float(count)), (lesser, float(count))],
            initial=charge,
            maintenance=charge,
            premium=premium,
        )

    def _uncovered_spreads(self) -> Iterator[Strategy]:
        """State a short that is left and a long that may be its spread as one, at the uncovered requirement."""
        shorts = sorted(
            (leg for leg in self.left if self._series(leg).sign < 0), key=lambda leg: -self._series(leg).premium
        )
        for short in shorts:
            for long in self._possible(self._series(short)):
                count = min(self.left[short], self.left[long])
                if count:
                    self.left[short] -= count
                    self.left[long] -= count
                    required = (
                        amounts.uncovered(self._series(short), self.table) + self._series(short).premium
                    ) * count
                    yield self._spread({self._series(long): count, self._series(short): count}, required)

    def _possible(self, short: Series) -> list[Leg]:
        """Return the longs that are left and may be spread with a short, the first to expire first."""
        kind = (short.call, short.american, short.multiplier)
        found = [
            leg
            for leg, item in enumerate(self.held.options)
            if item.sign > 0 and not item.long_dated and item.expiry >= short.expiry
            if (item.call, item.american, item.multiplier) == kind
        ]
        return sorted(found, key=lambda leg: (self._series(leg).expiry, leg))

    def _single(self, item: Series, count: int) -> Strategy:
        if item.sign > 0:
            charge = amounts.long_option(item, self.table) * count
            rule, premium = "long_option_over_9_months" if item.long_dated else "long_option", 0.0
        else:
            premium = item.premium * count
            charge = amounts.uncovered(item, self.table) * count + premium
            rule = "short_option"
        kind = f"{'long' if item.sign > 0 else 'short'}_{'call' if item.call else 'put'}"
        return Strategy(
            underlying=self.held.name,
            name=kind,
            rule=rule,
            legs=[(item, float(count))],
            initial=charge,
            maintenance=charge,
            premium=premium,
        )


def _stock_rule(stock: Stock, options: tuple[Series, ...]) -> str:
    if not options:
        return "long_stock" if stock.sign > 0 else "short_stock"
    if len(options) == 2:
        if stock.sign < 0:
            return "reverse_conversion"
        return "conversion" if options[0].strike == options[1].strike else "collar"
    if options[0].sign < 0:
        return "covered_call" if stock.sign > 0 else "covered_put"
    return "protective_put" if stock.sign > 0 else "long_call_short_stock"


def securities(account: Account, table: RegTSet) -> list[Strategy]:
    """Return the strategies of the bonds and other non-equity securities of an account."""
    return [security(item, table) for item in account.securities]
