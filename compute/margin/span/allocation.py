"""A SPAN requirement taken apart: scan, spreads, credits, minimum, option value, and the positions' contributions.

At the active scenarios the requirement depends on few inputs, each a sum over positions: scan risk and price risk of a
commodity, net delta of a month, short option minimum, option value. It is homogeneous of degree one in them. The
model's own spreads are run on numbers that carry derivatives (`compute.margin.span.dual`), and a position's part is the
derivative by each input times what the position adds to it.
"""

import math
from collections.abc import Hashable, Mapping
from typing import Any, cast

import numpy as np

from compute.margin.allocation import Allocation, Step, kept
from compute.margin.span.arrays import Arrays, risk_arrays
from compute.margin.span.dual import Dual, slopes_of
from compute.margin.span.exchange import Exchange, read_exchange
from compute.margin.span.holdings import Holdings, read_holdings
from compute.margin.span.model import Charged, Figures, figures, option_values, short_option_minimums
from compute.margin.span.spreads import calendar, inter_commodity
from compute.margin.span.tables import REGULAR, chosen_set
from compute.market import Market, rate
from compute.portfolio import Floats, Portfolio
from compute.result import Checkpoint

RULE = (
    "Euler: at the active scenario of each combined commodity, the derivative of the requirement by scan risk, price "
    "risk, net deltas by month, short option minimum and option value, times what the position adds to each; where "
    "two branches of the rule are equal, the one that the model takes."
)
ALWAYS = frozenset({"positions_alone"})
LEAST_DELTA = 1e-9
"""Net deltas below this have no price risk per delta: as in the model."""


def allocation(
    portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], figure: str, checkpoint: Checkpoint
) -> Allocation:
    """Return the allocation of `initial_margin` or `maintenance_margin`; errors as the model raises them."""
    table = chosen_set(parameters)
    exchange = read_exchange(parameters["span_parameters"], table)
    holdings = read_holdings(portfolio, exchange)
    arrays = risk_arrays(portfolio, exchange, holdings, table, checkpoint, market.pricing)
    found = figures(portfolio, exchange, holdings, arrays)
    ratio = exchange.initial_ratio if figure == "initial_margin" else 1.0
    slopes = slopes_of(requirement(portfolio, exchange, found, ratio))
    return Allocation(
        steps=steps(arrays, found, ratio),
        contributions=contributions(portfolio, exchange, holdings, arrays, found, slopes),
        rule=RULE,
        differentiable=True,
    )


def requirement(portfolio: Portfolio, exchange: Exchange, found: Figures, ratio: float) -> Any:
    """Return the requirement with its derivatives by the inputs, keyed (commodity, input) and (commodity, month)."""
    months = {one.commodity.name: _months(one) for one in found.charged}
    net: dict[str, Any] = {name: sum(deltas.values()) for name, deltas in months.items()}
    per_delta = {one.commodity.name: _per_delta(one, net[one.commodity.name]) for one in found.charged}
    formed = inter_commodity(exchange.inter, net, per_delta)
    total: Any = 0.0
    for one in found.charged:
        name = one.commodity.name
        credit = sum((item.credits[name] for item in formed if name in item.credits), start=0.0)
        factor = rate(portfolio.fx, one.commodity.currency, portfolio.currency)
        total = total + _requirement(one, months[name], credit, factor, ratio)
    return total


def _months(one: Charged) -> dict[str, Any]:
    return {month: Dual.input((one.commodity.name, month), delta) for month, delta in one.months.items()}


def _positive(one: Charged, what: str, value: float) -> Dual:
    """Return an input that is a sum cut at zero: nothing moves it while it is zero."""
    return Dual.input((one.commodity.name, "", what), value) if value > 0.0 else Dual(value)


def _per_delta(one: Charged, net: Any) -> Any:
    return _positive(one, "price_risk", one.scan.price_risk) / abs(net) if abs(net) > LEAST_DELTA else 0.0


def _requirement(one: Charged, months: Mapping[str, Any], credit: Any, factor: float, ratio: float) -> Any:
    """Return a commodity's requirement: the lines of `Charged` again, on numbers with derivatives."""
    name = one.commodity.name
    spreads = calendar(one.commodity, cast("Mapping[str, float]", months))
    scan = _positive(one, "scan", one.scan.risk)
    charges = (spreads.charge + spreads.delivery) * factor
    minimum = Dual.input((name, "", "minimum"), one.minimum)
    risk = max(minimum, scan + charges - min(credit, scan), 0.0)
    return max(ratio * risk - Dual.input((name, "", "value"), one.option_value), 0.0)


def contributions(
    portfolio: Portfolio,
    exchange: Exchange,
    holdings: Holdings,
    arrays: Arrays,
    found: Figures,
    slopes: Mapping[Hashable, float],
) -> Floats:
    """Return each position's part of the requirement, shape (n,)."""
    places = {name: index for index, name in enumerate(exchange.commodities)}
    minimums, values = short_option_minimums(portfolio, exchange, holdings), option_values(portfolio, holdings)
    deltas = np.nan_to_num(arrays.deltas)
    out = np.zeros(len(portfolio))
    for one in found.charged:
        name, rows = one.commodity.name, np.flatnonzero(holdings.commodity == places[one.commodity.name])
        losses = -arrays.gains[rows]
        active = one.scan.active
        pair = active ^ 1 if active < REGULAR else active
        moved = 0.5 * (losses[:, active] + losses[:, pair] - losses[:, 0] - losses[:, 1])
        by_month = np.array([slopes.get((name, holdings.contracts[row].month), 0.0) for row in rows.tolist()])
        counted = _counted(one, minimums[rows], holdings.put[rows])
        out[rows] = (
            slopes.get((name, "", "scan"), 0.0) * losses[:, active]
            + slopes.get((name, "", "price_risk"), 0.0) * moved
            + by_month * deltas[rows]
            + slopes.get((name, "", "minimum"), 0.0) * counted
            + slopes.get((name, "", "value"), 0.0) * (values[rows] if one.commodity.option_value else 0.0)
        )
    return out


def _counted(one: Charged, minimums: Floats, put: np.ndarray) -> Floats:
    """Return the short option minimums that count: of the larger side alone, puts where both are equal."""
    if not one.commodity.larger_side:
        return minimums
    puts_count = minimums[put].sum() >= minimums[~put].sum()
    return np.where(put == puts_count, minimums, 0.0)


def steps(arrays: Arrays, found: Figures, ratio: float) -> tuple[Step, ...]:
    """Return the steps from the positions alone, each at its own worst scenario, to the requirement."""
    alone = float(np.maximum(-arrays.gains.min(axis=1), 0.0).sum()) if arrays.gains.size else 0.0
    scan = math.fsum(one.scan.risk for one in found.charged)
    charges = math.fsum(one.calendar_charge for one in found.charged)
    delivery = math.fsum(one.delivery for one in found.charged)
    credit = math.fsum(one.credit for one in found.charged)
    risk = math.fsum(one.risk for one in found.charged)
    value = math.fsum(one.option_value for one in found.charged)
    total = math.fsum(one.requirement(ratio) for one in found.charged)
    return kept(
        (
            ("positions_alone", alone),
            ("netting_within_commodities", scan - alone),
            ("calendar_spreads", charges),
            ("delivery", delivery),
            ("inter_commodity_credits", -credit),
            ("short_option_minimum", risk - (scan + charges + delivery - credit)),
            ("initial_to_maintenance_ratio", (ratio - 1.0) * risk),
            ("net_option_value", -value),
            ("floor_at_zero", total - (ratio * risk - value)),
        ),
        ALWAYS,
    )
