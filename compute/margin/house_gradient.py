"""Derivatives of the house margin by the long and short margin of each instrument, through offsets and netting.

The margin is a function of the sides alone, homogeneous of degree one: side times derivative sums to the margin
(L. Euler; D. Tasche, "Risk contributions and performance measurement", 1999). It is differentiated backwards through
the steps of `compute.margin.offsets`, in their order: across classes, within groups, netting.

Where two amounts that are matched are equal, the margin has a kink: each of the two then carries half of what was
matched. Where a net amount is zero, its size has derivative zero.
"""

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.margin.groups import Groups
from compute.margin.instruments import Integers
from compute.margin.offsets import FLAT, LONG, SHORT, net_instruments
from compute.margin.tables import HouseSet
from compute.portfolio import Floats


@njit()
def _share(one: float, other: float) -> float:
    """Return the derivative of min(one, other) by the one: half at a tie."""
    if one == other:
        return 0.5
    return 1.0 if one < other else 0.0


@njit()
def _long_side(base: int, quote: int, currency: int) -> int:
    if base == currency:
        return LONG
    return SHORT if quote == currency else FLAT


@njit()
def _match_pairs(left: Floats, base: Integers, quote: Integers, currencies: int) -> tuple[Floats, Floats]:
    """Match legs in place, as the margin does; return each currency's long and short, and the legs that were there.

    Shapes (currencies, 2) and (2 · pairs, 2): the legs in the order in which they were matched, long ones first.
    """
    sums, tape = np.zeros((currencies, 2)), np.empty((2 * base.size, 2))
    used = 0
    for currency in range(currencies):
        start = used
        for g in range(base.size):
            side = _long_side(base[g], quote[g], currency)
            if side != FLAT:
                tape[used, 0], tape[used, 1] = left[g, side], left[g, 1 - side]
                used += 1
        for k in range(start, used):
            sums[currency, 0] += tape[k, 0]
            sums[currency, 1] += tape[k, 1]
        long, short = sums[currency]
        matched = min(long, short)
        if matched <= 0.0:
            continue
        for g in range(base.size):
            side = _long_side(base[g], quote[g], currency)
            if side != FLAT:
                left[g, side] *= 1.0 - matched / long
                left[g, 1 - side] *= 1.0 - matched / short
    return sums, tape[:used].copy()


@njit()
def _pairs_back(slope: Floats, sums: Floats, tape: Floats, base: Integers, quote: Integers, currencies: int) -> None:
    """Turn derivatives by what matching left, shape (g, 3), into those by what there was, in place."""
    end = tape.shape[0]
    for back in range(currencies):
        currency = currencies - 1 - back
        touched = 0
        for g in range(base.size):
            touched += _long_side(base[g], quote[g], currency) != FLAT
        start, end = end - touched, end - touched
        long, short = sums[currency]
        matched = min(long, short)
        if matched <= 0.0:
            continue
        by_long_rest = by_short_rest = 0.0
        k = start
        for g in range(base.size):
            side = _long_side(base[g], quote[g], currency)
            if side != FLAT:
                by_long_rest += slope[g, side] * tape[k, 0]
                by_short_rest += slope[g, 1 - side] * tape[k, 1]
                k += 1
        by_matched = -by_long_rest / long - by_short_rest / short
        by_long = by_long_rest * matched / (long * long) + by_matched * _share(long, short)
        by_short = by_short_rest * matched / (short * short) + by_matched * _share(short, long)
        for g in range(base.size):
            side = _long_side(base[g], quote[g], currency)
            if side != FLAT:
                slope[g, side] = slope[g, side] * (1.0 - matched / long) + by_long
                slope[g, 1 - side] = slope[g, 1 - side] * (1.0 - matched / short) + by_short


@njit()
def _classes_back(left: Floats, classes: Integers, rules: Floats, size: int) -> Floats:
    """Return the derivative of the offsets across classes by each class's net direction, shape (size,)."""
    net, seen = np.zeros(size), np.zeros((rules.shape[0], 2))
    for g in range(classes.size):
        net[classes[g]] += left[g, LONG] - left[g, SHORT]
    for r in range(rules.shape[0]):
        one, other = int(rules[r, 0]), int(rules[r, 1])
        if net[one] * net[other] * rules[r, 2] > 0.0:
            seen[r, 0], seen[r, 1] = net[one], net[other]
            matched = min(abs(net[one]), abs(net[other]))
            net[one] -= np.sign(net[one]) * matched
            net[other] -= np.sign(net[other]) * matched
    slope = np.zeros(size)
    for back in range(rules.shape[0]):
        r = rules.shape[0] - 1 - back
        one, other = int(rules[r, 0]), int(rules[r, 1])
        a, b = seen[r]
        if a != 0.0:
            by_matched = rules[r, 3] - np.sign(a) * slope[one] - np.sign(b) * slope[other]
            slope[one] += by_matched * np.sign(a) * _share(abs(a), abs(b))
            slope[other] += by_matched * np.sign(b) * _share(abs(b), abs(a))
    return slope


@njit()
def _groups_back(
    directional: Floats,
    classes: Integers,
    matches: NDArray[np.bool_],
    base: Integers,
    quote: Integers,
    currencies: int,
    rates: Floats,
    rules: Floats,
) -> Floats:
    """Return the derivative of the net margin by each group's long, short and flat margin, shape (g, 3)."""
    left = directional.copy()
    for g in range(classes.size):
        if matches[g] and base[g] < 0:
            matched = min(left[g, LONG], left[g, SHORT])
            left[g, LONG] -= matched
            left[g, SHORT] -= matched
    sums, tape = _match_pairs(left, base, quote, currencies)
    across = _classes_back(left, classes, rules, rates.size)
    slope = np.ones((classes.size, 3))
    for g in range(classes.size):
        slope[g, LONG] = rates[classes[g]] - across[classes[g]]
        slope[g, SHORT] = rates[classes[g]] + across[classes[g]]
    _pairs_back(slope, sums, tape, base, quote, currencies)
    for g in range(classes.size):
        if matches[g] and base[g] < 0:
            long, short = directional[g, LONG], directional[g, SHORT]
            both = slope[g, LONG] + slope[g, SHORT]
            slope[g, LONG] -= both * _share(long, short)
            slope[g, SHORT] -= both * _share(short, long)
        slope[g, LONG] += 1.0 - rates[classes[g]]
        slope[g, SHORT] += 1.0 - rates[classes[g]]
    return slope


@njit()
def _sides_back(sides: Floats, of: Integers, unit: Floats, slope: Floats) -> Floats:
    """Return the derivative by each instrument's long and short margin, shape (m, 2), through netting."""
    out = np.zeros((of.size, 2))
    for j in range(of.size):
        excess = sides[j, 0] - sides[j, 1]
        if excess != 0.0:
            pointing = excess * unit[j]
            side = LONG if pointing > 0.0 else SHORT if pointing < 0.0 else FLAT
            out[j, 0] = np.sign(excess) * slope[of[j], side]
            out[j, 1] = -out[j, 0]
    return out


@njit()
def _allocated(margins: Floats, quantity: Floats, instruments: Integers, slope: Floats) -> Floats:
    out = np.empty(margins.size)
    for i in range(out.size):
        out[i] = margins[i] * slope[instruments[i], np.int64(quantity[i] < 0.0)]
    return out


def contributions(
    margins: Floats, sides: Floats, quantity: Floats, instruments: Integers, found: Groups, table: HouseSet
) -> Floats:
    """Return each position's part of the margin after netting and offsets, shape (n,).

    Parameters
    ----------
    margins
        Shape (n,): margin of each position before netting, in the base currency.
    sides
        Shape (m, 2): of each instrument, long and short.
    quantity, instruments
        Shape (n,): the sign of a quantity is a position's side.
    found, table
        As `compute.margin.offsets.offsets` takes them.
    """
    _, directional = net_instruments(sides[:, :, None].copy(), found.of, found.unit, found.classes.size)
    slope = _groups_back(
        directional[0],
        found.classes,
        found.matches,
        found.base,
        found.quote,
        found.currencies,
        table.offset_rates,
        table.cross_table,
    )
    return np.asarray(_allocated(margins, quantity, instruments, _sides_back(sides, found.of, found.unit, slope)))
