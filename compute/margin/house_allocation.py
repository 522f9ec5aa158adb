"""The house margin taken apart: add-ons, netting and offsets as steps, and the contributions of the positions."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compute.margin.allocation import Allocation, Step, kept
from compute.margin.columns import Columns
from compute.margin.house import compute
from compute.margin.house_gradient import contributions
from compute.margin.offsets import Offsets
from compute.margin.report import totals
from compute.margin.requirement import INITIAL, MAINTENANCE, Requirement, position_margins
from compute.margin.tables import HouseSet
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from compute.result import Checkpoint

RULE = (
    "Euler: each position's margin before netting times the derivative of the net margin by it, through netting, "
    "offsets within classes and across classes; add-on flags are held, and equal sides that match share alike."
)
FIGURES = {"initial_margin": INITIAL, "maintenance_margin": MAINTENANCE}
ALWAYS = frozenset({"rate_times_notional"})


def allocation(
    portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], figure: str, _checkpoint: Checkpoint
) -> Allocation:
    """Return the allocation of `initial_margin` or `maintenance_margin`; errors as the model raises them."""
    table, columns, found = compute(portfolio, market, parameters)
    margin = FIGURES[figure]
    return Allocation(
        steps=steps(columns, table, found, margin),
        contributions=_contributions(columns, table, found, margin),
        rule=RULE,
        differentiable=True,
    )


def _of(found: Requirement, margin: int) -> tuple[Floats, Offsets]:
    if margin == INITIAL:
        return found.initial, found.offsets
    return found.maintenance, found.maintenance_offsets


def _contributions(columns: Columns, table: HouseSet, found: Requirement, margin: int) -> Floats:
    margins, taken = _of(found, margin)
    if totals(taken).net == 0.0:
        return np.zeros(margins.size)
    sides = np.ascontiguousarray(found.sides[:, :, margin])
    return contributions(margins, sides, columns.quantity, columns.instruments, columns.groups, table)


def steps(columns: Columns, table: HouseSet, found: Requirement, margin: int) -> tuple[Step, ...]:
    """Return rate times notional, the three add-ons, netting and offsets; they sum to the net margin."""
    _, taken = _of(found, margin)
    whole = totals(taken)
    bare, volatility, concentration = _before_add_ons(columns, table, margin)
    return kept(
        (
            ("rate_times_notional", bare),
            ("volatility_add_on", volatility - bare),
            ("concentration_add_on", concentration - volatility),
            ("greeks_add_on", whole.gross - concentration),
            ("netting", -float(taken.netted.sum())),
            ("offsets_within_class", -float(taken.within.sum())),
            ("offsets_across_classes", -float(taken.cross.sum())),
            ("rounding", taken.total - whole.offset),
        ),
        ALWAYS,
    )


def _before_add_ons(columns: Columns, table: HouseSet, margin: int) -> tuple[float, float, float]:
    """Return the gross margin without add-ons, with that of volatility, and with that of concentration too.

    The model's own function is called with the weights of what comes later at zero.
    """
    weights = table.add_ons.vector
    bare, volatile, concentrated = np.zeros_like(weights), weights.copy(), weights.copy()
    bare[0] = np.inf
    volatile[2:] = 0.0
    concentrated[3:] = 0.0
    found = []
    for add_ons in (bare, volatile, concentrated):
        sides = np.zeros((columns.groups.of.size, 2, 2))
        position_margins(
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
            add_ons,
            sides,
        )
        found.append(float(sides[:, :, margin].sum()))
    return found[0], found[1], found[2]
