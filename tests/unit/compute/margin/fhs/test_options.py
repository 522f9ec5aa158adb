"""Options revalued in full: against Black and Scholes by scipy, and what must always hold."""

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from compute.errors import InputError
from compute.margin.fhs.book import open_book
from compute.margin.fhs.procyclicality import charged
from compute.margin.fhs.request import Request
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from tests.unit.compute.margin.fhs.books import compute, run_backtest
from tests.unit.compute.margin.fhs.test_margin import CLOSE, slow_scenarios
from tests.unit.compute.pricing import books
from tests.unit.compute.simulation.books import AS_OF, real_book

CURVE_ERROR = 1e-8  # of the underlying's value: the table of curves against every price
KINK_ERROR = 1e-4  # of the underlying's value, where an option expires today


def option(symbol: str, quantity: float, strike: float, *, right: str = "call", days: int = 60, **more: Any) -> Any:
    _, market = real_book()
    assert market.history is not None
    spot = float(market.history.closes[-1, market.history.symbols.index(symbol)])
    expiry = (AS_OF + timedelta(days=days)).isoformat()
    return {
        "symbol": f"{symbol} {right} {strike:g}", "underlying": symbol, "underlying_price": spot,
        "instrument": "option", "option_type": right, "exercise": "european", "strike": strike * spot,
        "expiry": expiry, "implied_volatility": 0.3, "quantity": quantity, "multiplier": 100.0, "price": 5.0, **more,
    }  # fmt: skip


def book(*positions: dict[str, Any], **fields: Any) -> Portfolio:
    return books.portfolio(*positions, as_of=AS_OF, **fields)


def black_scholes(spot: Floats, strike: float, years: float, vol: float, rate: float, sign: float) -> Floats:
    d1 = (np.log(spot / strike) + (rate + vol**2 / 2) * years) / (vol * math.sqrt(years))
    d2 = d1 - vol * math.sqrt(years)
    return np.asarray(sign * (spot * norm.cdf(sign * d1) - strike * math.exp(-rate * years) * norm.cdf(sign * d2)))


STRADDLE = (option("AAPL", -10, 1.0), option("AAPL", -10, 1.0, right="put"))


def test_losses_are_black_and_scholes_at_the_moved_underlying() -> None:
    _, market = real_book()
    assert market.history is not None
    column = market.history.symbols.index("AAPL")
    spot = float(market.history.closes[-1, column])
    moved = spot * (1.0 + slow_scenarios(market)[:, column])
    years, losses = 60 / 365, np.zeros(moved.size)
    for sign in (1.0, -1.0):
        now = black_scholes(np.array([spot]), spot, years, 0.3, 0.04, sign)
        losses += 1000.0 * (black_scholes(moved, spot, years, 0.3, 0.04, sign) - now)
    losses += -200.0 * (moved - spot)
    share = {"symbol": "AAPL", "quantity": 200.0, "price": spot}
    found = compute(book(*STRADDLE, share, rates={"USD": 0.04}), market, risk_measure="var").document
    rank = math.ceil(0.99 * losses.size)
    assert found["core_var"] == pytest.approx(np.sort(losses)[rank - 1], rel=CLOSE)


def test_a_short_straddle_has_a_margin_where_its_delta_has_next_to_none() -> None:
    _, market = real_book()
    full = compute(book(*STRADDLE), market).document["initial_margin"]
    deltas = [{**one, "delta": delta} for one, delta in zip(STRADDLE, (0.5, -0.5), strict=True)]
    linear = compute(book(*deltas), market, revaluation="delta").document
    assert linear["initial_margin"] == 0.0
    assert full > 5_000.0


@pytest.mark.parametrize("risk_measure", ["es", "var"])
def test_long_options_lose_no_more_than_they_are_worth(risk_measure: str) -> None:
    _, market = real_book()
    long = [option("AAPL", 10, strike, right=right) for strike in (0.8, 1.0, 1.3) for right in ("call", "put")]
    result = compute(book(*long), market, risk_measure=risk_measure, confidence=0.995)
    worth = 1_000.0 * sum(
        black_scholes(np.array([1.0]), strike, 60 / 365, 0.3, 0.0, sign)[0] * long[0]["underlying_price"]
        for strike in (0.8, 1.0, 1.3)
        for sign in (1.0, -1.0)
    )
    assert 0.0 < result.document["initial_margin"] < worth


@pytest.mark.parametrize("risk_measure", ["es", "var"])
def test_contributions_sum_to_the_core(risk_measure: str) -> None:
    stock, market = real_book()
    positions = [
        {"symbol": symbol, "quantity": float(quantity), "price": float(price)}
        for symbol, quantity, price in zip(
            stock.labels["symbol"].texts(), stock.numbers["quantity"], stock.numbers["price"], strict=True
        )
    ]
    result = compute(book(*positions, *STRADDLE), market, risk_measure=risk_measure, apc="buffer")
    table = result.tables["positions"]
    assert table["core_contribution"].sum() == pytest.approx(result.document["breakdown"]["core"], rel=CLOSE)
    assert table["initial_margin"].sum() == pytest.approx(result.document["initial_margin"], rel=1e-6)
    assert np.abs(table["core_contribution"][-2:]).min() > 0.0


@pytest.mark.parametrize("exercise", ["european", "american"])
@pytest.mark.parametrize(("days", "error"), [(60, CURVE_ERROR), (1, 1e-6), (0, KINK_ERROR)])
def test_the_table_of_a_path_is_the_margin_of_its_day(exercise: str, days: int, error: float) -> None:
    _, market = real_book()
    held = [
        option("AAPL", -10, 1.0, right="put", days=days, exercise=exercise),
        option("AAPL", 4, 1.05, days=days, exercise=exercise),
        option("XOM", -3, 0.97, days=days, exercise=exercise),
    ]
    opened = open_book(book(*held, rates={"USD": 0.05}), market, Request.of({}))
    assert opened is not None
    found = charged(Request.of({}), opened, np.array([opened.days])).core
    exact = compute(book(*held, rates={"USD": 0.05}), market).document
    scale = 1_700.0 * 130.0
    assert abs(found.es[0] - exact["core_es"]) < error * scale
    assert abs(found.var[0] - exact["core_var"]) < error * scale


def test_the_backtest_meets_options_with_the_losses_they_would_have_made() -> None:
    _, market = real_book()
    assert market.history is not None
    result = run_backtest(book(*STRADDLE), market, days=60)
    column = market.history.symbols.index("AAPL")
    closes = market.history.closes[:, column]
    spot = float(closes[-1])
    moved = spot * closes[2:] / closes[:-2]
    value = sum(black_scholes(moved, spot, 60 / 365, 0.3, 0.0, sign) for sign in (1.0, -1.0))
    now = sum(black_scholes(np.array([spot]), spot, 60 / 365, 0.3, 0.0, sign)[0] for sign in (1.0, -1.0))
    np.testing.assert_allclose(result.tables["path"]["loss"], 1_000.0 * (value - now)[-60:], rtol=1e-8, atol=1e-6)
    assert result.tables["path"]["loss"].max() > 0.0


@pytest.mark.parametrize("tool", ["none", "buffer", "stressed", "floor"])
def test_a_day_of_a_path_reads_nothing_after_it(tool: str) -> None:
    held, market = book(*STRADDLE), real_book()[1]
    history = market.history
    assert history is not None
    whole = run_backtest(held, market, days=40, apc=tool).tables["path"]
    wild = history.closes.copy()
    wild[-10:] *= np.exp(np.random.default_rng(1).normal(0.0, 0.2, wild[-10:].shape))
    torn = run_backtest(held, Market(history=replace(history, closes=wild)), days=40, apc=tool).tables["path"]
    last = len(whole["date"]) - 9  # the days whose margin knows no close that was changed
    np.testing.assert_allclose(torn["margin"][:last], whole["margin"][:last], rtol=1e-6)
    assert not np.allclose(torn["margin"][last:], whole["margin"][last:], rtol=1e-3)


def test_an_option_takes_the_price_of_a_position_in_its_underlying() -> None:
    _, market = real_book()
    given = option("AAPL", -10, 1.0)
    share = {"symbol": "AAPL", "quantity": 0.0, "price": given["underlying_price"]}
    bare = {**given, "underlying_price": np.nan}
    one, other = (compute(book(first, share), market).document["initial_margin"] for first in (given, bare))
    assert one == other


def test_add_ons_count_options_by_their_model_s_delta() -> None:
    _, market = real_book()
    quoted = option("AAPL", -10, 1.0, bid_ask_bp=20.0)
    found = compute(books.portfolio(quoted, as_of=AS_OF), market)
    years = 60 / 365
    delta = norm.cdf(0.5 * 0.3 * math.sqrt(years))
    exposure = -1_000.0 * delta * quoted["underlying_price"]
    assert found.tables["positions"]["exposure"][0] == pytest.approx(exposure, rel=1e-12)


def test_an_expired_option_is_named() -> None:
    _, market = real_book()
    with pytest.raises(InputError, match="has expired") as caught:
        compute(book(option("AAPL", -10, 1.0, days=-1)), market)
    assert caught.value.pointer == "/portfolio/positions/0/expiry"


def test_the_result_says_how_options_moved() -> None:
    _, market = real_book()
    found = compute(book(*STRADDLE), market).document
    assert found["revaluation"] == "full"
    assert any("revalued in full" in said for said in found["assumptions"])
    assert any("rate of USD is not given" in said for said in found["assumptions"])
