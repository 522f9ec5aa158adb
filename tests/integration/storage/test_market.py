"""Prices do not give way to older ones; histories are versioned by their content."""

from datetime import UTC, date, datetime

import numpy as np

from storage import histories, prices
from storage.columns import pack, unpack
from storage.histories import NewHistory
from storage.prices import Price
from tests.integration.storage.conftest import TENANT, Board

MONDAY, TUESDAY = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)


def _price(symbol: str, price: float, as_of: datetime = MONDAY) -> Price:
    return Price(symbol=symbol, price=price, as_of=as_of)


def _history(symbol: str, *closes: float) -> NewHistory:
    packed = pack({}, {"history": {"close": np.array(closes)}})
    days = len(closes)
    return NewHistory(
        symbol=symbol, first_date=date(2026, 1, 1), last_date=date(2026, 1, days), observations=days, packed=packed
    )


def test_prices_come_back_as_stored(board: Board) -> None:
    given = [_price("AAPL", 150.1), _price("CL", -37.63)]

    assert board.call(prices.put_many, TENANT, given) == []

    assert board.call(prices.get_many, TENANT, ["CL", "AAPL", "NONE"]) == {price.symbol: price for price in given}
    assert board.call(prices.get_many, "other", ["AAPL"]) == {}


def test_a_younger_price_replaces_an_older_one_which_is_named_when_it_does_not(board: Board) -> None:
    board.call(prices.put_many, TENANT, [_price("A", 1.0, TUESDAY), _price("B", 1.0, MONDAY)])

    stale = board.call(prices.put_many, TENANT, [_price("A", 2.0, MONDAY), _price("B", 2.0, TUESDAY)])

    assert stale == ["A"]
    found = board.call(prices.get_many, TENANT, ["A", "B"])
    assert {symbol: price.price for symbol, price in found.items()} == {"A": 1.0, "B": 2.0}


def test_a_correction_of_the_same_moment_is_taken(board: Board) -> None:
    board.call(prices.put_many, TENANT, [_price("A", 1.0)])

    assert board.call(prices.put_many, TENANT, [_price("A", 2.0)]) == []

    assert board.call(prices.get_many, TENANT, ["A"])["A"].price == 2.0


def test_a_symbol_given_twice_counts_once_the_last(board: Board) -> None:
    assert board.call(prices.put_many, TENANT, [_price("A", 1.0), _price("A", 3.0)]) == []

    assert board.call(prices.get_many, TENANT, ["A"])["A"].price == 3.0


def test_many_prices_in_one_statement(board: Board) -> None:
    board.call(prices.put_many, TENANT, [_price(f"S{number:05}", float(number)) for number in range(5000)])

    page, cursor = board.call(prices.page, TENANT, limit=3)
    following, _ = board.call(prices.page, TENANT, cursor=cursor, limit=1)

    assert [price.symbol for price in page + following] == ["S00000", "S00001", "S00002", "S00003"]


def test_no_prices(board: Board) -> None:
    assert board.call(prices.put_many, TENANT, []) == []
    assert board.call(prices.get_many, TENANT, []) == {}


def test_histories_are_versioned_by_content(board: Board) -> None:
    assert board.call(histories.put, TENANT, _history("A", 1.0, 2.0)) == 1
    assert board.call(histories.put, TENANT, _history("A", 1.0, 2.0)) == 1
    assert board.call(histories.put, TENANT, _history("A", 1.0, 2.0, 3.0)) == 2


def test_several_at_once_and_a_pinned_version_stays_readable(board: Board) -> None:
    board.call(histories.put_many, TENANT, [_history("A", 1.0), _history("B", 5.0)])

    stored = board.call(histories.put_many, TENANT, [_history("A", 1.0, 2.0), _history("B", 5.0), _history("C", 7.0)])

    assert stored == {"A": 2, "B": 1, "C": 1}
    assert board.call(histories.latest_versions, TENANT, ["A", "C", "X"]) == {"A": 2, "C": 1}
    loaded = board.call(histories.load, TENANT, [("C", 1), ("A", 1), ("A2", 1), ("B", 9)])
    assert list(loaded) == ["C", "A"]
    np.testing.assert_array_equal(unpack(loaded["A"])[1]["history"]["close"], [1.0])
    infos = board.call(histories.infos, TENANT)
    assert [(info.symbol, info.version, info.observations) for info in infos] == [("A", 2, 2), ("B", 1, 1), ("C", 1, 1)]


def test_histories_of_another_tenant(board: Board) -> None:
    board.call(histories.put, TENANT, _history("A", 1.0))

    assert board.call(histories.latest_versions, "other", ["A"]) == {}
    assert board.call(histories.load, "other", [("A", 1)]) == {}
    assert board.call(histories.put, "other", _history("A", 2.0)) == 1
