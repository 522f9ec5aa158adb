"""Measures that revalue a book, as jobs over stored prices and histories."""

import math
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import Api
from tests.integration.api.test_margin_models import computed, refused

AS_OF = date(2024, 6, 28)
DAYS = 600
STEPS = 1e6 * -math.expm1(-0.01)
"""What a million loses in a name that moves by 1 % up and down by turns: every scenario is one of the two."""


def book(*positions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    rows = [{"id": f"p{index}", "currency": "USD", **row} for index, row in enumerate(positions)]
    return {"id": "book", "currency": "USD", "as_of": AS_OF.isoformat(), "positions": rows, **fields}


def share(quantity: float, **more: Any) -> dict[str, Any]:
    return {"symbol": "ACME", "asset_class": "equity", "instrument": "stock", "quantity": quantity, **more}


def option(right: str, quantity: float, **more: Any) -> dict[str, Any]:
    return {
        "symbol": f"ACME {right}", "underlying": "ACME", "asset_class": "equity", "instrument": "option",
        "option_type": right, "strike": 100.0, "expiry": (AS_OF + timedelta(days=73)).isoformat(),
        "implied_volatility": 0.2, "quantity": quantity, **more,
    }  # fmt: skip


def history() -> bytes:
    """Return closes of a name and of a currency pair: 1 % and 2 % up and down by turns."""
    rows = ["Date,ACME,EUR/USD"]
    for index in range(DAYS):
        day = AS_OF - timedelta(days=DAYS - 1 - index)
        rows.append(f"{day.isoformat()},{100 * math.exp(0.01 * (index % 2))!r},{1.1 * math.exp(0.02 * (index % 2))!r}")
    return ("\n".join(rows) + "\n").encode()


async def with_market(client: httpx.AsyncClient) -> None:
    prices = await client.post("/api/v1/prices", json={"prices": {"ACME": {"price": 100.0}}})
    assert prices.status_code in {200, 201}, prices.text
    stored = await client.post("/api/v1/prices/history", content=history(), headers={"Content-Type": "text/csv"})
    assert stored.status_code in {200, 201}, stored.text


def job(api: Api, measure: str, portfolio: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    async def talk(client: httpx.AsyncClient) -> dict[str, Any]:
        await with_market(client)
        return await computed(api, client, {"measure": measure, "portfolio": portfolio, "parameters": parameters})

    return api.run(talk)


def call_price(spot: float, years: float, rate: float) -> float:
    d1 = (math.log(spot / 100.0) + (rate + 0.02) * years) / (0.2 * math.sqrt(years))
    d2 = d1 - 0.2 * math.sqrt(years)
    below = [0.5 * math.erfc(-d / math.sqrt(2.0)) for d in (d1, d2)]
    return spot * below[0] - 100.0 * math.exp(-rate * years) * below[1]


def test_prices_and_greeks_of_a_book_without_prices(api: Api) -> None:
    result = job(api, "price", book(share(5), option("call", 1), rates={"USD": 0.05}))
    stock, call = result["positions"]
    assert (stock["price"], stock["delta"]) == (100.0, 1.0)
    assert call["price"] == pytest.approx(call_price(100.0, 0.2, 0.05), rel=1e-12)
    up, down = call_price(100.01, 0.2, 0.05), call_price(99.99, 0.2, 0.05)
    assert call["delta"] == pytest.approx((up - down) / 0.02, rel=1e-6)
    assert result["options"][0]["underlying_price"] == 100.0


def test_portfolio_margin_at_a_stored_price(api: Api) -> None:
    """A covered call: at the lowest point the shares lose 15 % and the call gains most of what it was worth."""
    result = job(api, "margin", book(share(100), option("call", -1, price=4.0)), model="portfolio_margin")
    gain = 100.0 * (call_price(100.0, 0.2, 0.0) - call_price(85.0, 0.2, 0.0))
    assert result["initial_margin"] == pytest.approx(1500.0 - gain, rel=1e-12)
    (group,) = result["groups"]
    assert (group["worst_point"], group["minimum"]) == ("down_5", 37.5)


def test_fhs_over_a_stored_history_with_options_and_a_currency(api: Api) -> None:
    plain = job(api, "margin", book(share(10_000)), model="fhs", mpor_days=1, lookback=250)
    assert plain["initial_margin"] == pytest.approx(STEPS, rel=1e-9)
    straddle = book(option("call", -100, price=3.6), option("put", -100, price=3.6), share(0))
    bent = job(api, "margin", straddle, model="fhs", mpor_days=1, lookback=250, risk_measure="var")
    losses = []
    for move in (0.01, -0.01):
        spot = 100.0 * math.exp(move)
        both = 2.0 * (call_price(spot, 0.2, 0.0) - call_price(100.0, 0.2, 0.0)) - (spot - 100.0)
        losses.append(10_000.0 * both)
    assert bent["initial_margin"] == pytest.approx(max(losses), rel=1e-9)
    abroad = book(share(10_000, currency="EUR", price=100.0), fx={"EUR/USD": 1.1})
    foreign = job(api, "margin", abroad, model="fhs", mpor_days=1, lookback=250)
    assert foreign["rate_factors"] == ["EUR/USD"]
    assert foreign["initial_margin"] == pytest.approx(1.1 * (STEPS - 1e6 * math.expm1(-0.02)), rel=1e-9)


def test_a_backtest_over_a_stored_history(api: Api) -> None:
    result = job(api, "backtest", book(share(10_000)), mpor_days=1, lookback=250, risk_measure="var")
    assert result["days"] == DAYS - 1 - 250 - 152
    assert result["margin"]["least"] == pytest.approx(STEPS, rel=1e-9)
    assert result["margin"]["greatest"] == pytest.approx(STEPS, rel=1e-9)
    assert max(row["loss"] for row in result["path"]) == pytest.approx(STEPS, rel=1e-9)


CORN = {"asset_class": "commodity", "instrument": "future", "price": 4.5, "multiplier": 5000}
MONTHS = {"ZCH": {"month": "2024-09"}, "ZCK": {"month": "2024-12"}}
PARAMETERS = {
    "currency": "USD",
    "combined_commodities": {
        "CORN": {
            "contracts": MONTHS,
            "price_scan_range": 0.2,
            "calendar_spreads": [{"legs": [{"side": "A"}, {"side": "B"}], "charge": 150}],
        }
    },
}


def test_span_with_the_exchanges_parameters(api: Api) -> None:
    corn = book({"symbol": "ZCH", "quantity": 10, **CORN}, {"symbol": "ZCK", "quantity": -6, **CORN})
    result = job(api, "margin", corn, model="span", span_parameters=PARAMETERS)
    assert result["initial_margin"] == pytest.approx(4 * 1000 + 6 * 150)
    assert result["breakdown"]["combined_commodities"]["CORN"]["active_scenario"] == 13


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({}, ""),
        ({"span_parameters": {**PARAMETERS, "combined_commodity": {}}}, "/combined_commodity"),
        (
            {"span_parameters": {"currency": "USD", "combined_commodities": {"A/B": {"contracts": {"X": {}}}}}},
            "/combined_commodities/A~1B/contracts/X/month",
        ),
    ],
)
def test_span_parameters_that_do_not_fit_are_no_job(api: Api, parameters: dict[str, Any], pointer: str) -> None:
    corn = book({"symbol": "ZCH", "quantity": 1, **CORN})
    wanted = {"measure": "margin", "portfolio": corn, "parameters": {"model": "span", **parameters}}
    (error,) = refused(api, wanted)
    assert error["pointer"] == f"/parameters/span_parameters{pointer}"
    assert error["detail"]
