"""Which positions are one instrument: equal symbol, class, currency and terms, whatever their quantity and price."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.portfolio import Portfolio

Integers = NDArray[np.int64]

TERMS = ("asset_class", "currency", "instrument", "underlying", "option_type", "exercise", "expiry", "maturity")
UNIT_RISKS = ("multiplier", "strike", "duration", "delta", "gamma", "vega")


@dataclass(frozen=True, kw_only=True)
class Instruments:
    """The instruments of a portfolio, numbered by first appearance.

    Parameters
    ----------
    codes
        Shape (n,): the instrument of each position.
    first
        Shape (m,): the first position of each instrument.
    """

    codes: Integers
    first: Integers


@njit()
def _dense(labels: Integers, count: int) -> tuple[Integers, Integers]:
    """Return labels in [0, count) numbered by first appearance, and the first position of each."""
    number = np.full(count, -1, dtype=np.int64)
    codes = np.empty(labels.size, dtype=np.int64)
    first = np.empty(min(count, labels.size), dtype=np.int64)
    used = 0
    for i in range(labels.size):
        label = labels[i]
        if number[label] < 0:
            number[label] = used
            first[used] = i
            used += 1
        codes[i] = number[label]
    return codes, first[:used].copy()


@njit()
def _agrees(column: Integers, representative: Integers) -> bool:
    """Say whether a column is the same at each position and at the first one of its instrument."""
    differs = 0
    for i in range(column.size):
        differs += column[i] != column[representative[i]]
    return differs == 0


@njit()
def _refine(codes: Integers, column: Integers) -> tuple[Integers, Integers]:
    """Split instruments by a column: number the pairs (code, value) by first appearance, by open addressing."""
    size = 16
    while size < 2 * codes.size:
        size *= 2
    slots = np.full(size, -1, dtype=np.int64)
    refined = np.empty(codes.size, dtype=np.int64)
    first = np.empty(codes.size, dtype=np.int64)
    used = 0
    for i in range(codes.size):
        mixed = np.uint64(codes[i]) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(column[i])
        mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
        slot = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(size - 1))
        while slots[slot] >= 0:
            other = first[slots[slot]]
            if codes[other] == codes[i] and column[other] == column[i]:
                break
            slot = (slot + 1) & (size - 1)
        if slots[slot] < 0:
            slots[slot] = used
            first[used] = i
            used += 1
        refined[i] = slots[slot]
    return refined, first[:used].copy()


def _columns(portfolio: Portfolio) -> list[Integers]:
    """Return the columns that tell instruments of one symbol apart, as integers of equal meaning."""
    texts = [portfolio.labels[name] for name in TERMS if name in portfolio.labels]
    labels = [text.codes.astype(np.int64) for text in texts if len(text.values) > 1 or (text.codes < 0).any()]
    numbers = [portfolio.numbers[name] + 0.0 for name in UNIT_RISKS if name in portfolio.numbers]
    return labels + [column.view(np.int64) for column in numbers]


def instruments(portfolio: Portfolio) -> Instruments:
    """Return the instruments of a portfolio.

    Most columns follow from the symbol, so each is first only compared; those that tell instruments apart split them.
    """
    symbols = portfolio.labels["symbol"]
    codes, first = _dense(symbols.codes.astype(np.int64), len(symbols.values))
    representative = first[codes]
    for column in _columns(portfolio):
        if not _agrees(column, representative):
            codes, first = _refine(codes, column)
            representative = first[codes]
    return Instruments(codes=codes, first=first)
