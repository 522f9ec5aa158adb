"""Netting and offsets: they depend on direction, match each unit of margin once, and never exceed gross.

1. Within an instrument, long and short net: the offset is twice the smaller side.
2. Within a matching group, what is left long hedges what is left short: the offset is the class rate of both matched
   sides.
3. Across classes, what is left of each class as one net direction hedges another class's: the offset is the rule's rate
   of the smaller, and what one rule has matched the next one cannot use.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.margin.groups import Groups
from compute.margin.instruments import Integers
from compute.margin.tables import HouseSet
from compute.portfolio import Floats

LONG, SHORT, FLAT = range(3)


@dataclass(frozen=True, kw_only=True)
class Offsets:
    """What was matched, in the margin's currency.

    Parameters
    ----------
    gross, total
        The margin before netting and matching, and the whole offset.
    netted
        Shape (g,): offset of netting in each group.
    directional
        Shape (g, 3): long, short and flat margin left after netting.
    unmatched
        Shape (g, 3): the same after matching within groups.
    within
        Shape (g,): offset of matching within each group.
    crossed
        Shape (rules,): margin of one side that each rule matched.
    cross
        Shape (rules,): offset of each rule.
    """

    gross: float
    total: float
    netted: Floats
    directional: Floats
    unmatched: Floats
    within: Floats
    crossed: Floats
    cross: Floats


@njit()
def _long_side(base: int, quote: int, currency: int) -> int:
    """Return the side of a pair that is long a currency, or FLAT where the pair does not have it."""
    if base == currency:
        return LONG
    return SHORT if quote == currency else FLAT


@njit()
def _match_currencies(left: Floats, base: Integers, quote: Integers, currencies: int) -> None:
    """Match legs currency by currency, in alphabetical order; a matched leg takes its pair's other leg with it."""
    for currency in range(currencies):
        long = short = 0.0
        for g in range(base.size):
            side = _long_side(base[g], quote[g], currency)
            if side != FLAT:
                long += left[g, side]
                short += left[g, 1 - side]
        matched = min(long, short)
        if matched <= 0.0:
            continue
        for g in range(base.size):
            side = _long_side(base[g], quote[g], currency)
            if side != FLAT:
                left[g, side] *= 1.0 - matched / long
                left[g, 1 - side] *= 1.0 - matched / short


@njit()
def _match_classes(left: Floats, classes: Integers, rules: Floats) -> Floats:
    """Match the classes' net directions by each rule in turn, shape (rules,)."""
    net = np.zeros(int(classes.max()) + 1 if classes.size else 0)
    for g in range(classes.size):
        net[classes[g]] += left[g, LONG] - left[g, SHORT]
    crossed = np.zeros(rules.shape[0])
    for r in range(rules.shape[0]):
        one, other = int(rules[r, 0]), int(rules[r, 1])
        if max(one, other) >= net.size or net[one] * net[other] * rules[r, 2] <= 0.0:
            continue
        matched = min(abs(net[one]), abs(net[other]))
        net[one] -= np.sign(net[one]) * matched
        net[other] -= np.sign(net[other]) * matched
        crossed[r] = matched
    return crossed


@njit()
def match_groups(
    directional: Floats,
    classes: Integers,
    matches: NDArray[np.bool_],
    base: Integers,
    quote: Integers,
    currencies: int,
    rules: Floats,
) -> tuple[Floats, Floats]:
    """Match within groups, then across classes; return what is left by group, shape (g, 3), and `crossed`."""
    left = directional.copy()
    for g in range(classes.size):
        if matches[g] and base[g] < 0:
            matched = min(left[g, LONG], left[g, SHORT])
            left[g, LONG] -= matched
            left[g, SHORT] -= matched
    _match_currencies(left, base, quote, currencies)
    return left, _match_classes(left, classes, rules)


@njit()
def net_instruments(sides: Floats, of: Integers, unit: Floats, size: int) -> tuple[Floats, Floats]:
    """Net each instrument and add up what is left by group and direction.

    Parameters
    ----------
    sides
        Shape (m, 2, k): margin of the long and of the short positions of each instrument, for k margins at once.
    of, unit
        Shape (m,): group and direction of a long unit.
    size
        The number of groups, g.

    Returns
    -------
    `netted` and `directional`, shapes (k, g) and (k, g, 3).
    """
    netted, directional = np.zeros((sides.shape[2], size)), np.zeros((sides.shape[2], size, 3))
    for j in range(of.size):
        group = of[j]
        for k in range(sides.shape[2]):
            long, short = sides[j, 0, k], sides[j, 1, k]
            netted[k, group] += 2.0 * min(long, short)
            left = (long - short) * unit[j]
            side = LONG if left > 0.0 else SHORT if left < 0.0 else FLAT
            directional[k, group, side] += abs(long - short)
    return netted, directional


@njit()
def _match_all(
    sides: Floats,
    of: Integers,
    unit: Floats,
    classes: Integers,
    matches: NDArray[np.bool_],
    base: Integers,
    quote: Integers,
    currencies: int,
    rates: Floats,
    rules: Floats,
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats, Floats]:
    """Return the fields of `Offsets`, in their order, each with the k margins as its first axis."""
    netted, directional = net_instruments(sides, of, unit, classes.size)
    unmatched, within = np.empty_like(directional), np.empty_like(netted)
    crossed = np.empty((netted.shape[0], rules.shape[0]))
    gross, total = np.zeros(netted.shape[0]), np.zeros(netted.shape[0])
    for k in range(netted.shape[0]):
        left, crossed[k] = match_groups(directional[k], classes, matches, base, quote, currencies, rules)
        unmatched[k] = left
        for g in range(classes.size):
            taken = directional[k, g, LONG] - left[g, LONG] + directional[k, g, SHORT] - left[g, SHORT]
            within[k, g] = rates[classes[g]] * taken
            gross[k] += netted[k, g] + directional[k, g].sum()
            total[k] += netted[k, g] + within[k, g]
        total[k] += (crossed[k] * rules[:, 3]).sum()
    return gross, total, netted, directional, unmatched, within, crossed, crossed * rules[:, 3]


def offsets(sides: Floats, found: Groups, table: HouseSet) -> tuple[Offsets, ...]:
    """Return the offsets of each of k margins; `sides` has shape (m, 2, k)."""
    gross, total, *fields = _match_all(
        sides,
        found.of,
        found.unit,
        found.classes,
        found.matches,
        found.base,
        found.quote,
        found.currencies,
        table.offset_rates,
        table.cross_table,
    )
    names = ("netted", "directional", "unmatched", "within", "crossed", "cross")
    return tuple(
        Offsets(
            gross=float(gross[k]),
            total=float(total[k]),
            **{name: field[k] for name, field in zip(names, fields, strict=True)},
        )
        for k in range(gross.size)
    )
