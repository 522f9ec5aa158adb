"""Walking models through a past: the dates, no look-ahead, the losses, who is left out."""

from dataclasses import replace

import numpy as np
import pytest

from compute.errors import CancelledError, HistoryError
from compute.margin.backtest import nominal
from compute.margin.backtest.walk import Walk, Walker, walk
from compute.margin.models import MODELS
from compute.market import Market
from compute.portfolio import Portfolio
from compute.result import no_checkpoint
from tests.unit.compute.margin.backtest.books import defaults, history, long_short, past_of, plan

HOUSE = Walker(model="house", parameters=defaults("house"))
BY_HISTORY = Walker(model="house", parameters=defaults("house", volatility="history"))
FHS = Walker(model="fhs", parameters=defaults("fhs", lookback=250))


def walk_of(book: Portfolio, market: Market, *walkers: Walker, **given: float) -> Walk:
    assert market.history is not None
    return walk(past_of(book, market.history), walkers, plan(**given), no_checkpoint)


def test_the_dates_count_back_from_the_last_that_has_a_loss() -> None:
    found = plan(horizon_days=3, step=4, days=200).dates(500, 1_000)
    assert found.rows[-1] == 499 - 3
    assert set(np.diff(found.rows).tolist()) == {4}
    assert found.rows[0] >= 499 - 200 > found.rows[0] - 4
    assert found.rows.size == plan(horizon_days=3, step=4, days=200).most_dates


def test_fewer_dates_are_wider_apart() -> None:
    found = plan(horizon_days=1, step=1, days=200).dates(500, 50)
    assert (found.wanted, found.step) == (200, 4)
    assert found.rows.size == 50
    assert found.rows[-1] == 498


def test_a_history_too_short_is_refused_in_numbers() -> None:
    with pytest.raises(HistoryError, match="leaves 29 dates to look at, fewer than 30"):
        plan(horizon_days=1, step=1).dates(30, 1_000)


def test_each_margin_is_the_models_own_at_the_closes_of_the_date() -> None:
    book, market = long_short()
    found = walk_of(book, market, HOUSE, days=100)
    assert market.history is not None
    for place in (0, 20, -1):
        row = int(np.searchsorted(market.history.dates, np.datetime64(found.dates[place])))
        then = replace(book, numbers={**book.numbers, "price": market.history.closes[row]})
        expected = MODELS["house"].kernel(then, Market(), HOUSE.parameters, no_checkpoint).document["initial_margin"]
        assert found.margins[0, place] == pytest.approx(expected, rel=1e-14)
        lost = -book.numbers["quantity"] @ (market.history.closes[row + 2] - market.history.closes[row])
        assert found.losses[place] == pytest.approx(lost, rel=1e-9)


@pytest.mark.parametrize("walker", [HOUSE, BY_HISTORY, FHS], ids=["house", "house by history", "fhs"])
def test_later_closes_change_no_earlier_margin(walker: Walker) -> None:
    book, market = long_short(700)
    known = market.history
    assert known is not None
    other = known.closes.copy()
    other[-60:] *= np.linspace(1.0, 3.0, 60)[:, None]
    first, second = (
        walk_of(book, Market(history=replace(known, closes=closes)), walker, days=140)
        for closes in (known.closes, other)
    )
    until = sum(day <= str(known.dates[-61]) for day in first.dates)
    assert 20 < until < len(first.dates)
    np.testing.assert_array_equal(first.margins[0, :until], second.margins[0, :until])
    assert not np.array_equal(first.margins[0, until:], second.margins[0, until:])


def test_all_walkers_have_the_same_dates_and_losses_as_one_alone() -> None:
    book, market = long_short(700)
    alone, together = walk_of(book, market, HOUSE, days=80), walk_of(book, market, FHS, HOUSE, days=80)
    assert alone.dates == together.dates
    np.testing.assert_array_equal(alone.losses, together.losses)
    np.testing.assert_array_equal(alone.margins[0], together.margins[1])


def test_dates_on_which_one_has_no_margin_are_left_out_for_all() -> None:
    book, market = long_short(450)
    both = walk_of(book, market, HOUSE, FHS, days=160)
    assert both.refusals == (None, None)
    assert both.left_out > 0
    assert len(both.dates) == 80 - both.left_out
    assert np.isfinite(both.margins).all()


def test_one_that_has_too_few_margins_holds_up_nobody() -> None:
    book, market = long_short(420)
    found = walk_of(book, market, HOUSE, FHS, days=160)
    assert found.refusals[0] is None
    assert found.refusals[1] is not None
    assert "common daily returns" in found.refusals[1]
    assert len(found.dates) == 80
    assert np.isnan(found.margins[1]).all()


def test_a_dear_walk_looks_at_fewer_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    book, market = long_short()
    monkeypatch.setitem(nominal.NOMINAL_MS, "house", (10.0, 0.0))
    found = walk_of(book, market, HOUSE, days=200, seconds=0.5)
    assert (found.wanted, found.step, len(found.dates)) == (100, 4, 50)


def test_risk_arrays_of_one_day_are_refused() -> None:
    arrays = {"span_parameters": {"risk_arrays": {"A": {"profit": [0.0] * 16}}}}
    book, market = long_short()
    found = walk_of(book, market, HOUSE, Walker(model="span", parameters=defaults("span", **arrays)), days=80)
    assert found.refusals[0] is None
    assert "of one day" in str(found.refusals[1])


def test_it_can_be_stopped_and_says_how_far_it_is() -> None:
    book, market = long_short()
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 3:
            raise CancelledError("stop")

    assert market.history is not None
    with pytest.raises(CancelledError):
        walk(past_of(book, market.history), [HOUSE], plan(days=80), stop)
    assert {total for _done, total in seen} == {40}
    assert {done for done, _total in seen} == {0, 1, 2, 3}


def test_a_book_without_value_on_its_dates_is_refused() -> None:
    closes = np.full((100, 1), 1e308)
    closes[::2] = -1e308
    book, _market = long_short()
    with pytest.raises(HistoryError, match="value on fewer than 30 dates"):
        walk_of(book.take(np.array([0])), Market(history=history(closes, "A")), HOUSE, days=90, step=1, horizon_days=1)
