"""A basket completed from the book and stored prices, and everything in it that will not do."""

from typing import Any

import pytest

from services.costs import synthetic_crif
from services.errors import InvalidInputError
from services.intake.basket import MOST_TRADES, completed, read_basket, read_shape
from services.intake.faults import Faults
from services.intake.parameters import read_parameters
from tests.unit.compute.analysis.books import portfolio

BOOK = portfolio(
    [
        {"id": "p1", "symbol": "AAPL", "asset_class": "equity", "quantity": 100.0, "price": 10.0, "sector": "tech"},
        {"id": "p2", "symbol": "MSFT", "asset_class": "equity", "quantity": -40.0, "price": 20.0},
        {"id": "trade-1", "symbol": "GE", "asset_class": "equity", "quantity": 1.0, "price": 5.0},
    ]
)
BOND = {"symbol": "T10", "asset_class": "bond", "quantity": 5}


def settle(*trades: Any, stored: dict[str, float] | None = None, **more: Any) -> dict[str, Any]:
    return completed({"trades": list(trades), **more}, BOOK, lambda _symbols: stored or {})


def faults_of(call) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        call()
    return {fault.pointer: fault.detail for fault in caught.value.faults}


def test_a_trade_in_a_symbol_of_the_book_takes_its_terms_from_there():
    (trade,) = settle({"symbol": "AAPL", "quantity": -7})["trades"]
    assert trade == {
        "id": "trade-1'",
        "symbol": "AAPL",
        "asset_class": "equity",
        "currency": "USD",
        "price": 10.0,
        "multiplier": 1.0,
        "sector": "tech",
        "quantity": -7,
    }


def test_what_a_trade_says_itself_wins():
    (trade,) = settle({"id": "n", "symbol": "AAPL", "quantity": 1, "market_value": 11, "sector": "other"})["trades"]
    assert trade["market_value"] == 11
    assert "price" not in trade
    assert trade["sector"] == "other"
    assert trade["id"] == "n"


def test_a_stored_price_is_taken_and_pinned():
    (trade,) = settle(BOND, stored={"T10": 99.5})["trades"]
    assert trade["price"] == 99.5
    basket = read_basket({"trades": [trade]}, {})
    assert basket.added is not None
    assert basket.added.numbers["price"].tolist() == [99.5]


def test_a_price_that_nobody_knows_is_named_in_its_place():
    basket = settle({"id": "p1", "quantity": 1}, BOND)
    assert faults_of(lambda: read_basket(basket, {})) == {
        "/parameters/basket/trades/1/price": '"T10" came without a price, and none is known.'
    }
    assert read_basket(basket, {}, unpriced=True).added is not None


@pytest.mark.parametrize(
    ("trade", "pointer"),
    [
        ({"close": "p9"}, "/close"),
        ({"close": 7}, "/close"),
        ({"close": "p1", "quantity": 1}, "/quantity"),
        ({"id": "p9", "quantity": 1}, "/id"),
        ({"id": "p1"}, "/quantity"),
        ({"quantity": 1}, "/id"),
        ({"id": "p1", "quantity": "1"}, "/quantity"),
        ({"id": "p1", "quantity": True}, "/quantity"),
        ({"id": "p1", "symbol": "AAPL", "quantity": 1}, "/id"),
        ({"symbol": "AAPL", "quantitty": 1}, "/quantitty"),
        ({"id": "p1", "quantity": 1e300}, "/quantity"),
        ({"id": "p1", "quantity": -9e14}, "/quantity"),
        ({"id": ["p1"], "quantity": 1}, "/id"),
        (5, ""),
    ],
)
def test_what_is_no_trade_of_this_book_is_named(trade, pointer):
    assert f"/parameters/basket/trades/0{pointer}" in faults_of(lambda: settle(trade))


@pytest.mark.parametrize("trade", [{"symbol": ["AAPL"], "quantity": 1}, {**BOND, "id": {"p1": 1}, "price": 1.0}])
def test_a_name_that_is_no_text_is_judged_with_the_positions(trade):
    assert len(faults_of(lambda: read_basket(settle(trade), {}))) >= 1


def test_a_name_that_is_made_up_is_not_one_that_another_trade_has():
    basket = settle({**BOND, "id": "trade-2", "price": 1.0}, {"symbol": "AAPL", "quantity": 1})
    assert [trade["id"] for trade in basket["trades"]] == ["trade-2", "trade-2'"]


@pytest.mark.parametrize("given", [{"cash": ""}, {"cash": False}, {"collateral": []}, {"collateral": False}])
def test_what_is_falsy_is_judged_as_well(given):
    (name,) = given
    assert f"/parameters/basket/{name}" in faults_of(lambda: read_basket(given, {}))


def test_a_type_of_collateral_spelled_in_two_ways_is_there_twice():
    given = {"collateral": {"treasury_bills": 1, "Treasury Bills": 2}}
    assert set(faults_of(lambda: read_basket(given, {}))) == {"/parameters/basket/collateral/Treasury Bills"}


def test_two_trades_in_one_position_are_one_too_many():
    found = faults_of(lambda: settle({"id": "p1", "quantity": 1}, {"close": "p1"}))
    assert found == {"/parameters/basket/trades/1/close": 'Two trades are in the position "p1".'}


def test_positions_cash_and_collateral_are_judged_as_everywhere():
    value = {
        "trades": [{"id": "p1", "quantity": 1.0}, {**BOND, "id": "n", "price": -5, "duration": 1e9}],
        "cash": 1e300,
        "collateral": {"gold": 1, "treasury_bills": "x"},
    }
    assert set(faults_of(lambda: read_basket(value, {}))) == {
        "/parameters/basket/trades/1/price",
        "/parameters/basket/trades/1/duration",
        "/parameters/basket/cash",
        "/parameters/basket/collateral/gold",
        "/parameters/basket/collateral/treasury_bills",
    }


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ([], ""),
        ({"trads": []}, "/trads"),
        ({"trades": {}}, "/trades"),
        ({"trades": []}, ""),
        ({"trades": [{}] * (MOST_TRADES + 1)}, "/trades"),
        ({"trades": [{"id": "p\u0000"}]}, "/trades/0/id"),
        ({"cash": 1, "crif": 0}, "/crif"),
        ({"crif": " \n"}, "/crif"),
        ({"crif": "a\u0000b"}, "/crif"),
        ({"crif": "a\ud800b"}, "/crif"),
    ],
)
def test_the_shape_is_judged_before_the_book_is_known(value, pointer):
    faults = Faults()
    assert read_shape(value, "/b", faults) is None or faults
    assert [fault.pointer for fault in faults.items][:1] == [f"/b{pointer}"]


def test_parameters_name_a_missing_basket_and_a_bad_limit():
    found = faults_of(lambda: read_parameters("whatif", {}))
    assert "/parameters/basket" in found
    given = {"basket": {"cash": 1}, "limits": {"initial_margin": {"max": "x"}}}
    assert "/parameters/limits/initial_margin/max" in faults_of(lambda: read_parameters("whatif", given))


def test_the_rows_of_a_crif_are_read_by_the_model():
    text = (
        "PortfolioID,ProductClass,RiskType,Qualifier,Amount,AmountCurrency,AmountUSD\nn,RatesFX,Risk_FX,EUR,1,USD,{}\n"
    )
    parameters = read_parameters("whatif", {"model": "simm", "basket": {"crif": text.format(5)}})
    basket = completed(parameters["basket"], synthetic_crif(3), lambda _symbols: {})
    found = read_basket(basket, parameters)
    assert found.rows is not None
    assert found.rows.amount.tolist() == [5.0]
    with pytest.raises(InvalidInputError) as caught:
        read_basket({"crif": text.format("many")}, parameters)
    assert caught.value.faults[0].row == 2
