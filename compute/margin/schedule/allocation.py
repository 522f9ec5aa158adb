"""A schedule margin taken apart: gross, what the net-to-gross ratio takes off, and the contributions of the trades.

IM = (a + b NGR) Σ charge, NGR = max(Σ v, 0) / Σ max(v, 0). Charges and values of a trade grow together with it, so
the margin is homogeneous of degree one, and a trade's part is
(a + b NGR) charge_i + b Σ charge (v_i [Σ v > 0] - NGR max(v_i, 0)) / Σ max(v, 0);
the second terms sum to zero over a netting set: values out of balance raise the ratio, those that balance it lower it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compute.crif import Crif, answered_in
from compute.margin.allocation import Allocation, kept
from compute.margin.regulations import Groups
from compute.margin.schedule import positions, trades
from compute.margin.schedule.model import Trades, schedule
from compute.margin.schedule.tables import ScheduleSet, chosen_set
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from compute.result import Checkpoint

RULE = (
    "Euler: each trade's charge times the netting set's factor (net share plus net-to-gross share times the ratio), "
    "plus its value times the derivative of the ratio by it times the gross margin; a trade's charge is on its "
    "notional, its part in the ratio on its present value."
)
ALWAYS = frozenset({"gross"})


def allocation(
    book: Crif | Portfolio, _market: Market, parameters: Mapping[str, Any], _figure: str, _checkpoint: Checkpoint
) -> Allocation:
    """Return the allocation of `initial_margin`; errors as the model raises them."""
    table = chosen_set(parameters)
    side = parameters["side"]
    if isinstance(book, Crif):
        groups, factor = trades.counting(book, table, side), answered_in(parameters)
        found = trades.trades_of(book, table, groups)
        contributions = by_row(book, groups, found, *parts(found, table, side))
    else:
        found, factor = positions.trades_of(book, table), 1.0
        charges, values = parts(found, table, side)
        contributions = charges + values
    result = schedule(found, table, side=side)
    gross, total = float(result.gross.sum()), float(result.initial_margin.sum())
    steps = (("gross", gross * factor), ("net_to_gross_ratio", (total - gross) * factor))
    return Allocation(steps=kept(steps, ALWAYS), contributions=contributions * factor, rule=RULE, differentiable=True)


def parts(found: Trades, table: ScheduleSet, side: str) -> tuple[Floats, Floats]:
    """Return what each trade contributes by its notional and by its present value, shapes (n,)."""
    bucket = np.searchsorted(table.bounds, found.maturity, side="left")
    charge = np.abs(found.notional) * table.rates[found.asset_class, bucket]
    result = schedule(found, table, side=side)
    value = found.present_value if side == "call" else -found.present_value
    owed = np.maximum(value, 0.0)
    net = np.bincount(found.group, weights=value, minlength=found.groups)
    gross_value = np.bincount(found.group, weights=owed, minlength=found.groups)
    own = found.group
    ratio = result.net_to_gross[own]
    by_ratio = np.divide(
        table.ngr_share * result.gross[own], gross_value[own], out=np.zeros(value.size), where=gross_value[own] > 0.0
    )
    return (
        np.asarray((table.net_share + table.ngr_share * ratio) * charge),
        np.asarray(by_ratio * (np.where(net[own] > 0.0, value, 0.0) - ratio * owed)),
    )


def by_row(crif: Crif, groups: Groups, found: Trades, charges: Floats, values: Floats) -> Floats:
    """Return the trades' parts by row, shape (rows,): rows of one trade and kind share by their amounts."""
    rows, of = groups.index, trades.trade_numbers(crif, groups)
    is_value = crif.labels["risk_type"].mask(trades.PRESENT_VALUE)[rows]
    out = np.zeros(len(crif))
    for kind, whole, part in ((~is_value, found.notional, charges), (is_value, found.present_value, values)):
        sums = whole[of]
        share = np.divide(crif.amount[rows], sums, out=np.zeros(rows.size), where=kind & (sums != 0.0))
        out[rows] += share * part[of]
    return out
