"""Which instruments may hedge each other, and which way each of them points."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from compute.margin.instruments import Instruments, Integers
from compute.margin.tables import HouseSet, Match
from compute.portfolio import Floats, Portfolio

PAIR_LENGTHS = (6, 7)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Instruments of one class among which long hedges short; `matches` is False where none may."""

    asset_class: str
    name: str
    matches: bool = True
    base: str | None = None
    quote: str | None = None


@dataclass(frozen=True, kw_only=True)
class Groups:
    """The matching groups of a portfolio's instruments.

    Parameters
    ----------
    groups
        Length g.
    of
        Shape (m,): the group of each instrument.
    unit
        Shape (m,): 1 where a long quantity is a long direction in the group, -1 where it is a short one, 0 where it
        has no direction (a delta of zero).
    classes
        Shape (g,): index of the class.
    matches
        Shape (g,): whether long hedges short within the group.
    base, quote
        Shape (g,): index of the pair's currencies in alphabetical order, -1 where the group is no currency pair.
    currencies
        How many currencies the pairs have.
    """

    groups: tuple[Group, ...]
    of: Integers
    unit: Floats
    classes: Integers
    matches: NDArray[np.bool_]
    base: Integers
    quote: Integers
    currencies: int


@lru_cache(maxsize=8192)
def currency_pair(symbol: str) -> tuple[str, str] | None:
    """Return the two currencies of a symbol such as EUR/USD, EUR-USD or EURUSD, or None."""
    if len(symbol) not in PAIR_LENGTHS or (len(symbol) == max(PAIR_LENGTHS) and symbol[3] not in "/-_."):
        return None
    base, quote = symbol[:3].upper(), symbol[-3:].upper()
    if not (base + quote).isascii() or not (base + quote).isalpha() or base == quote:
        return None
    return base, quote


def zone_names(zones: tuple[float, ...]) -> list[str]:
    """Return the names of the duration zones, such as `duration 1 to 4`."""
    if not zones:
        return ["any duration"]
    middle = [f"duration {low:g} to {high:g}" for low, high in pairwise(zones)]
    return [f"duration up to {zones[0]:g}", *middle, f"duration above {zones[-1]:g}"]


class _Builder:
    """Number the groups, one class after another."""

    def __init__(self, portfolio: Portfolio, found: Instruments, classes: Integers, table: HouseSet) -> None:
        self.portfolio = portfolio
        self.first = found.first
        self.classes = classes[found.first]
        self.table = table
        self.groups: list[Group] = []
        self.of = np.zeros(found.first.size, dtype=np.int64)
        self.unit = _unit(portfolio, found.first)

    def add(self) -> None:
        present = np.bincount(self.classes, minlength=len(self.table.classes))
        for index, (name, rates) in enumerate(self.table.classes.items()):
            if not present[index]:
                continue
            members = np.flatnonzero(self.classes == index)
            start = len(self.groups)
            if rates.match is Match.DURATION:
                self.of[members] = start + self._zones(name, members)
            elif rates.match is Match.CURRENCY:
                self.of[members] = start + self._pairs(name, members)
            else:
                self.groups.append(Group(asset_class=name, name="all", matches=rates.offset_rate > 0.0))
                self.of[members] = start

    def _zones(self, name: str, members: Integers) -> Integers:
        """Return each bond's zone; one without a duration is in none and matches nothing."""
        zones = self.table.duration_zones
        self.groups += [Group(asset_class=name, name=zone) for zone in zone_names(zones)]
        self.groups.append(Group(asset_class=name, name="no duration", matches=False))
        column = self.portfolio.numbers.get("duration")
        if column is None:
            return np.full(members.size, len(zones) + 1)
        years = column[self.first[members]]
        return np.where(np.isnan(years), len(zones) + 1, np.searchsorted(zones, years, side="left"))

    def _pairs(self, name: str, members: Integers) -> Integers:
        """Return each pair's number, and turn those written against the alphabet round."""
        self.groups.append(Group(asset_class=name, name="no currency pair", matches=False))
        symbols = self.portfolio.labels["symbol"]
        codes = symbols.codes[self.first[members]]
        numbers: dict[tuple[str, str], int] = {}
        pair_of = np.zeros(len(symbols.values), dtype=np.int64)
        turned = np.ones(len(symbols.values))
        for code in dict.fromkeys(codes.tolist()):
            pair = currency_pair(symbols.values[code])
            if pair is None:
                continue
            base, quote = sorted(pair)
            if (base, quote) not in numbers:
                numbers[base, quote] = len(numbers) + 1
                self.groups.append(Group(asset_class=name, name=f"{base}/{quote}", base=base, quote=quote))
            pair_of[code] = numbers[base, quote]
            turned[code] = 1.0 if pair[0] == base else -1.0
        self.unit[members] *= turned[codes]
        return pair_of[codes]


def _unit(portfolio: Portfolio, first: Integers) -> Floats:
    """Return the direction of one unit: the sign of its delta, else -1 for a put, else 1."""
    unit = np.ones(first.size)
    options = portfolio.labels.get("option_type")
    if options is not None:
        unit[options.mask("put")[first]] = -1.0
    deltas = portfolio.numbers.get("delta")
    if deltas is None:
        return unit
    delta = deltas[first]
    return np.where(np.isnan(delta), unit, np.sign(delta))


def groups(portfolio: Portfolio, found: Instruments, classes: Integers, table: HouseSet) -> Groups:
    """Return the matching groups of a portfolio's instruments; `classes` has shape (n,)."""
    builder = _Builder(portfolio, found, classes, table)
    builder.add()
    every = tuple(builder.groups)
    order = {name: index for index, name in enumerate(table.classes)}
    names = sorted({name for group in every for name in (group.base, group.quote) if name is not None})
    number: dict[str | None, int] = {name: index for index, name in enumerate(names)}
    return Groups(
        groups=every,
        of=builder.of,
        unit=builder.unit,
        classes=np.array([order[group.asset_class] for group in every], dtype=np.int64),
        matches=np.array([group.matches for group in every], dtype=np.bool_),
        base=np.array([number.get(group.base, -1) for group in every], dtype=np.int64),
        quote=np.array([number.get(group.quote, -1) for group in every], dtype=np.int64),
        currencies=len(names),
    )
