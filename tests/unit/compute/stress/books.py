"""Books and calls for the tests of the stress test."""

from typing import Any

from compute.market import Market
from compute.measures import MEASURES
from compute.portfolio import Portfolio
from compute.result import Result, no_checkpoint
from services.intake.parameters import read_parameters
from tests.unit.compute.analysis.books import portfolio

FUND = {"id": "spy", "symbol": "SPY", "asset_class": "equity", "instrument": "etf", "quantity": 100.0, "price": 600.0}
SHARE = {
    "id": "jpm",
    "symbol": "JPM",
    "asset_class": "equity",
    "sector": "financials",
    "quantity": -50.0,
    "price": 200.0,
}
CALL = {
    "id": "call",
    "symbol": "SPY C600",
    "asset_class": "equity",
    "instrument": "option",
    "underlying": "SPY",
    "option_type": "call",
    "exercise": "european",
    "strike": 600.0,
    "expiry": "2026-07-31",
    "implied_volatility": 0.2,
    "quantity": -3.0,
    "price": 30.0,
    "multiplier": 100.0,
    "underlying_price": 600.0,
}
BOND = {
    "id": "note",
    "symbol": "US912828XX",
    "asset_class": "bond",
    "instrument": "bond",
    "sector": "government",
    "coupon": 0.04,
    "maturity": "2031-01-30",
    "quantity": 1000.0,
    "price": 98.0,
}


def book(*rows: dict[str, Any], **head: Any) -> Portfolio:
    """Return a portfolio in dollars with a rate of 3 %."""
    return portfolio(
        [{"multiplier": 1.0, **row} for row in rows or (FUND, SHARE, CALL, BOND)], **{"rates": {"USD": 0.03}, **head}
    )


def stress(held: Portfolio, **given: Any) -> Result:
    """Return a stress test's result, parameters read as a request's are."""
    parameters = read_parameters("stress", given)
    return MEASURES["stress"].chosen(parameters).kernel(held, Market(), parameters, no_checkpoint)


def margin(held: Portfolio, **given: Any) -> dict[str, Any]:
    """Return the document of a margin."""
    parameters = read_parameters("margin", given)
    spec = MEASURES["margin"].chosen(parameters)
    return dict(spec.kernel(held, Market(), parameters, no_checkpoint).document)


def only(result: Result, name: str = "") -> dict[str, Any]:
    """Return one scenario's answer, the first where none is named."""
    scenarios: list[dict[str, Any]] = result.document["scenarios"]
    return next(each for each in scenarios if name in {"", each["scenario"]})


def gain(result: Result, position: str, scenario: str) -> float:
    """Return a position's profit and loss in a scenario."""
    table = result.tables["profit_and_loss"]
    return float(table[scenario][list(table["id"]).index(position)])


def rows(result: Result, table: str) -> list[dict[str, Any]]:
    """Return a table as one object a row."""
    columns = result.tables[table]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
