"""10,000 European options with all greeks against QuantLib's Python loop and against plain vectorised scipy."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import QuantLib
from scipy.special import ndtr

from benchmarks.harness import Line, compare, race
from compute.portfolio import Floats
from compute.pricing.european import NAMES, Greeks, Options, lognormal_greeks

COUNT = 10_000
SEED = 42
LOOP_RATIO, SCIPY_RATIO = 100, 3
TODAY = QuantLib.Date(2, 1, 2024)


def made_up() -> Options:
    """Return options on one underlying currency, expiring in 3 to 1,500 days."""
    generator = np.random.default_rng(SEED)
    return Options(
        spot=generator.uniform(50.0, 150.0, COUNT),
        strike=generator.uniform(50.0, 150.0, COUNT),
        years=generator.integers(3, 1_500, COUNT) / 365.0,
        vol=generator.uniform(0.05, 0.8, COUNT),
        rate=generator.uniform(-0.01, 0.08, COUNT),
        carry=generator.uniform(0.0, 0.05, COUNT),
        sign=np.where(generator.random(COUNT) < 0.5, 1.0, -1.0),
        future=np.zeros(COUNT),
    )


def with_scipy(options: Options) -> tuple[Floats, ...]:
    """Return price and greeks as a numpy and scipy user writes them."""
    spot, strike, years, vol, rate, carry, sign, _ = options.columns()
    root = np.sqrt(years)
    d1 = (np.log(spot / strike) + (rate - carry + 0.5 * vol**2) * years) / (vol * root)
    d2 = d1 - vol * root
    thin, fade = np.exp(-carry * years), np.exp(-rate * years)
    share, cash = spot * thin * ndtr(sign * d1), strike * fade * ndtr(sign * d2)
    bell = thin * np.exp(-0.5 * d1**2) / np.sqrt(2.0 * np.pi)
    price = sign * (share - cash)
    theta = -0.5 * spot * bell * vol / root - sign * (rate * cash - carry * share)
    return (
        price,
        sign * thin * ndtr(sign * d1),
        bell / (spot * vol * root),
        spot * bell * root,
        theta,
        sign * years * cash,
    )


def quantlib_loop(options: Options) -> Callable[[], Floats]:
    """Return the loop, its quotes set for each option in turn: the analytic engine, price and greeks, shape (6, n)."""
    QuantLib.Settings.instance().evaluationDate = TODAY
    counter, calendar = QuantLib.Actual365Fixed(), QuantLib.NullCalendar()
    spot, vol, rate, carry = (QuantLib.SimpleQuote(0.1) for _ in range(4))
    handles = [QuantLib.QuoteHandle(quote) for quote in (spot, vol, rate, carry)]
    process = QuantLib.BlackScholesMertonProcess(
        handles[0],
        QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(TODAY, handles[3], counter)),
        QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(TODAY, handles[2], counter)),
        QuantLib.BlackVolTermStructureHandle(QuantLib.BlackConstantVol(TODAY, calendar, handles[1], counter)),
    )
    engine = QuantLib.AnalyticEuropeanEngine(process)
    rows = list(zip(*(column.tolist() for column in options.columns()), strict=True))
    kinds = {1.0: QuantLib.Option.Call, -1.0: QuantLib.Option.Put}

    def loop() -> Floats:
        found = np.empty((len(NAMES), COUNT))
        for i, (level, strike, years, sigma, interest, yields, sign, _future) in enumerate(rows):
            spot.setValue(level)
            vol.setValue(sigma)
            rate.setValue(interest)
            carry.setValue(yields)
            payoff = QuantLib.PlainVanillaPayoff(kinds[sign], strike)
            option: Any = QuantLib.VanillaOption(payoff, QuantLib.EuropeanExercise(TODAY + round(365 * years)))
            option.setPricingEngine(engine)
            found[:, i] = option.NPV(), option.delta(), option.gamma(), option.vega(), option.theta(), option.rho()
        return found

    return loop


def run() -> Iterator[Line]:
    """Time us and both; `error` is the largest difference to QuantLib of a price or greek, relative to the strike."""
    options, out = made_up(), Greeks.zeros(COUNT)
    loop = quantlib_loop(options)
    ours = lognormal_greeks(options, out).columns()
    error = float(np.max(np.abs(np.array(ours) - loop()) / options.strike))

    def fill() -> Greeks:
        return lognormal_greeks(options, out)

    timed = race(fill, loop, rounds=5, warm_up=1)
    yield compare("options", timed, peer="QuantLib, Python loop", target_ratio=LOOP_RATIO, error=error)
    timed = race(fill, lambda: with_scipy(options), rounds=101)
    yield compare("options", timed, peer="scipy, vectorised float64", target_ratio=SCIPY_RATIO, error=error)
