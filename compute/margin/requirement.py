"""The house kernel: prepared columns to margins, netted and offset."""

from dataclasses import dataclass

import numpy as np

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
) -> Floats:
    """Return initial and maintenance margin of each position before offsets, shape (2, n), and add them up in `sides`.

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
    n = quantity.size
    threshold, concentrated, concentration = add_ons[0], add_ons[1], add_ons[2]
    value = np.empty(n)
    net = np.zeros(sides.shape[0])
    for i in range(n):
        signed = quantity[i] * price[i] * scale[i]
        value[i] = abs(signed)
        net[instruments[i]] += value[i] if quantity[i] >= 0.0 else -value[i]
    margins = np.empty((2, n))
    for i in range(n):
        c, j = classes[i], instruments[i]
        add_on = 1.0 + max(0.0, volatility[i] - threshold) * rates[c, 3]
        if abs(net[j]) > concentrated:
            add_on += concentration
        if delta.size and delta[i] == delta[i]:
            add_on += abs(delta[i]) * add_ons[3]
        if gamma.size and gamma[i] == gamma[i]:
            add_on += abs(gamma[i]) * add_ons[4]
        if vega.size and vega[i] == vega[i]:
            add_on += abs(vega[i]) * add_ons[5]
        rate = rates[c, 0]
        if duration.size and duration[i] > 0.0:
            rate += rates[c, 1] * duration[i]
        initial, maintenance = value[i] * rate * add_on, value[i] * rates[c, 2] * add_on
        margins[0, i], margins[1, i] = initial, maintenance
        side = 0 if quantity[i] >= 0.0 else 1
        sides[j, side, 0] += initial
        sides[j, side, 1] += maintenance
    return margins


@njit()
def variation_margins(
    quantity: Floats, price: Floats, scale: Floats, settlement: Floats, variation: Floats
) -> tuple[float, int]:
    """Write what each position owes since its last settlement, NaN without one; return their sum and number."""
    owed, settled = 0.0, 0
    for i in range(settlement.size):
        variation[i] = (settlement[i] - price[i]) * quantity[i] * scale[i]
        if settlement[i] == settlement[i]:
            owed += variation[i]
            settled += 1
    return owed, settled


def requirement(columns: Columns, table: HouseSet) -> Requirement:
    """Return the margins of prepared columns; sums run in the order of the positions, on one thread."""
    sides = np.zeros((columns.groups.of.size, 2, 2))
    margins = position_margins(
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
    variation = np.empty(columns.settlement.size)
    owed, settled = variation_margins(columns.quantity, columns.price, columns.scale, columns.settlement, variation)
    initial_offsets, maintenance_offsets = offsets(sides, columns.groups, table)
    return Requirement(
        initial=margins[INITIAL],
        maintenance=margins[MAINTENANCE],
        variation=variation,
        sides=sides,
        owed=owed,
        settled=settled,
        offsets=initial_offsets,
        maintenance_offsets=maintenance_offsets,
    )
