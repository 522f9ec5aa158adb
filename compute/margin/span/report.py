"""SPAN in the words of the wire: totals, combined commodities, spreads, positions with their risk arrays."""

import math
from typing import Any

import numpy as np

from compute.margin.account import account
from compute.margin.span.arrays import Arrays
from compute.margin.span.exchange import Exchange
from compute.margin.span.holdings import Holdings
from compute.margin.span.model import Charged, Figures
from compute.margin.span.spreads import Formed
from compute.margin.span.tables import SCENARIOS, SpanSet
from compute.portfolio import Portfolio
from compute.result import Result


def report(
    portfolio: Portfolio, exchange: Exchange, holdings: Holdings, arrays: Arrays, found: Figures, table: SpanSet
) -> Result:
    """Return the result."""
    initial = math.fsum(one.requirement(exchange.initial_ratio) for one in found.charged)
    maintenance = math.fsum(one.requirement() for one in found.charged)
    return Result(
        document={
            "currency": portfolio.currency,
            "as_of": portfolio.as_of.isoformat(),
            "model": "span",
            "version": table.version,
            "position_count": len(portfolio),
            **account(portfolio, initial=initial, maintenance=maintenance),
            "breakdown": {
                **_sums(found),
                "combined_commodities": {one.commodity.name: _document(one, exchange) for one in found.charged},
                "inter_commodity_spreads": [_spread(item, "commodity", credits=True) for item in found.inter],
            },
            "parameter_set": {**table.document(), "exchange": exchange.document()},
            "assumptions": [*arrays.assumptions, *_said(exchange, found), *exchange.notes],
        },
        tables={"positions": _positions(portfolio, holdings, arrays, found)},
    )


def _sums(found: Figures) -> dict[str, float]:
    return {
        "scan_risk": math.fsum(one.scan.risk for one in found.charged),
        "calendar_charge": math.fsum(one.calendar_charge for one in found.charged),
        "delivery_charge": math.fsum(one.delivery for one in found.charged),
        "inter_commodity_credit": math.fsum(one.credit for one in found.charged),
        "short_option_minimum": math.fsum(one.minimum for one in found.charged),
        "risk": math.fsum(one.risk for one in found.charged),
        "net_option_value": math.fsum(one.option_value for one in found.charged),
    }


def _document(one: Charged, exchange: Exchange) -> dict[str, Any]:
    return {
        "position_count": one.positions,
        "scan_risk": one.scan.risk,
        "active_scenario": one.scan.active + 1,
        "scenario_losses": one.scan.losses.tolist(),
        "price_risk": one.scan.price_risk,
        "net_delta": one.net_delta,
        "deltas_by_month": dict(one.months),
        "price_risk_per_delta": one.risk_per_delta,
        "calendar_charge": one.calendar_charge,
        "calendar_spreads": [_spread(item, "tier") for item in one.calendar.spreads],
        "outright_deltas": dict(one.calendar.remaining),
        "delivery_charge": one.delivery,
        "inter_commodity_credit": one.credit,
        "short_option_minimum": one.minimum,
        "risk": one.risk,
        "net_option_value": one.option_value,
        "initial_margin": one.requirement(exchange.initial_ratio),
        "maintenance_margin": one.requirement(),
    }


def _spread(item: Formed, of: str, *, credits: bool = False) -> dict[str, Any]:
    legs = [{of: leg.of, "side": leg.side, "deltas": leg.deltas} for leg in item.spread.legs]
    found: dict[str, Any] = {"legs": legs, "spreads": item.count, "rate": item.spread.rate, "amount": item.amount}
    return {**found, "credits": dict(item.credits)} if credits else found


def _said(exchange: Exchange, found: Figures) -> list[str]:
    said = [
        f"{one.commodity.name} has no calendar spreads: its months hedge each other without a charge."
        for one in found.charged
        if len(one.months) > 1 and not one.commodity.calendar
    ]
    if len(found.charged) > 1 and not exchange.inter:
        said.append("No spreads between commodities are given: none gets a credit.")
    return said


def _positions(portfolio: Portfolio, holdings: Holdings, arrays: Arrays, found: Figures) -> dict[str, Any]:
    active = {one.commodity.name: one.scan.active for one in found.charged}
    worst = np.array([active[contract.commodity] for contract in holdings.contracts], dtype=np.int64)
    return {
        "id": portfolio.ids,
        "combined_commodity": [contract.commodity for contract in holdings.contracts],
        "month": [contract.month for contract in holdings.contracts],
        "risk_array": ["given" if flag else "computed" for flag in holdings.given.tolist()],
        "delta": [None if math.isnan(delta) else delta for delta in arrays.deltas.tolist()],
        "profit_and_loss": np.take_along_axis(arrays.gains, worst[:, None], axis=1)[:, 0],
        **{f"scenario_{index + 1}": np.ascontiguousarray(arrays.gains[:, index]) for index in range(SCENARIOS)},
    }
