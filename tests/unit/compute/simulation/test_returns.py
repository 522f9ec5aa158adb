from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from compute.errors import HistoryError
from compute.market import PriceHistory
from compute.simulation.returns import log_returns
from tests.unit.compute.simulation.books import AS_OF, made_history

SYMBOLS = ("AAA", "BBB", "CCC")


@pytest.fixture
def history() -> PriceHistory:
    return made_history(np.random.default_rng(3).normal(0, 0.01, (400, 3)), SYMBOLS)


def with_closes(history: PriceHistory, column: int, rows: slice | list[int], value: float) -> PriceHistory:
    closes = history.closes.copy()
    closes[rows, column] = value
    return replace(history, closes=closes)


def test_returns_are_log_ratios_of_the_last_days(history: PriceHistory) -> None:
    found = log_returns(history, ["CCC", "AAA"], as_of=AS_OF, lookback=100)
    expected = np.diff(np.log(history.closes[-101:][:, [2, 0]]), axis=0)
    np.testing.assert_array_equal(found.values, expected)
    assert found.last == AS_OF
    assert found.days_left_out == 0


def test_nothing_after_the_portfolio_date_is_looked_at(history: PriceHistory) -> None:
    as_of = history.dates[250].astype(date)
    spoiled = with_closes(history, 0, slice(251, None), 1e9)
    found = log_returns(spoiled, SYMBOLS, as_of=as_of, lookback=100)
    assert found.last == as_of
    assert np.abs(found.values).max() < 0.1


def test_a_gap_becomes_one_return_over_it(history: PriceHistory) -> None:
    found = log_returns(with_closes(history, 1, [-10], np.nan), SYMBOLS, as_of=AS_OF, lookback=100)
    assert found.days_left_out == 1
    assert found.values.shape == (99, 3)
    whole = log_returns(history, SYMBOLS, as_of=AS_OF, lookback=100).values
    np.testing.assert_allclose(found.values.sum(axis=0), whole.sum(axis=0))
    np.testing.assert_allclose(found.values[90], whole[90] + whole[91])


def test_short_history_is_used_as_far_as_it_goes(history: PriceHistory) -> None:
    assert log_returns(history, SYMBOLS, as_of=AS_OF, lookback=5_000).values.shape == (400, 3)


def test_missing_symbols_are_named(history: PriceHistory) -> None:
    with pytest.raises(HistoryError, match=r"No price history of XXX, ZZZ\."):
        log_returns(history, ["ZZZ", "AAA", "XXX"], as_of=AS_OF, lookback=100)
    with pytest.raises(HistoryError, match="No price history of AAA"):
        log_returns(None, ["AAA"], as_of=AS_OF, lookback=100)


def test_long_lists_of_names_are_cut() -> None:
    with pytest.raises(HistoryError, match=r"and 5 more\."):
        log_returns(None, [f"S{index:02}" for index in range(15)], as_of=AS_OF, lookback=100)


@pytest.mark.parametrize("days", [0, 1, 29])
def test_too_few_observations(history: PriceHistory, days: int) -> None:
    as_of = history.dates[days].astype(date)
    with pytest.raises(HistoryError, match="AAA, BBB, CCC"):
        log_returns(history, SYMBOLS, as_of=as_of, lookback=100)
    assert len(log_returns(history, SYMBOLS, as_of=history.dates[30].astype(date), lookback=100).values) == 30


def test_history_wholly_after_the_date(history: PriceHistory) -> None:
    with pytest.raises(HistoryError, match="no two days"):
        log_returns(history, SYMBOLS, as_of=date(1990, 1, 1), lookback=100)


@pytest.mark.parametrize(
    ("value", "rows", "why"),
    [
        (50.0, slice(None), "never moves"),
        (0.0, [-5], "not positive"),
        (-3.0, [-5], "not positive"),
        (np.inf, [-5], "infinite"),
        (np.nan, slice(-30, None), "less than 90% of"),
        (np.nan, slice(None), "less than 90% of"),
    ],
)
def test_unusable_series_is_named(history: PriceHistory, value: float, rows: slice | list[int], why: str) -> None:
    with pytest.raises(HistoryError, match=f"history of BBB .*{why}"):
        log_returns(with_closes(history, 1, rows, value), SYMBOLS, as_of=AS_OF, lookback=100)
