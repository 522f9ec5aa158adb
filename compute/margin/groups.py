"""Which instruments may hedge each other, and which way each of them points."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.margin.instruments import Instruments, Integers
from compute.margin.tables import ClassRates, HouseSet, Match
from compute.portfolio import Floats, Labels, Portfolio

NO_DURATION = "no duration"
NO_PAIR = "no currency pair"
PAIR_LENGTHS = (6, 7)
_BY_DURATION, _BY_CURRENCY = tuple(Match).index(Match.DURATION), tuple(Match).index(Match.CURRENCY)


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


def zone_names(zones: tuple[float, ...]) -> tuple[str, ...]:
    """Return the names of the duration zones, such as `duration 1 to 4`."""
    if not zones:
        return ("any duration",)
    middle = [f"duration {low:g} to {high:g}" for low, high in pairwise(zones)]
    return (f"duration up to {zones[0]:g}", *middle, f"duration above {zones[-1]:g}")


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """The currency pairs among the symbols.

    Parameters
    ----------
    pairs
        The distinct pairs, each in alphabetical order.
    of
        Shape (symbols,): 1 + the pair of each symbol, 0 where it is none.
    turn
        Shape (symbols,): -1 where the symbol has its pair the other way round, else 1.
    """

    pairs: tuple[tuple[str, str], ...]
    of: Integers
    turn: Floats


def _pairs(symbols: Labels, codes: Integers) -> _Pairs:
    """Return the pairs of the symbols that `codes` names."""
    numbers: dict[tuple[str, str], int] = {}
    of = np.zeros(len(symbols.values), dtype=np.int64)
    turn = np.ones(len(symbols.values))
    for code in dict.fromkeys(codes.tolist()):
        pair = currency_pair(symbols.values[code])
        if pair is not None:
            turned = pair[0] > pair[1]
            turn[code] = -1.0 if turned else 1.0
            of[code] = numbers.setdefault(pair[::-1] if turned else pair, len(numbers) + 1)
    return _Pairs(pairs=tuple(numbers), of=of, turn=turn)


@njit()
def _assign(
    classes: Integers,
    symbols: Integers,
    duration: Floats,
    delta: Floats,
    puts: NDArray[np.bool_],
    rules: Integers,
    starts: Integers,
    zones: Floats,
    pair_of: Integers,
    turn: Floats,
) -> tuple[Integers, Floats]:
    """Return the group and the direction of each instrument, shapes (m,).

    Parameters
    ----------
    classes, symbols
        Shape (m,).
    duration, delta, puts
        Shape (m,), or empty where no position has one.
    rules, starts
        Shape (classes,): how each class matches (index into `Match`), and the number of its first group.
    zones
        Upper ends in years.
    pair_of, turn
        Shape (symbols,), as in `_Pairs`.
    """
    of, unit = np.empty(classes.size, dtype=np.int64), np.ones(classes.size)
    for j in range(classes.size):
        if puts.size and puts[j]:
            unit[j] = -1.0
        if delta.size and delta[j] == delta[j]:
            unit[j] = np.sign(delta[j])
        of[j] = starts[classes[j]]
        if rules[classes[j]] == _BY_DURATION:
            years = duration[j] if duration.size else np.nan
            of[j] += np.searchsorted(zones, years) if years == years else zones.size + 1
        elif rules[classes[j]] == _BY_CURRENCY:
            of[j] += pair_of[symbols[j]]
            unit[j] *= turn[symbols[j]]
    return of, unit


@njit()
def count_positions(instruments: Integers, of: Integers, size: int) -> Integers:
    """Return how many positions each of `size` groups has."""
    counts = np.zeros(size, dtype=np.int64)
    for i in range(instruments.size):
        counts[of[instruments[i]]] += 1
    return counts


def _class_groups(
    name: str, rates: ClassRates, zones: tuple[float, ...], pairs: tuple[tuple[str, str], ...]
) -> list[Group]:
    """Return the groups of one class, in the order that `_assign` counts on."""
    if rates.match is Match.DURATION:
        named = [Group(asset_class=name, name=zone) for zone in zone_names(zones)]
        return [*named, Group(asset_class=name, name=NO_DURATION, matches=False)]
    if rates.match is Match.CURRENCY:
        named = [Group(asset_class=name, name="/".join(pair), base=pair[0], quote=pair[1]) for pair in pairs]
        return [Group(asset_class=name, name=NO_PAIR, matches=False), *named]
    return [Group(asset_class=name, name="all", matches=rates.offset_rate > 0.0)]


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """The groups of a book by what classes and pairs it has; arrays as in `Groups`, `starts` as in `_assign`."""

    groups: tuple[Group, ...]
    starts: Integers
    classes: Integers
    matches: NDArray[np.bool_]
    base: Integers
    quote: Integers
    currencies: int


@lru_cache(maxsize=256)
def _layout(table: HouseSet, present: tuple[bool, ...], pairs: tuple[tuple[str, str], ...]) -> _Layout:
    """Lay out the groups: cached, for the same few classes and pairs come again and again."""
    every: list[Group] = []
    classes: list[int] = []
    starts = np.zeros(len(present), dtype=np.int64)
    for index, (name, rates) in enumerate(table.classes.items()):
        starts[index] = len(every)
        if present[index]:
            every += _class_groups(name, rates, table.duration_zones, pairs)
            classes += [index] * (len(every) - len(classes))
    names = sorted({currency for pair in pairs for currency in pair})
    number: dict[str | None, int] = {name: index for index, name in enumerate(names)}
    return _Layout(
        groups=tuple(every),
        starts=starts,
        classes=np.array(classes, dtype=np.int64),
        matches=np.array([group.matches for group in every], dtype=np.bool_),
        base=np.array([number.get(group.base, -1) for group in every], dtype=np.int64),
        quote=np.array([number.get(group.quote, -1) for group in every], dtype=np.int64),
        currencies=len(names),
    )


def groups(portfolio: Portfolio, found: Instruments, classes: Integers, table: HouseSet) -> Groups:
    """Return the matching groups of a portfolio's instruments; `classes` has shape (n,)."""
    first = found.first
    own, symbols = classes[first], portfolio.labels["symbol"]
    codes = symbols.codes[first].astype(np.int64)
    pairs = _pairs(symbols, codes[table.match_rules[own] == _BY_CURRENCY])
    present = np.bincount(own, minlength=len(table.classes)) > 0
    layout = _layout(table, tuple(present.tolist()), pairs.pairs)
    options = portfolio.labels.get("option_type")
    of, unit = _assign(
        own,
        codes,
        _at(portfolio, "duration", first),
        _at(portfolio, "delta", first),
        np.empty(0, dtype=np.bool_) if options is None else options.mask("put")[first],
        table.match_rules,
        layout.starts,
        np.array(table.duration_zones, dtype=np.float64),
        pairs.of,
        pairs.turn,
    )
    return Groups(
        groups=layout.groups,
        of=of,
        unit=unit,
        classes=layout.classes,
        matches=layout.matches,
        base=layout.base,
        quote=layout.quote,
        currencies=layout.currencies,
    )


def _at(portfolio: Portfolio, name: str, first: Integers) -> Floats:
    """Return a column at the instruments' first positions, or an empty one."""
    column = portfolio.numbers.get(name)
    return np.empty(0) if column is None else column[first]
