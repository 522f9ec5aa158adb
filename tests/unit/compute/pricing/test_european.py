"""Closed forms against QuantLib, finite differences, parity and their limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.pricing.elementary import CDF_ERROR
from compute.pricing.european import NAMES, Greeks, Options, lognormal_greeks, normal_greeks
from tests.unit.compute.pricing import quantlib_peer

PEER_ERROR = 1e-11  # of the strike, price and all greeks
PARITY_ERROR = 1e-13  # of the larger of spot and strike
DIFFERENCE_ERROR = 2e-5  # relative, of central differences
COUNT = 60


def book(seed: int = 3, *, future: bool = False, negative: bool = False) -> Options:
    generator = np.random.default_rng(seed)
    rate = generator.uniform(-0.03, 0.08, COUNT)
    return Options(
        spot=generator.uniform(-50.0 if negative else 50.0, 150.0, COUNT),
        strike=generator.uniform(-50.0 if negative else 50.0, 150.0, COUNT),
        years=generator.integers(3, 1500, COUNT) / 365.0,
        vol=generator.uniform(0.05, 0.9, COUNT) * (40.0 if negative else 1.0),
        rate=rate,
        carry=rate if future else generator.uniform(-0.02, 0.06, COUNT),
        sign=np.where(generator.random(COUNT) < 0.5, 1.0, -1.0),
        future=np.full(COUNT, 1.0 if future else 0.0),
    )


def one(*, is_normal: bool = False, **terms: float) -> dict[str, float]:
    usual = {"spot": 100.0, "strike": 100.0, "years": 1.0, "vol": 0.2, "rate": 0.05, "carry": 0.0, "sign": 1.0}
    columns = {name: np.array([value]) for name, value in {**usual, "future": 0.0, **terms}.items()}
    found = (normal_greeks if is_normal else lognormal_greeks)(Options(**columns))
    return {name: float(getattr(found, name)[0]) for name in NAMES}


def moved(options: Options, **by: float) -> Options:
    return Options(**{name: getattr(options, name) + by.get(name, 0.0) for name in Options.__dataclass_fields__})


def test_quantlib_agrees_on_random_options():
    options = book()
    ours, theirs = lognormal_greeks(options), quantlib_peer.european(options)
    for name in NAMES:
        error = np.abs(getattr(ours, name) - getattr(theirs, name)) / options.strike
        assert error.max() < PEER_ERROR, name


def test_quantlib_agrees_on_normal_options():
    options = book(negative=True, future=True)
    error = np.abs(normal_greeks(options).price - quantlib_peer.bachelier(options)) / np.abs(options.strike)
    assert error.max() < PEER_ERROR


@pytest.mark.parametrize("future", [False, True])
@pytest.mark.parametrize("kernel", [lognormal_greeks, normal_greeks])
def test_greeks_are_the_slopes_of_the_price(kernel, future: bool):
    options = book(5, future=future, negative=kernel is normal_greeks)
    found = kernel(options)

    def slope(h: float, **by: float) -> np.ndarray:
        up = kernel(moved(options, **{name: h * way for name, way in by.items()})).price
        down = kernel(moved(options, **{name: -h * way for name, way in by.items()})).price
        return np.asarray((up - down) / (2 * h))

    size = 1.0 + np.abs(options.strike)
    differences = {
        "delta": slope(1e-3, spot=1.0),
        "vega": slope(1e-4, vol=1.0),
        "theta": -slope(1e-5, years=1.0),
        "rho": slope(1e-5, rate=1.0, carry=1.0 if future else 0.0),
    }
    for name, difference in differences.items():
        assert np.max(np.abs(getattr(found, name) - difference) / size) < DIFFERENCE_ERROR, name
    h = 1e-2
    bend = (kernel(moved(options, spot=h)).delta - kernel(moved(options, spot=-h)).delta) / (2 * h)
    assert np.max(np.abs(found.gamma - bend)) < DIFFERENCE_ERROR


@pytest.mark.parametrize("kernel", [lognormal_greeks, normal_greeks])
def test_put_call_parity(kernel):
    options = book(7, negative=kernel is normal_greeks)
    columns = {name: getattr(options, name) for name in Options.__dataclass_fields__}
    call = kernel(Options(**{**columns, "sign": np.ones(COUNT)})).price
    put = kernel(Options(**{**columns, "sign": -np.ones(COUNT)})).price
    forward = options.spot * np.exp(-options.carry * options.years) - options.strike * np.exp(
        -options.rate * options.years
    )
    grain = np.maximum(np.abs(options.spot), np.abs(options.strike)) + options.vol
    assert np.max(np.abs(call - put - forward) / grain) < PARITY_ERROR


@settings(max_examples=60, deadline=None)
@given(
    spot=st.floats(1e-3, 1e6),
    strike=st.floats(1e-3, 1e6),
    years=st.floats(0.0, 30.0),
    vol=st.floats(0.0, 20.0),
    rate=st.floats(-0.2, 0.5),
    carry=st.floats(-0.2, 0.5),
    sign=st.sampled_from([1.0, -1.0]),
)
def test_prices_keep_within_their_bounds(**terms):
    found = one(**terms)
    assert all(np.isfinite(value) for value in found.values())
    s = terms["spot"] * np.exp(-terms["carry"] * terms["years"])
    k = terms["strike"] * np.exp(-terms["rate"] * terms["years"])
    grain = 4 * CDF_ERROR * (s + k)
    assert found["price"] >= max(terms["sign"] * (s - k), 0.0) - grain
    assert found["price"] <= (s if terms["sign"] > 0 else k) + grain
    assert found["gamma"] >= 0.0
    assert found["vega"] >= 0.0


@settings(max_examples=30, deadline=None)
@given(
    vol=st.floats(0.01, 3.0),
    more=st.floats(1e-3, 1.0),
    strike=st.floats(50.0, 200.0),
    sign=st.sampled_from([1.0, -1.0]),
)
def test_more_volatility_is_worth_more(vol: float, more: float, strike: float, sign: float):
    low, high = (one(vol=value, strike=strike, sign=sign)["price"] for value in (vol, vol + more))
    assert high >= low - 1e-12


@pytest.mark.parametrize("is_normal", [False, True])
def test_limits(is_normal: bool):
    assert one(is_normal=is_normal, years=0.0, spot=110.0) == pytest.approx(
        {"price": 10.0, "delta": 1.0, "gamma": 0.0, "vega": 0.0, "theta": 0.0, "rho": 0.0}
    )
    still = one(is_normal=is_normal, vol=0.0)
    assert still["price"] == pytest.approx(100.0 - 100.0 * np.exp(-0.05))
    assert (still["delta"], still["gamma"]) == (1.0, 0.0)
    assert one(is_normal=is_normal, vol=0.0, rate=0.0)["delta"] == 0.5
    assert one(is_normal=is_normal, spot=1e-9, sign=-1.0, vol=0.1)["price"] == pytest.approx(100.0 * np.exp(-0.05))


def test_a_spot_at_or_below_zero_has_the_limits_of_a_lognormal_one():
    for spot in (0.0, -5.0):
        put, call = one(spot=spot, sign=-1.0), one(spot=spot)
        assert put["price"] == pytest.approx(100.0 * np.exp(-0.05))
        assert call["price"] == 0.0
        assert all(np.isfinite(value) for value in (*put.values(), *call.values()))


def test_fills_what_it_is_given():
    options, out = book(), Greeks.zeros(COUNT)
    assert lognormal_greeks(options, out) is out
    assert out.price.any()
