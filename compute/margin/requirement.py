"""The house kernel: prepared columns to margins, netted and offset."""

import math
from dataclasses import dataclass

import numpy as np

from compute.errors import NonFiniteError
from compute.jit import njit
from compute.margin.columns import Columns
from compute.margin.instruments import Integers
from compute.margin.offsets import Offsets, offsets
from compute.margin.tables import HouseSet
from compute.portfolio import Floats

INITIAL, MAINTENANCE = range(2)


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """The margins of a portfolio, in its base currency.

    Parameters
    ----------
    initial, maintenance
        Shape (n,): margin of each position before netting and offsets.
    variation
        Shape (n,): settlement value less current value, positive when owed; NaN without a settlement price; empty where
        no position has one.
    sides
        Shape (m, 2, 2): instrument; long and short; initial and maintenance margin.
    owed
        Sum of `variation` over the positions that have one.
    settled
        How many positions have one.
    offsets, maintenance_offsets
        What netting and matching take off each.
    """

    initial: Floats
    maintenance: Floats
    variation: Floats
    sides: Floats
    owed: float
    settled: int
    offsets: Offsets
    maintenance_offsets: Offsets


@njit()
def _signed_values(quantity: Floats, price: Floats, scale: Floats, out: Floats) -> None:
    """Write the notional, signed by quantity: a long position stays long at a negative price."""
    for i in range(out.size):
        out[i] = quantity[i] * abs(price[i] * scale[i])


@njit()
def _net_values(instruments: Integers, signed: Floats, count: int) -> Floats:
    """Return the net notional of each instrument, shape (m,)."""
    net = np.zeros(count)
    for i in range(signed.size):
        net[instruments[i]] += signed[i]
    return net


@njit()
def _volatility_factor(
    volatility: Floats, classes: Integers, multiplier: Floats, threshold: float, out: Floats
) -> None:
    for i in range(out.size):
        out[i] = 1.0 + max(0.0, volatility[i] - threshold) * multiplier[classes[i]]


@njit()
def _add_concentration(instruments: Integers, net: Floats, threshold: float, add_on: float, out: Floats) -> None:
    for j in range(net.size):
        net[j] = add_on if abs(net[j]) > threshold else 0.0
    for i in range(out.size):
        out[i] += net[instruments[i]]


@njit()
def _add_greek(greek: Floats, weight: float, out: Floats) -> None:
    """Add a greek's share; `greek` is NaN where a position has none, or empty."""
    for i in range(greek.size):
        size = abs(greek[i])
        out[i] += weight * size if size == size else 0.0


@njit()
def _apply_rates(classes: Integers, duration: Floats, rates: Floats, initial: Floats, maintenance: Floats) -> None:
    """Turn signed notional and factor, held in `initial` and `maintenance`, into the two margins, in place."""
    base, slope, kept = rates[:, 0].copy(), rates[:, 1].copy(), rates[:, 2].copy()
    for i in range(duration.size):
        years = duration[i]
        rise = slope[classes[i]] * years if years > 0.0 else 0.0
        amount = abs(initial[i]) * maintenance[i]
        initial[i] = amount * (base[classes[i]] + rise)
        maintenance[i] = amount * kept[classes[i]]
    for i in range(duration.size, initial.size):
        amount = abs(initial[i]) * maintenance[i]
        initial[i] = amount * base[classes[i]]
        maintenance[i] = amount * kept[classes[i]]


@njit()
def _add_sides(instruments: Integers, quantity: Floats, initial: Floats, maintenance: Floats, sides: Floats) -> None:
    for i in range(quantity.size):
        side = np.int64(quantity[i] < 0.0)
        sides[instruments[i], side, INITIAL] += initial[i]
        sides[instruments[i], side, MAINTENANCE] += maintenance[i]


@njit()
def position_margins(
    quantity: Floats,
    price: Floats,
    scale: Floats,
    duration: Floats,
    delta: Floats,
    gamma: Floats,
    vega: Floats,
    volatility: Floats,
    classes: Integers,
    instruments: Integers,
    rates: Floats,
    add_ons: Floats,
    sides: Floats,
) -> tuple[Floats, Floats]:
    """Return initial and maintenance margin of each position before offsets, and add them up in `sides`.

    Parameters
    ----------
    quantity, price, scale, volatility
        Shape (n,), finite.
    duration, delta, gamma, vega
        Shape (n,) with NaN for none, or empty.
    classes, instruments
        Shape (n,).
    rates, add_ons
        `HouseSet.rates` and `AddOns.vector`.
    sides
        Shape (m, 2, 2), added to: instrument; long and short; initial and maintenance.
    """
    initial, maintenance = np.empty(quantity.size), np.empty(quantity.size)
    _signed_values(quantity, price, scale, initial)
    net = _net_values(instruments, initial, sides.shape[0])
    _volatility_factor(volatility, classes, rates[:, 3].copy(), add_ons[0], maintenance)
    _add_concentration(instruments, net, add_ons[1], add_ons[2], maintenance)
    _add_greek(delta, add_ons[3], maintenance)
    _add_greek(gamma, add_ons[4], maintenance)
    _add_greek(vega, add_ons[5], maintenance)
    _apply_rates(classes, duration, rates, initial, maintenance)
    _add_sides(instruments, quantity, initial, maintenance, sides)
    return initial, maintenance


@njit()
def variation_margins(quantity: Floats, price: Floats, scale: Floats, settlement: Floats) -> tuple[Floats, float, int]:
    """Return what each position owes since its last settlement (NaN without one), the sum, and how many have one.

    The sum runs in eight lanes, added up in order: the same bits every time, without one long chain of additions.
    """
    variation = np.empty(settlement.size)
    for i in range(settlement.size):
        variation[i] = (settlement[i] - price[i]) * quantity[i] * scale[i]
    lanes = np.zeros(8)
    settled = 0
    for i in range(settlement.size):
        there = settlement[i] == settlement[i]
        lanes[i & 7] += variation[i] if there else 0.0
        settled += there
    owed = 0.0
    for lane in range(8):
        owed += lanes[lane]
    return variation, owed, settled


def requirement(columns: Columns, table: HouseSet) -> Requirement:
    """Return the margins of prepared columns; sums run in the order of the positions, on one thread.

    Raises
    ------
    NonFiniteError
        A sum overflows.
    """
    sides = np.zeros((columns.groups.of.size, 2, 2))
    initial, maintenance = position_margins(
        columns.quantity,
        columns.price,
        columns.scale,
        columns.duration,
        columns.delta,
        columns.gamma,
        columns.vega,
        columns.volatility,
        columns.classes,
        columns.instruments,
        table.rates,
        table.add_ons.vector,
        sides,
    )
    variation, owed, settled = variation_margins(columns.quantity, columns.price, columns.scale, columns.settlement)
    initial_offsets, maintenance_offsets = offsets(sides, columns.groups, table)
    if not all(map(math.isfinite, (initial_offsets.gross, maintenance_offsets.gross, owed))):
        raise NonFiniteError("The margin of this portfolio is not finite.")
    return Requirement(
        initial=initial,
        maintenance=maintenance,
        variation=variation,
        sides=sides,
        owed=owed,
        settled=settled,
        offsets=initial_offsets,
        maintenance_offsets=maintenance_offsets,
    )
