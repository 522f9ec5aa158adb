"""Bodies of jobs and of the earlier engine's routes → requests."""

from typing import Any

import pytest

from compute.portfolio import Portfolio
from core.names import Device, Lane, Measure
from services.errors import InvalidInputError
from services.intake.decode import decode_bare, decode_job, decode_margin, decode_portfolio
from tests.unit.services.intake.books import body, book, position


def faults_of(data: bytes) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        decode_job(data)
    return [fault.pointer for fault in caught.value.faults]


def test_a_job_with_nothing_but_what_it_needs_gets_every_default() -> None:
    request = decode_job(body({"measure": "var", "portfolio": book(position(), as_of="2025-01-31")}))
    assert (request.measure, request.device, request.lane) == (Measure.VAR, Device.AUTO, Lane.RT)
    assert (request.fallback, request.deadline_seconds, request.max_attempts) == (False, 600.0, 3)
    assert request.parameters["confidence"] == [0.95, 0.99]
    assert request.portfolio is not None
    assert (request.portfolio_id, request.needs_prices, request.assumed) == (None, (), ())


def test_every_field_of_a_job_is_read() -> None:
    tree = {
        "measure": "MARGIN",
        "portfolio_id": "desk-7",
        "parameters": {"volatility": "history"},
        "device": "GPU",
        "fallback": True,
        "lane": "bulk",
        "deadline_seconds": 30,
        "max_attempts": 1,
    }
    request = decode_job(body(tree))
    assert request.portfolio is None
    assert (request.portfolio_id, request.measure) == ("desk-7", Measure.MARGIN)
    assert (request.device, request.lane, request.fallback) == (Device.GPU, Lane.BULK, True)
    assert (request.deadline_seconds, request.max_attempts) == (30.0, 1)
    assert request.parameters["volatility"] == "history"


def test_a_drill_needs_no_portfolio() -> None:
    request = decode_job(body({"measure": "noop", "parameters": {"sleep_ms": 5}}))
    assert request.portfolio is None
    assert request.parameters == {"sleep_ms": 5, "fail": False, "allocate_mb": 0}


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"measure": None}, ["/measure"]),
        ({"measure": "magin"}, ["/measure"]),
        ({"measure": 1}, ["/measure"]),
        ({"portfolio": None}, ["/portfolio"]),
        ({"portfolio_id": "x"}, ["/portfolio_id"]),
        ({"portfolio": None, "portfolio_id": 5}, ["/portfolio_id"]),
        ({"portfolio": None, "portfolio_id": "a\u202e"}, ["/portfolio_id"]),
        ({"device": "tpu"}, ["/device"]),
        ({"lane": "fast"}, ["/lane"]),
        ({"fallback": "yes"}, ["/fallback"]),
        ({"fallback": 1}, ["/fallback"]),
        ({"deadline_seconds": 0}, ["/deadline_seconds"]),
        ({"deadline_seconds": 1e9}, ["/deadline_seconds"]),
        ({"deadline_seconds": "60"}, ["/deadline_seconds"]),
        ({"max_attempts": 0}, ["/max_attempts"]),
        ({"max_attempts": 2.0}, ["/max_attempts"]),
        ({"max_attempts": True}, ["/max_attempts"]),
        ({"parameters": []}, ["/parameters"]),
        ({"parameters": {"modle": "house"}}, ["/parameters/modle"]),
        ({"parameters": {"model": "simmm"}}, ["/parameters/model"]),
        ({"device": "tpu", "lane": "x", "parameters": {"a": 1}}, ["/parameters/a", "/device", "/lane"]),
    ],
)
def test_what_will_not_do_in_a_job(change: dict[str, Any], pointers: list[str]) -> None:
    tree = {"measure": "margin", "portfolio": book(), **change}
    assert sorted(faults_of(body(tree))) == sorted(pointers)


def test_faults_of_the_portfolio_stand_below_it() -> None:
    tree = {"measure": "margin", "portfolio": book(position(quantity="1"), position(1, currency="EUR"))}
    assert faults_of(body(tree)) == ["/portfolio/positions/0/quantity", "/portfolio/fx"]


def test_symbols_without_a_price_are_listed_once_in_order() -> None:
    positions = [position(index, price=None, symbol=symbol) for index, symbol in enumerate("CABAC")]
    request = decode_job(body({"measure": "margin", "portfolio": book(*positions, position(9))}))
    assert request.needs_prices == ("C", "A", "B")


def test_a_date_taken_from_the_clock_is_said() -> None:
    request = decode_job(body({"measure": "margin", "portfolio": book()}))
    assert request.assumed == ("as_of",)
    assert request.portfolio is not None
    assert request.portfolio.as_of.year >= 2025


def test_margin_calculate_has_the_earlier_engines_defaults() -> None:
    request = decode_margin(body({"portfolio": book(position())}))
    assert (request.optimize, request.include_stress_test) == (True, False)
    assert request.job.measure is Measure.MARGIN
    request = decode_margin(body({"portfolio": book(), "optimize": False, "include_stress_test": True}))
    assert (request.optimize, request.include_stress_test) == (False, True)


def test_what_will_not_do_in_margin_calculate() -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_margin(body({"portfolio": book(position(quantity=True)), "optimize": "yes", "optimise": True}))
    assert {(fault.pointer, fault.remedy) for fault in caught.value.faults} == {
        ("/portfolio/positions/0/quantity", "Send a plain number."),
        ("/optimize", ""),
        ("/optimise", "Did you mean optimize?"),
    }


def test_a_bare_portfolio_is_a_job_of_a_named_measure() -> None:
    request = decode_bare(body(book(position(price=None))), Measure.OPTIMISE)
    assert request.measure is Measure.OPTIMISE
    assert request.needs_prices == ("AAPL",)
    assert request.parameters["model"] == "house"
    with pytest.raises(InvalidInputError) as caught:
        decode_bare(body(book(position(quantity=None))), Measure.OPTIMISE)
    assert caught.value.faults[0].pointer == "/positions/0/quantity"


def test_the_readme_example_to_the_letter() -> None:
    positions = [
        {"id": "pos_001", "symbol": "AAPL", "quantity": 1000, "market_value": 150.0, "asset_class": "equity"},
        {"id": "pos_002", "symbol": "TSLA", "quantity": 500, "market_value": 200.0, "asset_class": "equity"},
    ]
    portfolio = {
        "id": "portfolio_001",
        "name": "Hedge Fund Portfolio",
        "available_cash": 10000000,
        "positions": positions,
    }
    request = decode_margin(body({"portfolio": portfolio, "optimize": True, "include_stress_test": True}))
    found = request.job.portfolio
    assert isinstance(found, Portfolio)
    assert found.ids == ("pos_001", "pos_002")
    assert found.numbers["price"].tolist() == [150.0, 200.0]
    assert found.labels["currency"].texts() == ["USD", "USD"]
    assert (found.available_cash, found.currency) == (1e7, "USD")


def test_the_id_may_come_from_the_address_and_must_then_agree() -> None:
    tree = book()
    del tree["id"], tree["name"]
    found = decode_portfolio(body(tree), portfolio_id="desk")
    assert (found.id, found.name) == ("desk", "desk")
    assert decode_portfolio(body(book()), portfolio_id="book").id == "book"
    with pytest.raises(InvalidInputError) as caught:
        decode_portfolio(body(book()), portfolio_id="desk")
    assert caught.value.faults[0].pointer == "/id"


@pytest.mark.parametrize(
    ("fields", "multiplier"),
    [
        ({}, 1.0),
        ({"instrument": "stock"}, 1.0),
        ({"instrument": "option"}, 100.0),
        ({"instrument": "option", "multiplier": 10}, 10.0),
        ({"instrument": "OPTION", "asset_class": "derivative", "underlying": "AAPL"}, 100.0),
        ({"instrument": "option", "asset_class": "derivative", "underlying": "EUR/USD"}, 1.0),
        ({"instrument": "option", "asset_class": "fx"}, 1.0),
        ({"instrument": "option", "asset_class": "commodity"}, 1.0),
        ({"instrument": "option", "asset_class": "crypto"}, 1.0),
        ({"instrument": "option", "asset_class": "commodity", "index_class": "broad"}, 100.0),
        ({"asset_class": "derivative"}, 1.0),
        ({"asset_class": "derivative", "instrument": "future", "multiplier": 50}, 50.0),
    ],
)
def test_multipliers(fields: dict[str, Any], multiplier: float) -> None:
    portfolio = decode_portfolio(body(book(position(**fields), position(1, sector="x"))))
    assert portfolio.numbers["multiplier"].tolist() == [multiplier, 1.0]


def test_positions_without_a_currency_are_in_dollars() -> None:
    tree = book(position(), position(1, currency="EUR"), currency="EUR", fx={"EUR/USD": 1.1})
    portfolio = decode_portfolio(body(tree))
    assert portfolio.labels["currency"].texts() == ["USD", "EUR"]
    assert portfolio.currency == "EUR"
