"""American options against QuantLib: its spectral engine, and fine trees where that refuses the rates."""

from dataclasses import replace

import numpy as np
import pytest

from compute.pricing.american import early_greeks, early_prices
from compute.pricing.european import NAMES, Greeks, Options, lognormal_greeks, normal_greeks
from tests.unit.compute.pricing import quantlib_peer

PRICE_ERROR = 2e-6  # of the strike, the boundary's way
WIDE_ERROR = 3e-6  # of the larger of spot and strike, the same where σ√T is between 5 and 10
TREE_ERROR = 2e-4  # of the strike, the tree's way, against 2,001 steps
DELTA_ERROR, GAMMA_ERROR = 1e-5, 1e-5
VEGA_ERROR, THETA_ERROR = 2e-2, 1e-2  # per 1.00 of volatility and per year, at a strike of 100: differences both
COUNT = 24


def book(
    seed: int, *, rates: tuple[float, float] = (0.005, 0.08), carries: tuple[float, float] = (0.0, 0.08)
) -> Options:
    generator = np.random.default_rng(seed)
    return Options(
        spot=generator.uniform(70.0, 140.0, COUNT),
        strike=np.full(COUNT, 100.0),
        years=generator.integers(20, 900, COUNT) / 365.0,
        vol=generator.uniform(0.1, 0.6, COUNT),
        rate=generator.uniform(*rates, COUNT),
        carry=generator.uniform(*carries, COUNT),
        sign=np.where(np.arange(COUNT) % 2 == 0, 1.0, -1.0),
        future=np.zeros(COUNT),
    )


def moved(options: Options, **by: float) -> Options:
    return Options(**{name: getattr(options, name) + by.get(name, 0.0) for name in Options.__dataclass_fields__})


@pytest.fixture(scope="module")
def options() -> Options:
    return book(11)


@pytest.fixture(scope="module")
def found(options: Options) -> Greeks:
    return early_greeks(options)


def test_quantlib_agrees(options: Options, found: Greeks):
    error = np.abs(found.price - quantlib_peer.american(options)) / options.strike
    assert error.max() < PRICE_ERROR


def test_quantlibs_slopes_agree(options: Options, found: Greeks):
    h = 0.05
    up, here, down = (quantlib_peer.american(options, spot=by) for by in (h, 0.0, -h))
    alive = here > options.sign * (options.spot - options.strike) + 0.05  # not where a bump reaches the boundary
    assert np.max(np.abs(found.delta - (up - down) / (2 * h))[alive]) < DELTA_ERROR
    assert np.max(np.abs(found.gamma - (up - 2 * here + down) / h**2)[alive]) < GAMMA_ERROR
    vega = (quantlib_peer.american(options, vol=1e-3) - quantlib_peer.american(options, vol=-1e-3)) / 2e-3
    day = 1 / 365
    theta = (quantlib_peer.american(options, years=-day) - quantlib_peer.american(options, years=day)) / (2 * day)
    assert np.max(np.abs(found.vega - vega)[alive]) < VEGA_ERROR
    assert np.max(np.abs(found.theta - theta)[alive]) < THETA_ERROR


def test_rho_is_the_slope_of_the_price(options: Options, found: Greeks):
    slope = (early_prices(moved(options, rate=1e-3)) - early_prices(moved(options, rate=-1e-3))) / 2e-3
    now = found.gamma == 0.0
    assert np.max(np.abs(found.rho - slope)[~now]) < 1e-2
    assert not found.rho[now].any()


@pytest.mark.parametrize(("rates", "carries"), [((-0.03, -0.001), (-0.06, 0.03)), ((0.0, 0.0), (-0.03, 0.0))])
def test_the_trees_way_serves_rates_below_zero(rates: tuple[float, float], carries: tuple[float, float]):
    options = book(5, rates=rates, carries=carries)
    error = np.abs(early_prices(options) - quantlib_peer.american_by_tree(options, 2001)) / options.strike
    assert error.max() < TREE_ERROR


@pytest.mark.parametrize("is_normal", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_never_below_the_european_nor_the_intrinsic_value(is_normal: bool, seed: int):
    options = book(seed, rates=(-0.05, 0.1), carries=(-0.05, 0.1))
    if is_normal:
        options = Options(**{**options.__dict__, "vol": options.vol * 50.0, "spot": options.spot - 100.0})
    american = early_prices(options, is_normal=is_normal)
    european = (normal_greeks if is_normal else lognormal_greeks)(options).price
    intrinsic = options.sign * (options.spot - options.strike)
    assert np.all(american >= european - 1e-12)
    assert np.all(american >= intrinsic)


def test_never_early_is_european():
    options = book(3, rates=(0.0, 0.08), carries=(0.0, 0.0))
    calls = Options(**{**options.__dict__, "sign": np.ones(COUNT)})
    for ours, theirs in zip(early_greeks(calls).columns(), lognormal_greeks(calls).columns(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_more_volatility_and_time_are_worth_more(options: Options, found: Greeks):
    assert np.all(early_prices(moved(options, vol=0.05)) >= found.price - 1e-7)
    assert np.all(early_prices(moved(options, years=0.25)) >= found.price - 1e-6)


def test_on_the_last_day_and_without_volatility():
    ones = np.ones(3)
    spot, strike = np.array([80.0, 100.0, 120.0]), 100.0 * ones
    put = {
        "spot": spot,
        "strike": strike,
        "rate": 0.05 * ones,
        "carry": 0.0 * ones,
        "sign": -ones,
        "future": 0.0 * ones,
    }
    last = early_greeks(Options(**put, years=0.0 * ones, vol=0.2 * ones))
    assert last.price.tolist() == [20.0, 0.0, 0.0]
    still = early_greeks(Options(**put, years=ones, vol=0.0 * ones))
    np.testing.assert_allclose(still.price, [20.0, 0.0, 0.0], atol=1e-12)
    assert all(np.isfinite(column).all() for column in (*last.columns(), *still.columns()))


def test_options_on_normal_futures_may_be_exercised_early():
    ones = np.ones(1)
    deep = Options(spot=-40.0 * ones, strike=20.0 * ones, years=ones, vol=10.0 * ones, rate=0.08 * ones,
                   carry=0.08 * ones, sign=-ones, future=ones)  # fmt: skip
    assert early_prices(deep, is_normal=True)[0] == pytest.approx(60.0)
    assert normal_greeks(deep).price[0] < 56.0


def test_extremes_stay_finite_and_within_their_bounds():
    generator = np.random.default_rng(0)
    count, rates = 500, [-0.1, -0.01, 0.0, 1e-9, 1e-4, 0.05, 0.3]
    options = Options(
        spot=10 ** generator.uniform(-3, 5, count),
        strike=10 ** generator.uniform(-1, 4, count),
        years=generator.choice([0.0, 1 / 365, 0.01, 0.5, 2.0, 30.0], count),
        vol=generator.choice([0.0, 1e-6, 1e-3, 0.01, 0.2, 1.0, 5.0, 50.0], count),
        rate=generator.choice(rates, count),
        carry=generator.choice(rates, count),
        sign=np.where(generator.random(count) < 0.5, 1.0, -1.0),
        future=np.zeros(count),
    )
    found = early_greeks(options)
    assert all(np.isfinite(column).all() for column in found.columns())
    share = options.spot * np.exp(np.maximum(-options.carry, 0.0) * options.years)
    cash = options.strike * np.exp(np.maximum(-options.rate, 0.0) * options.years)
    assert np.all(found.price <= np.where(options.sign > 0, share, cash) * (1.0 + PRICE_ERROR) + 1e-9)
    assert np.all(found.price >= lognormal_greeks(options).price - 1e-9 * options.strike)


@pytest.mark.parametrize("vol", [0.0, 1e-6, 0.3])
@pytest.mark.parametrize(("sign", "rate", "carry"), [(-1.0, 0.05, 0.0), (1.0, 0.01, 0.08), (-1.0, 0.05, 0.05)])
def test_where_exercise_now_is_best_the_greeks_are_the_payoffs(sign: float, rate: float, carry: float, vol: float):
    one = np.ones(1)
    spot, strike = (20.0, 120.0) if sign < 0.0 else (700.0, 120.0)
    terms = {"spot": spot, "strike": strike, "years": 1.0, "vol": vol, "rate": rate, "carry": carry, "sign": sign}
    found = early_greeks(Options(future=0.0 * one, **{name: value * one for name, value in terms.items()}))
    figures = {name: float(getattr(found, name)[0]) for name in NAMES}
    assert figures == {"price": abs(spot - strike), "delta": sign, "gamma": 0.0, "vega": 0.0, "theta": 0.0, "rho": 0.0}


def test_wide_deviations_keep_the_boundarys_accuracy():
    """σ√T between 5 and 10, where a tree would be off by a hundredth of the strike."""
    generator = np.random.default_rng(4)
    options = book(12, carries=(0.0, 0.1))
    wide = replace(options, vol=generator.uniform(1.4, 2.4, COUNT), years=np.full(COUNT, 15.0))
    size = np.maximum(wide.spot, wide.strike)
    assert np.max(np.abs(early_prices(wide) - quantlib_peer.american(wide)) / size) < WIDE_ERROR
