"""Prices for positions that came without one."""

import numpy as np
import pytest

from services.errors import InvalidInputError
from services.intake.decode import decode_portfolio
from services.intake.pricing import fill_prices, unpriced_symbols
from tests.unit.services.intake.books import body, book, position


def test_prices_are_filled_in_where_they_are_missing_alone() -> None:
    positions = [position(0, symbol="A"), position(1, symbol="B", price=None), position(2, symbol="A", price=None)]
    portfolio = decode_portfolio(body(book(*positions)), unpriced=True)
    assert unpriced_symbols(portfolio) == ("B", "A")
    filled = fill_prices(portfolio, {"A": 7.0, "B": 8.0, "C": 9.0})
    assert filled.numbers["price"].tolist() == [150.0, 8.0, 7.0]
    assert np.isnan(portfolio.numbers["price"]).tolist() == [False, True, True]
    assert unpriced_symbols(filled) == ()
    assert decode_portfolio(body(book(*positions)), prices={"A": 7.0, "B": 8.0}).numbers["price"].tolist() == [
        150.0,
        8.0,
        7.0,
    ]


def test_a_portfolio_with_every_price_is_left_alone() -> None:
    portfolio = decode_portfolio(body(book(position())))
    assert fill_prices(portfolio, {}) is portfolio


def test_symbols_that_nobody_has_a_price_of_are_named() -> None:
    data = body(book(position(0), position(1, symbol="B", price=None), position(2, symbol="C", price=None)))
    with pytest.raises(InvalidInputError) as caught:
        decode_portfolio(data, prices={"C": 1.0})
    (fault,) = caught.value.faults
    assert fault.pointer == "/positions/1/price"
    assert '"B"' in fault.detail
    with pytest.raises(InvalidInputError) as caught:
        fill_prices(decode_portfolio(data, unpriced=True), {})
    assert [fault.pointer for fault in caught.value.faults] == [
        "/portfolio/positions/1/price",
        "/portfolio/positions/2/price",
    ]


def test_stored_prices_are_held_to_the_same_rules() -> None:
    portfolio = decode_portfolio(body(book(position(price=None, quantity=1e12))), unpriced=True)
    for price, pointer in ((-1.0, "/portfolio/positions/0/price"), (1e4, "/portfolio/positions/0/quantity")):
        with pytest.raises(InvalidInputError) as caught:
            fill_prices(portfolio, {"AAPL": price})
        assert caught.value.faults[0].pointer == pointer
