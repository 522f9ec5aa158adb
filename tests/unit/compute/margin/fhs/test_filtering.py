import math

import numpy as np
import pytest

from compute.errors import HistoryError
from compute.margin.fhs.filtering import filtered, over_horizon, window_volatility
from compute.margin.fhs.request import Request
from compute.simulation.returns import log_returns
from tests.unit.compute.margin.fhs.books import gaussian
from tests.unit.compute.simulation.books import AS_OF, made_history


def test_volatility_by_hand() -> None:
    returns = np.array([[0.01], [0.02], [-0.03]])
    found = window_volatility(returns, np.array([0.25, 0.75]))
    by_hand = [math.sqrt(0.25 * 1e-4 + 0.75 * 4e-4), math.sqrt(0.25 * 4e-4 + 0.75 * 9e-4)]
    assert found[:, 0] == pytest.approx(by_hand, rel=1e-15)


def test_weights_are_cut_where_less_than_a_percent_is_left() -> None:
    for decay, days in ((0.97, 152), (0.99, 459)):
        assert Request.of({"lambda": decay}).volatility_days == days
        assert decay**days < 0.01 <= decay ** (days - 1)


def test_overlapping_periods_add_consecutive_returns() -> None:
    daily = np.array([[1.0], [2.0], [4.0], [8.0]])
    found = over_horizon(daily, Request.of({"mpor_days": 3}))
    np.testing.assert_array_equal(found[:, 0], [np.nan, np.nan, 7.0, 14.0])


def test_scaled_periods_multiply_by_the_root_of_the_days() -> None:
    daily = np.array([[1.0], [-2.0]])
    found = over_horizon(daily, Request.of({"mpor_days": 4, "horizon": "scaled"}))
    np.testing.assert_allclose(found[:, 0], [2.0, -4.0], rtol=1e-15)


def test_a_return_is_divided_by_the_volatility_before_it() -> None:
    values = gaussian(400, 2)
    request = Request.of({"mpor_days": 1})
    history = made_history(values, ("A", "B"))
    returns = log_returns(history, ("A", "B"), as_of=AS_OF, lookback=400)
    found = filtered(returns, request)
    weights = 0.97 ** np.arange(152)[::-1]
    weights /= weights.sum()
    for day in (152, 300, 399):
        before = np.sqrt(weights @ returns.values[day - 152 : day] ** 2)
        np.testing.assert_allclose(found.volatility[day], before, rtol=1e-12)
        np.testing.assert_allclose(found.standard[:, day], returns.values[day] / before, rtol=1e-12)
    assert np.isnan(found.volatility[:152]).all()
    assert np.isnan(found.standard[:, :152]).all()
    assert found.first_volatility == 152


def test_a_series_that_stands_still_for_as_long_as_a_volatility_looks_back_is_named() -> None:
    values = gaussian(600, 2)
    values[100:300, 1] = 0.0
    returns = log_returns(made_history(values, ("MOVES", "STILL")), ("MOVES", "STILL"), as_of=AS_OF, lookback=600)
    with pytest.raises(HistoryError, match="history of STILL does not move on 152 days in a row"):
        filtered(returns, Request.of({}))
