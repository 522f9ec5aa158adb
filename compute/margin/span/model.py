"""Risk arrays → each combined commodity's scan risk, charges, credits and requirement."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compute.errors import InputError
from compute.margin.contracts import net_sizes
from compute.margin.report import ROUNDING
from compute.margin.span.arrays import Arrays
from compute.margin.span.exchange import POINTER, Commodity, Exchange
from compute.margin.span.holdings import Holdings
from compute.margin.span.spreads import Calendar, Formed, calendar, inter_commodity
from compute.margin.span.tables import REGULAR
from compute.market import rate, to_base
from compute.portfolio import Floats, Portfolio
from compute.pricing.terms import Mask, fault, given


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What the scenarios do to a commodity.

    Parameters
    ----------
    losses
        Shape (16,): base currency, positive where it loses.
    active
        The scenario of the largest loss, counted from 0.
    risk
        That loss, never negative.
    price_risk
        Of it what the price's move alone brings: the mean of the active scenario and its pair, less the mean of the
        scenarios without a move; never negative.
    """

    losses: Floats
    active: int
    risk: float
    price_risk: float


@dataclass(frozen=True, kw_only=True)
class Charged:
    """A commodity's figures in the base currency; `months` holds net deltas, `net_delta` their sum."""

    commodity: Commodity
    positions: int
    scan: Scan
    months: Mapping[str, float]
    net_delta: float
    risk_per_delta: float
    calendar: Calendar
    calendar_charge: float
    delivery: float
    credit: float
    minimum: float
    option_value: float

    @property
    def risk(self) -> float:
        """The larger of the short option minimum and scan risk plus charges less credits."""
        return max(self.minimum, self.scan.risk + self.calendar_charge + self.delivery - self.credit, 0.0)

    def requirement(self, ratio: float = 1.0) -> float:
        """Risk times a ratio, less the net value of options that have been paid for; never negative."""
        return max(ratio * self.risk - self.option_value, 0.0)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The commodities held, and the spreads formed between them."""

    charged: tuple[Charged, ...]
    inter: tuple[Formed, ...]


def figures(portfolio: Portfolio, exchange: Exchange, holdings: Holdings, arrays: Arrays) -> Figures:
    """Return the figures; raise InputError for an array without the delta that spreads need."""
    _needs_deltas(portfolio, exchange, holdings, arrays)
    minimums, values = short_option_minimums(portfolio, exchange, holdings), option_values(portfolio, holdings)
    held = []
    for index, commodity in enumerate(exchange.commodities.values()):
        rows = holdings.commodity == index
        if rows.any():
            held.append(_commodity(portfolio, commodity, rows, holdings, arrays, minimums, values))
    formed = inter_commodity(
        exchange.inter,
        {one.commodity.name: one.net_delta for one in held},
        {one.commodity.name: one.risk_per_delta for one in held},
    )
    credits = {
        one.commodity.name: math.fsum(item.credits.get(one.commodity.name, 0.0) for item in formed) for one in held
    }
    return Figures(
        charged=tuple(_with_credit(one, credits[one.commodity.name]) for one in held),
        inter=formed,
    )


def _with_credit(one: Charged, credit: float) -> Charged:
    return Charged(**{**one.__dict__, "credit": min(credit, one.scan.risk)})


def scan(gains: Floats) -> Scan:
    """Return a commodity's scan from its positions' profits, shape (k, 16)."""
    losses = -gains.sum(axis=0)
    losses[np.abs(losses) <= ROUNDING * np.abs(gains).sum(axis=0)] = 0.0
    active = int(np.argmax(losses))
    pair = active ^ 1 if active < REGULAR else active
    moved = 0.5 * (losses[active] + losses[pair])
    return Scan(
        losses=losses,
        active=active,
        risk=max(float(losses[active]), 0.0),
        price_risk=max(float(moved - 0.5 * (losses[0] + losses[1])), 0.0),
    )


def _commodity(
    portfolio: Portfolio,
    commodity: Commodity,
    rows: Mask,
    holdings: Holdings,
    arrays: Arrays,
    minimums: Floats,
    values: Floats,
) -> Charged:
    found = scan(arrays.gains[rows])
    months: dict[str, list[float]] = {}
    places = np.flatnonzero(rows)
    for row, delta in zip(places.tolist(), np.nan_to_num(arrays.deltas[places]).tolist(), strict=True):
        months.setdefault(holdings.contracts[row].month, []).append(delta)
    net = {month: math.fsum(deltas) for month, deltas in sorted(months.items())}
    total = math.fsum(math.fsum(deltas) for deltas in months.values())
    spreads = calendar(commodity, net)
    factor = rate(portfolio.fx, commodity.currency, portfolio.currency)
    sides = [math.fsum(minimums[rows & side].tolist()) for side in (holdings.put, ~holdings.put)]
    return Charged(
        commodity=commodity,
        positions=int(rows.sum()),
        scan=found,
        months=net,
        net_delta=total,
        risk_per_delta=found.price_risk / abs(total) if abs(total) > 1e-9 else 0.0,
        calendar=spreads,
        calendar_charge=spreads.charge * factor,
        delivery=spreads.delivery * factor,
        credit=0.0,
        minimum=max(sides) if commodity.larger_side else sum(sides),
        option_value=math.fsum(values[rows].tolist()) if commodity.option_value else 0.0,
    )


def _needs_deltas(portfolio: Portfolio, exchange: Exchange, holdings: Holdings, arrays: Arrays) -> None:
    """Raise for an option whose array has no delta, where its commodity's spreads or delivery count deltas."""
    between = {leg.of for spread in exchange.inter for leg in spread.legs}
    for row in np.flatnonzero(np.isnan(arrays.deltas)).tolist():
        commodity = exchange.commodities[holdings.contracts[row].commodity]
        if commodity.calendar or commodity.spots or commodity.name in between:
            symbol = str(portfolio.labels["symbol"].texts()[row])
            raise InputError(
                f"The risk array {symbol} has no delta, which the spreads of {commodity.name} need.",
                pointer=f"{POINTER}/risk_arrays/{symbol.replace('~', '~0').replace('/', '~1')}/delta",
                remedy="Give the composite delta, on the array or on the position.",
            )


def short_option_minimums(portfolio: Portfolio, exchange: Exchange, holdings: Holdings) -> Floats:
    """Return the short option minimum of each position's net contracts, shape (n,), base currency."""
    commodities = list(exchange.commodities.values())
    fixed = np.array([commodities[c].minimum for c in holdings.commodity.tolist()], dtype=np.float64)
    share = np.array([commodities[c].minimum_share for c in holdings.commodity.tolist()], dtype=np.float64)
    numbers = portfolio.numbers
    short = np.where(holdings.option, np.maximum(-net_sizes(portfolio), 0.0), 0.0)
    needs = (short > 0.0) & (share > 0.0)
    level = given(portfolio, "underlying_price")
    fault(
        portfolio,
        needs & np.isnan(level),
        "underlying_price",
        "is a short option without the price of its underlying, of which its minimum is a share",
        "Give its `underlying_price`.",
    )
    worth = np.where(needs, share * numbers["multiplier"] * np.abs(level), 0.0)
    return np.asarray(short * (fixed + np.nan_to_num(worth)) * to_base(portfolio))


def option_values(portfolio: Portfolio, holdings: Holdings) -> Floats:
    """Return the value of each option, shape (n,), base currency, long positive; zero for what is no option."""
    numbers = portfolio.numbers
    fault(
        portfolio,
        holdings.option & np.isnan(numbers["price"]),
        "price",
        "is an option without a price, of which its value is counted",
        "Give its `price`.",
    )
    worth = numbers["quantity"] * numbers["multiplier"] * numbers["price"] * to_base(portfolio)
    return np.where(holdings.option, worth, 0.0)
