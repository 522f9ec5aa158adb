"""The same positions at earlier closes: prices, options, currencies, dates, and what they gained."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from compute.errors import HistoryError
from compute.margin.models import MODELS
from compute.market import Market
from compute.pricing.book import greeks, prepare
from compute.result import no_checkpoint
from tests.unit.compute.analysis.books import portfolio
from tests.unit.compute.margin.backtest.books import AS_OF, defaults, history, option, past_of, stock

CLOSES = np.array([[90.0, 50.0], [95.0, 52.0], [100.0, 49.0]])


def test_a_stock_gains_its_quantity_times_the_move() -> None:
    book = portfolio([stock("A", 10.0), stock("B", -4.0, 49.0, multiplier=2.0)])
    past = past_of(book, history(CLOSES, "A", "B"))
    prices = [past.prices(row, no_checkpoint) for row in range(3)]
    np.testing.assert_array_equal(prices[0], [90.0, 50.0])
    np.testing.assert_allclose(past.gains(0, 1, prices[0], prices[1]), [10.0 * 5.0, -4.0 * 2.0 * 2.0])
    np.testing.assert_allclose(past.gains(0, 2, prices[0], prices[2]), [10.0 * 10.0, -4.0 * 2.0 * -1.0])


def test_the_book_of_the_last_close_is_the_book_itself() -> None:
    book = portfolio([stock("A", 10.0), stock("B", -4.0, 49.0)])
    past = past_of(book, history(CLOSES, "A", "B"))
    last = past.portfolio_on(2, past.prices(2, no_checkpoint), states_volatility=True, checkpoint=no_checkpoint)
    for model in ("house", "reg_t"):
        now, then = (MODELS[model].kernel(one, Market(), defaults(model), no_checkpoint) for one in (book, last))
        assert now.document["initial_margin"] == then.document["initial_margin"]
    assert last.as_of == AS_OF


def test_an_option_is_priced_by_its_model_with_all_of_its_time_left() -> None:
    book = portfolio([option("C", "A", -3.0, delta=0.5)], rates={"USD": 0.04})
    past = past_of(book, history(CLOSES[:, :1], "A"))
    then = past.portfolio_on(0, past.prices(0, no_checkpoint), states_volatility=True, checkpoint=no_checkpoint)
    assert then.as_of == date(2026, 1, 28)
    assert then.labels["expiry"].texts() == ["2026-05-28"]
    assert then.numbers["underlying_price"].tolist() == [90.0]
    by_hand = portfolio(
        [option("C", "A", -3.0, underlying_price=90.0, expiry="2026-05-28")],
        as_of=date(2026, 1, 28),
        rates={"USD": 0.04},
    )
    expected = greeks(prepare(by_hand))
    np.testing.assert_allclose(then.numbers["price"], expected.price, rtol=1e-12)
    np.testing.assert_allclose(then.numbers["delta"], expected.delta, rtol=1e-12)
    gained = past.gains(0, 1, past.prices(0, no_checkpoint), past.prices(1, no_checkpoint))
    later = greeks(prepare(replace(by_hand, numbers={**by_hand.numbers, "underlying_price": np.array([95.0])})))
    np.testing.assert_allclose(gained, -300.0 * (later.price - expected.price), rtol=1e-12)


def test_a_volatility_that_the_book_does_not_state_stays_unsaid_where_it_is_not_wanted() -> None:
    book = portfolio([option("C", "A", 1.0, implied_volatility=float("nan"), price=7.0)], rates={"USD": 0.04})
    past = past_of(book, history(CLOSES[:, :1], "A"))
    prices = past.prices(0, no_checkpoint)
    told, untold = (
        past.portfolio_on(0, prices, states_volatility=says, checkpoint=no_checkpoint) for says in (True, False)
    )
    assert told.numbers["implied_volatility"][0] == pytest.approx(prepare(book).vol[0])
    assert np.isnan(untold.numbers["implied_volatility"][0])


@pytest.mark.parametrize(("pair", "rates"), [("EUR/USD", [1.0, 1.1, 1.2]), ("USD/EUR", [1.0, 1 / 1.1, 1 / 1.2])])
def test_a_stock_in_another_currency_gains_with_the_rate_and_a_future_on_its_gain_alone(
    pair: str, rates: list[float]
) -> None:
    rows = [
        stock("A", 10.0, currency="EUR", instrument="stock"),
        stock("B", 1.0, 49.0, currency="EUR", instrument="future"),
    ]
    book = portfolio(rows, fx={"EUR/USD": 1.2})
    past = past_of(book, history(np.column_stack([CLOSES, rates]), "A", "B", pair))
    prices = [past.prices(row, no_checkpoint) for row in range(2)]
    expected = [10.0 * (1.1 * 95.0 - 1.0 * 90.0), 1.1 * 2.0]
    np.testing.assert_allclose(past.gains(0, 1, prices[0], prices[1]), expected)
    then = past.portfolio_on(1, prices[1], states_volatility=True, checkpoint=no_checkpoint)
    assert then.fx["EUR/USD"] == pytest.approx(1.1)


def test_a_rate_without_a_history_is_held_and_said_so() -> None:
    book = portfolio([stock("A", 10.0, currency="EUR")], fx={"EUR/USD": 1.2})
    past = past_of(book, history(CLOSES[:, :1], "A"))
    prices = [past.prices(row, no_checkpoint) for row in range(2)]
    np.testing.assert_allclose(past.gains(0, 1, prices[0], prices[1]), [10.0 * 1.2 * 5.0])
    assert any("held still" in said and "EUR" in said for said in past.assumptions())


def test_given_greeks_move_the_position_and_its_price_is_held() -> None:
    rows = [{**stock("X", 2.0, 7.0), "instrument": "option", "underlying": "A", "underlying_price": 100.0}]
    book = portfolio([{**rows[0], "delta": 0.5, "gamma": 0.01}])
    past = past_of(book, history(CLOSES[:, :1], "A"))
    prices = past.prices(0, no_checkpoint)
    assert prices.tolist() == [7.0]
    np.testing.assert_allclose(past.gains(0, 1, prices, prices), [2.0 * (0.5 * 5.0 + 0.5 * 0.01 * 25.0)])


def test_days_without_a_close_are_left_out_and_counted() -> None:
    closes = CLOSES.copy()
    closes[1, 1] = np.nan
    past = past_of(portfolio([stock("A", 1.0), stock("B", 1.0, 49.0)]), history(closes, "A", "B"))
    assert (len(past.dates), past.days_left_out) == (2, 1)


def test_nothing_after_the_portfolios_date_is_looked_at() -> None:
    book = portfolio([stock("A", 1.0)], as_of=date(2026, 1, 29))
    past = past_of(book, history(CLOSES[:, :1], "A"))
    assert past.dates[-1] == np.datetime64("2026-01-29")
    assert past.history(0).dates[-1] == np.datetime64("2026-01-28")


def test_names_without_a_history_are_named() -> None:
    book = portfolio([stock("A", 1.0), option("C", "Z", 1.0)])
    with pytest.raises(HistoryError, match="No price history of Z"):
        past_of(book, history(CLOSES[:, :1], "A"))
    with pytest.raises(HistoryError, match="empty"):
        past_of(portfolio([stock("A", 1.0)]).take(np.array([], dtype=np.int64)), history(CLOSES[:, :1], "A"))


def test_a_close_far_from_the_given_price_is_said() -> None:
    past = past_of(portfolio([stock("A", 1.0, 50.0)]), history(CLOSES[:, :1], "A"))
    assert any("The last close of A is more than 10% from the given price" in said for said in past.assumptions())
