"""Spreads: their maximum loss over the strikes, their names, and their parts."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from compute.margin.reg_t.holdings import Series
from compute.portfolio import Floats

READABLE = 16
"""A spread of more series than this is stated as one: the rule does not ask for parts."""
ADDITIVE = 1e-9

Combination = Mapping[Series, int]


def payoff(item: Series, prices: Floats) -> Floats:
    """Return what a contract is worth to its holder at expiry for each price of the underlying."""
    move = prices - item.strike if item.call else item.strike - prices
    return np.asarray(np.maximum(move, 0.0) * (item.sign * item.multiplier))


def maximum_loss(legs: Combination) -> float:
    """Return the greatest loss over the strikes, zero where there is none, in the base currency."""
    strikes = np.array(sorted({item.strike for item in legs}))
    value = sum((payoff(item, strikes) * count for item, count in legs.items()), np.zeros(strikes.size))
    return max(0.0, -float(value.min())) if strikes.size else 0.0


def parts(legs: Combination) -> list[dict[Series, int]]:
    """Split a spread into spreads with names, as far as that leaves the sum of their maximum losses as it is."""
    whole = {item: count for item, count in legs.items() if count}
    if not whole:
        return []
    if name(whole) != "multi_leg_spread" or len(whole) > READABLE:
        return [whole]
    for part in _candidates(whole):
        rest = {item: count - part.get(item, 0) for item, count in whole.items() if count > part.get(item, 0)}
        if rest and _adds_up(whole, part, rest):
            return [*parts(part), *parts(rest)]
    return [whole]


def _adds_up(whole: Combination, part: Combination, rest: Combination) -> bool:
    total = maximum_loss(whole)
    return maximum_loss(part) + maximum_loss(rest) <= total + ADDITIVE * max(1.0, total)


def _candidates(whole: Combination) -> list[dict[Series, int]]:
    """Return parts that are spreads themselves: the calls, then each long with a short of its type."""
    calls = {item: count for item, count in whole.items() if item.call}
    sides = [calls] if 0 < len(calls) < len(whole) else []
    pairs = [
        _pair(long, short, whole)
        for long in whole
        for short in whole
        if long.sign > 0 > short.sign and long.call == short.call and long.multiplier == short.multiplier
    ]
    return [*sides, *pairs]


def _pair(long: Series, short: Series, whole: Combination) -> dict[Series, int]:
    count = min(whole[long], whole[short])
    return {long: count, short: count}


def name(legs: Combination) -> str:
    """Return what a spread is called; `multi_leg_spread` where it has no name of its own."""
    unit = math.gcd(*legs.values())
    order = sorted(legs, key=lambda item: (item.strike, not item.call))
    shape = [(item.call, item.sign * legs[item] // unit) for item in order]
    if len(legs) == 2:
        return _pair_name(order)
    found = _single(shape) if len({call for call, _ in shape}) == 1 else _mixed(shape, order)
    if found == "multi_leg_spread" or len({item.expiry for item in legs}) == 1:
        return found
    return f"calendar_{found}"


def _pair_name(order: Sequence[Series]) -> str:
    low, high = order
    if low.expiry == high.expiry:
        return "vertical_spread"
    return "calendar_spread" if low.strike == high.strike else "diagonal_spread"


_BOXES: Mapping[tuple[int, ...], str] = {(1, -1, -1, 1): "long_box", (-1, 1, 1, -1): "short_box"}
_SINGLE: Mapping[tuple[int, ...], str] = {
    (1, -2, 1): "long_butterfly",
    (-1, 2, -1): "short_butterfly",
    (1, -1, -1, 1): "long_condor",
    (-1, 1, 1, -1): "short_condor",
}


def _single(shape: Sequence[tuple[bool, int]]) -> str:
    return _SINGLE.get(tuple(count for _, count in shape), "multi_leg_spread")


def _mixed(shape: Sequence[tuple[bool, int]], order: Sequence[Series]) -> str:
    if len(shape) != 4 or any(abs(count) != 1 for _, count in shape):
        return "multi_leg_spread"
    strikes = [item.strike for item in order]
    if strikes[0] == strikes[1] and strikes[2] == strikes[3]:
        return _box(shape)
    puts = [(item.strike, count) for item, (call, count) in zip(order, shape, strict=True) if not call]
    calls = [(item.strike, count) for item, (call, count) in zip(order, shape, strict=True) if call]
    return _iron(puts, calls)


def _box(shape: Sequence[tuple[bool, int]]) -> str:
    """Name a box: at each strike the call comes first."""
    return _BOXES.get(tuple(count for _, count in shape), "multi_leg_spread")


def _iron(puts: Sequence[tuple[float, int]], calls: Sequence[tuple[float, int]]) -> str:
    if len(puts) != 2 or puts[1][0] > calls[0][0]:
        return "multi_leg_spread"
    signs = (puts[0][1], puts[1][1], calls[0][1], calls[1][1])
    kind = "iron_butterfly" if puts[1][0] == calls[0][0] else "iron_condor"
    return {(1, -1, -1, 1): kind, (-1, 1, 1, -1): f"reverse_{kind}"}.get(signs, "multi_leg_spread")
