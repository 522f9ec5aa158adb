"""Price batches: what is good comes back, what is not is named with its pointer."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidInputError, ServiceError
from services.prices import decode_prices
from tests.unit.services.intake.books import body


def faults_of(prices: Any) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        decode_prices(body({"prices": prices}))
    return [fault.pointer for fault in caught.value.faults]


def test_prices_with_and_without_their_moment() -> None:
    tree = {"A": {"price": 150}, "EUR/USD": {"price": 1.08, "as_of": "2025-01-31T17:00:00+01:00"}}
    first, second = decode_prices(body({"prices": tree}))
    assert (first.symbol, first.price) == ("A", 150.0)
    assert (datetime.now(UTC) - first.as_of).total_seconds() < 60
    assert (second.symbol, second.as_of) == ("EUR/USD", datetime(2025, 1, 31, 16, tzinfo=UTC))


@pytest.mark.parametrize("price", [None, "150", True, math.nan, math.inf, 1e16, [], {}])
def test_what_is_no_price(price: Any) -> None:
    assert faults_of({"A": {"price": 1.0}, "B": {"price": price}}) == ["/prices/B/price"]


@pytest.mark.parametrize(
    "as_of",
    [
        "2025-01-31",
        "2025-01-31T12:00:00",
        "yesterday",
        5,
        "2999-01-01T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_what_is_no_moment(as_of: Any) -> None:
    assert faults_of({"A": {"price": 1.0, "as_of": as_of}}) == ["/prices/A/as_of"]


def test_symbols_and_fields_that_will_not_do() -> None:
    assert faults_of({"": {"price": 1}, "a/b\u202e": {"price": 1}, "C": {"prise": 1}, "D": 150}) == [
        "/prices/",
        "/prices/a~1b\\u202e",
        "/prices/C/prise",
        "/prices/C/price",
        "/prices/D",
    ]
    assert faults_of([]) == ["/prices"]
    for data in (b"{}", b'{"price": {}}', b"[]", b"null"):
        with pytest.raises(InvalidInputError):
            decode_prices(data)


def test_a_symbol_that_comes_twice_is_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_prices(b'{"prices": {"A": {"price": 1}, "A": {"price": 2}}}')
    assert [fault.pointer for fault in caught.value.faults] == ["/prices"]


def test_an_empty_batch_is_a_batch() -> None:
    assert decode_prices(body({"prices": {}})) == []


@given(st.binary(max_size=200))
def test_noise_raises_service_errors_and_nothing_else(data: bytes) -> None:
    with pytest.raises(ServiceError):
        decode_prices(data)
