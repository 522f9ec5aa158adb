import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.pricing.american import early_prices
from compute.pricing.european import Options, lognormal_greeks, normal_greeks
from compute.pricing.implied import implied_volatility
from tests.unit.compute.pricing.test_american import COUNT, book

REPRICED = 1e-13  # of the larger of spot and strike
ROUND_TRIP = 1e-9  # where vega tells volatilities apart


def one(**terms: float) -> Options:
    usual = {"spot": 100.0, "strike": 100.0, "years": 1.0, "vol": 0.2, "rate": 0.02, "carry": 0.01, "sign": 1.0}
    return Options(**{name: np.array([value]) for name, value in {**usual, "future": 0.0, **terms}.items()})


@settings(max_examples=60, deadline=None)
@given(
    strike=st.floats(20.0, 500.0),
    years=st.floats(0.003, 10.0),
    vol=st.floats(0.01, 4.0),
    rate=st.floats(-0.05, 0.1),
    sign=st.sampled_from([1.0, -1.0]),
)
def test_round_trip(**terms: float):
    options = one(**terms)
    priced = lognormal_greeks(options)
    found = implied_volatility(options, priced.price)
    assert np.isfinite(found).all()
    size = max(100.0, terms["strike"])
    assert (
        abs(lognormal_greeks(one(**{**terms, "vol": float(found[0])})).price[0] - priced.price[0]) < 4 * REPRICED * size
    )
    if priced.vega[0] > 1e-3 * size:
        assert found[0] == pytest.approx(terms["vol"], rel=ROUND_TRIP)


def test_round_trip_of_a_book_of_americans():
    options = book(4)
    price = early_prices(options)
    found = implied_volatility(options, price, american=np.ones(price.size, np.bool_))
    alive = price > np.maximum(options.sign * (options.spot - options.strike), 0.0) + 1e-3
    np.testing.assert_allclose(found[alive], options.vol[alive], rtol=1e-5)
    assert np.all(found[~alive] <= options.vol[~alive] + 1e-6)


def test_round_trip_of_normal_options():
    options = book(6)
    options = Options(
        **{
            **options.__dict__,
            "spot": options.spot - 110.0,
            "strike": options.strike - 105.0,
            "vol": 40.0 * options.vol,
        }
    )
    priced = normal_greeks(options)
    found = implied_volatility(options, priced.price, is_normal=True)
    told = priced.vega > 1e-6  # deep in the money the price does not tell volatilities apart
    assert told.sum() > COUNT // 3
    np.testing.assert_allclose(found[told], options.vol[told], rtol=1e-6)


def test_far_from_the_money_keeps_its_digits():
    options = one(strike=300.0, years=0.1, vol=0.3)
    price = lognormal_greeks(options).price
    assert price[0] < 1e-25
    assert implied_volatility(options, price)[0] == pytest.approx(0.3, rel=1e-6)


@pytest.mark.parametrize(
    ("terms", "price", "american"),
    [
        ({"strike": 50.0}, 40.0, False),  # below the forward's intrinsic value
        ({}, 99.5, False),  # above the discounted spot
        ({"sign": -1.0}, 99.0, False),  # above the discounted strike
        ({}, -1.0, False),
        ({"strike": 50.0}, 49.0, True),  # below what exercise pays
        ({}, 1e4, True),
    ],
)
def test_prices_that_break_arbitrage_have_none(terms: dict[str, float], price: float, american: bool):
    found = implied_volatility(one(**terms), np.array([price]), american=np.array([american]))
    assert np.isnan(found[0])


def test_the_lowest_price_and_the_last_day_need_none():
    options = one(strike=50.0)
    floor = 100.0 * np.exp(-0.01) - 50.0 * np.exp(-0.02)
    assert implied_volatility(options, np.array([floor]))[0] == 0.0
    assert implied_volatility(one(years=0.0), np.array([3.0]))[0] == 0.0
    assert implied_volatility(one(strike=150.0), np.array([50.0]), american=np.array([True]))[0] > 0.0
