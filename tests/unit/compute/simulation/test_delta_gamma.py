from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from compute.errors import HistoryError, InputError
from compute.market import Market
from compute.portfolio import Portfolio
from compute.result import Result, check_finite, no_checkpoint
from compute.simulation.covariance import ewma
from compute.simulation.request import PARAMETERS, work
from compute.simulation.var import value_at_risk
from tests.unit.compute.simulation.books import made_history, portfolio, real_book, real_history

PATHS = 200_000


def compute(book: Portfolio, market: Market, **parameters: Any) -> Result:
    return check_finite(value_at_risk(book, market, {"method": "delta_gamma", **parameters}, no_checkpoint))


def option_book(quantity: float = -10.0, expiry: str = "2023-03-17", **fields: Any) -> tuple[Portfolio, Market]:
    """Return stock and calls on it, of one listed name and one with given greeks."""
    history = real_history()
    spot = dict(zip(history.symbols, history.closes[-1].tolist(), strict=True))
    count, nan = 4, float("nan")
    symbols = ["AAPL", "AAPL 130 C", "MSFT", "MSFT X"]
    book = portfolio(
        symbols,
        [500.0, quantity, 300.0, -3.0],
        [spot["AAPL"], 6.0, spot["MSFT"], 5.0],
        numbers={
            "multiplier": [1.0, 100.0, 1.0, 100.0],
            "strike": [nan, 130.0, nan, nan],
            "implied_volatility": [nan, 0.35, nan, nan],
            "underlying_price": [nan, spot["AAPL"], nan, spot["MSFT"]],
            "delta": [nan, nan, nan, 0.5],
            "gamma": [nan, nan, nan, 0.02],
        },
        labels={
            "instrument": ["stock", "option", "stock", "option"],
            "underlying": [None, "AAPL", None, "MSFT"],
            "option_type": [None, "call", None, "call"],
            "exercise": [None, "european", None, None],
            "expiry": [None, expiry, None, None],
        },
        rates={"USD": 0.04},
        **fields,
    )
    assert len(book) == count
    return book, Market(history=history)


def revalued(book: Portfolio, market: Market) -> np.ndarray:
    """Return losses of option_book by Black-Scholes in scipy and the given greeks, on numpy's own normals."""
    assert market.history is not None
    columns = [market.history.symbols.index(name) for name in ("AAPL", "MSFT")]
    returns = np.diff(np.log(market.history.closes[-501:][:, columns]), axis=0)
    x = np.random.default_rng(5).multivariate_normal(np.zeros(2), ewma(returns), PATHS)
    spot = market.history.closes[-1][columns]
    moved = spot * np.exp(x)
    years = (np.datetime64("2023-03-17") - np.datetime64(book.as_of)).astype(int) / 365

    def call(level: Any) -> Any:
        deviation = 0.35 * np.sqrt(years)
        d1 = (np.log(level / 130.0) + 0.04 * years) / deviation + deviation / 2
        return level * stats.norm.cdf(d1) - 130.0 * np.exp(-0.04 * years) * stats.norm.cdf(d1 - deviation)

    step = moved[:, 1] - spot[1]
    gains = 500.0 * (moved[:, 0] - spot[0]) - 1000.0 * (call(moved[:, 0]) - call(spot[0]))
    return np.asarray(-(gains + 300.0 * step - 300.0 * (0.5 * step + 0.5 * 0.02 * step**2)))


def test_option_book_is_near_full_revaluation_by_other_means() -> None:
    book, market = option_book()
    result = compute(book, market)
    losses = np.sort(revalued(book, market))
    for entry in result.document["measures"]:
        cut = int(entry["confidence"] * PATHS)
        assert entry["var"] == pytest.approx(losses[cut], rel=0.03)
        assert entry["es"] == pytest.approx(losses[cut:].mean(), rel=0.03)
    assert 0 < result.document["expansion"]["of_var"] < 0.1


def test_linear_book_is_within_monte_carlo_errors_of_plain() -> None:
    exact = compute(*real_book()).document["measures"]
    sampled = value_at_risk(*real_book(), {"method": "plain", "paths": PATHS}, no_checkpoint).document["measures"]
    for one, other in zip(exact, sampled, strict=True):
        assert abs(one["var"] - other["var"]) < 4 * other["se_var"]
        assert abs(one["es"] - other["es"]) < 4 * other["se_es"]
        assert one["se_var"] == one["se_es"] == 0.0
        assert 0 <= one["inversion_error"] < 1e-6 * one["var"]


@pytest.mark.parametrize("build", [real_book, option_book])
def test_components_sum_to_each_total(build: Any) -> None:
    result = compute(*build())
    table = result.tables["components"]
    for entry in result.document["measures"]:
        rows = table["confidence"] == entry["confidence"]
        assert table["component_var"][rows].sum() == pytest.approx(entry["var"], rel=1e-8)
        assert table["component_es"][rows].sum() == pytest.approx(entry["es"], rel=1e-8)


def test_document_says_what_it_is() -> None:
    result = compute(*option_book(), factor_model="ledoit_wolf", confidence=0.99)
    document: Mapping[str, Any] = result.document
    assert (document["paths"], document["seed"], document["histogram"]) == (None, None, None)
    assert document["factor_model"] == "ledoit_wolf"
    assert document["measures"][0]["method"] == "delta_gamma"
    assert document["expansion"]["largest_at"] in {"AAPL", "MSFT"}
    assert any("Exact" in text for text in document["assumptions"])
    assert result.tables["components"]["symbol"] == ["AAPL", "MSFT"]


def test_short_calls_hedged_with_stock_lose_by_curvature() -> None:
    book, market = option_book(quantity=-10.0)
    table = compute(book, market, confidence=0.99).tables["components"]
    assert table["gamma"][0] < 0 < table["exposure"][1]


def test_an_option_that_expires_within_the_horizon_is_refused() -> None:
    book, market = option_book(expiry="2023-01-06")
    compute(book, market, horizon_days=1)
    with pytest.raises(InputError, match="expires within the horizon") as caught:
        compute(book, market, horizon_days=10)
    assert caught.value.pointer == "/portfolio/positions/1/expiry"


def test_a_horizon_too_long_for_the_expansion_is_refused() -> None:
    book, market = option_book(expiry="2023-06-16")
    with pytest.raises(InputError, match="misses full revaluation") as caught:
        compute(book, market, horizon_days=100)
    assert "method plain" in caught.value.remedy


def test_negative_price_is_refused() -> None:
    with pytest.raises(InputError, match="not positive"):
        compute(portfolio(["AAPL"], [1.0], [-1.0]), Market(history=real_history()))


def test_missing_history_names_the_symbols() -> None:
    with pytest.raises(HistoryError, match=r"No price history of NOPE\."):
        compute(portfolio(["NOPE", "AAPL"], [1.0, 1.0], [1.0, 1.0]), Market(history=real_history()))


def test_nothing_at_risk_is_zero() -> None:
    result = compute(portfolio(["AAPL", "AAPL"], [1.0, -1.0], [5.0, 5.0]), Market(history=real_history()))
    assert {(entry["var"], entry["method"]) for entry in result.document["measures"]} == {(0.0, "delta_gamma")}


def test_factors_that_cancel_out_are_refused_by_name() -> None:
    move = np.random.default_rng(0).normal(0, 0.01, (200, 1))
    history = made_history(np.hstack([move, move]), ("A", "B"))
    book = portfolio(["A", "B"], [1.0, -1.0], [100.0, 100.0])
    with pytest.raises(InputError, match="cancels out"):
        compute(book, Market(history=history))


def test_it_draws_no_paths() -> None:
    defaults = {name: parameter.default for name, parameter in PARAMETERS.items()}
    assert work(20, {**defaults, "method": "delta_gamma"}) == 1.0
