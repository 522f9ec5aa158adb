import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.errors import HistoryError, InputError
from compute.market import Market
from compute.measures import MEASURES
from compute.portfolio import Portfolio
from compute.result import Result, check_finite, no_checkpoint
from compute.simulation import reference
from compute.simulation.covariance import ewma
from compute.simulation.factorise import square_root
from compute.simulation.request import PARAMETERS, Request, work
from compute.simulation.tail import tails
from compute.simulation.var import overlapping, value_at_risk
from tests.unit.compute.simulation.books import made_history, portfolio, real_book, real_history

PATHS = 20_000


def compute(book: Portfolio, market: Market, **parameters: Any) -> Result:
    return check_finite(value_at_risk(book, market, {"paths": PATHS, **parameters}, no_checkpoint))


def measures(result: Result, method: str) -> list[Mapping[str, Any]]:
    return [entry for entry in result.document["measures"] if entry["method"] == method]


def test_real_book_equals_numpy_on_the_same_normals() -> None:
    book, market = real_book()
    result = compute(book, market, method="plain")
    closes = real_history().closes[-501:]
    symbols = sorted(real_history().symbols)
    order = [real_history().symbols.index(symbol) for symbol in symbols]
    returns = np.diff(np.log(closes[:, order]), axis=0)
    amounts = (book.numbers["quantity"] * book.numbers["price"])[order]
    root = square_root(ewma(returns))
    profits = reference.profit_and_loss(root.matrix, amounts[root.order], start=0, stop=PATHS, seed=42)
    for entry, tail in zip(measures(result, "plain"), tails(-profits, [0.95, 0.99]), strict=True):
        for name in ("var", "es"):
            assert entry[name] == pytest.approx(getattr(tail, name), rel=1e-6)
        for name in ("se_var", "se_es"):
            assert entry[name] == pytest.approx(getattr(tail, name), rel=1e-4)


def test_historical_figures_by_hand() -> None:
    book, market = real_book()
    result = compute(book, market, method="historical", lookback=1000, confidence=0.95)
    closes = real_history().closes[-1001:]
    moves = closes[1:] / closes[:-1] - 1.0
    losses = np.sort(-(moves @ (book.numbers["quantity"] * book.numbers["price"])))
    (entry,) = result.document["measures"]
    assert entry["var"] == pytest.approx(losses[949])
    assert entry["es"] == pytest.approx(losses[950:].mean())
    assert entry["scenarios"] == 1000
    assert result.document["seed"] is result.document["paths"] is result.document["factor_model"] is None


def test_horizon_scales_monte_carlo_by_its_root() -> None:
    book, market = real_book()
    one = compute(book, market, method="plain")
    four = compute(book, market, method="plain", horizon_days=4)
    for short, long in zip(measures(one, "plain"), measures(four, "plain"), strict=True):
        assert long["var"] / short["var"] == pytest.approx(2.0, rel=0.1)


def test_historical_horizon_overlaps() -> None:
    returns = np.arange(12.0).reshape(6, 2)
    np.testing.assert_array_equal(overlapping(returns, 1), returns)
    np.testing.assert_array_equal(overlapping(returns, 5), [returns[:5].sum(axis=0), returns[1:].sum(axis=0)])
    assert overlapping(returns, 7).shape == (0, 2)
    book, market = real_book()
    result = compute(book, market, horizon_days=10)
    (entry, _) = measures(result, "historical")
    assert entry["scenarios"] == 491
    assert any("overlap" in text for text in result.document["assumptions"])


@pytest.mark.parametrize("model", ["ewma", "ledoit_wolf", "sample"])
def test_document_has_the_agreed_shape(model: str) -> None:
    book, market = real_book()
    result = compute(book, market, factor_model=model)
    document = json.loads(json.dumps(result.document, allow_nan=False))
    assert document["currency"] == "USD"
    assert (document["factor_model"], document["paths"], document["seed"]) == (model, PATHS, 42)
    assert [(entry["confidence"], entry["method"]) for entry in document["measures"]] == [
        (0.95, "plain"),
        (0.99, "plain"),
        (0.95, "historical"),
        (0.99, "historical"),
    ]
    for entry in document["measures"]:
        assert entry["es"] > entry["var"] > 0
        assert 0 < entry["se_var"] < entry["var"]
        assert 0 < entry["se_es"] < entry["es"]
    assert sum(document["histogram"]["counts"]) == PATHS
    assert len(document["histogram"]["edges"]) == len(document["histogram"]["counts"]) + 1
    assert document["history"] == {
        "first": "2021-01-04",
        "last": "2022-12-28",
        "observations": 500,
        "days_left_out": 0,
    }
    lengths = {len(column) for column in result.tables["components"].values()}
    assert lengths == {40}


def test_components_sum_to_each_total() -> None:
    result = compute(*real_book())
    table = result.tables["components"]
    for entry in measures(result, "plain"):
        rows = table["confidence"] == entry["confidence"]
        assert table["component_var"][rows].sum() == pytest.approx(entry["var"], rel=1e-12)
        assert table["component_es"][rows].sum() == pytest.approx(entry["es"], rel=1e-8)


def test_same_seed_same_bits_other_seed_other_bits() -> None:
    book, market = real_book()
    first, again, other = (compute(book, market, seed=seed).document["measures"] for seed in (7, 7, 2**64 - 7))
    assert first == again
    assert first[0]["var"] != other[0]["var"]
    assert first[2] == other[2]  # historical


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(0.01, 100.0))
def test_order_splitting_and_scale_of_positions(random: Any, scale: float) -> None:
    book, market = real_book()
    order = list(range(len(book)))
    random.shuffle(order)
    symbols = [str(book.labels["symbol"].texts()[index]) for index in order]
    quantity = [float(book.numbers["quantity"][index]) * scale for index in order]
    price = [float(book.numbers["price"][index]) for index in order]
    halves = portfolio(
        [*symbols, *symbols], [*(0.25 * q for q in quantity), *(0.75 * q for q in quantity)], [*price, *price]
    )
    plain, changed = compute(book, market), compute(halves, market)
    for before, after in zip(plain.document["measures"], changed.document["measures"], strict=True):
        for name in ("var", "es", "se_var", "se_es"):
            assert after[name] == pytest.approx(scale * before[name], rel=1e-6)


def test_reversed_book_swaps_the_tails() -> None:
    book, market = real_book()
    reverse = replace(book, numbers={**book.numbers, "quantity": -book.numbers["quantity"]})
    found = compute(reverse, market, method="historical", confidence=0.95).document
    edges = compute(book, market, method="historical", confidence=0.95).document["histogram"]["edges"]
    assert found["histogram"]["edges"][-1] == pytest.approx(-edges[0])


def test_currencies_are_converted_and_the_assumption_is_said() -> None:
    book, market = real_book()
    sterling = replace(book, currency="GBP", fx={"GBP/USD": 1.25})
    plain, converted = compute(book, market), compute(sterling, market)
    assert converted.document["currency"] == "GBP"
    assert converted.document["measures"][0]["var"] == pytest.approx(plain.document["measures"][0]["var"] / 1.25)
    assert any("rates is not modelled" in text for text in converted.document["assumptions"])
    assert not any("rates is not modelled" in text for text in plain.document["assumptions"])


def test_stale_history_is_said() -> None:
    book, market = real_book()
    late = replace(book, as_of=date(2023, 2, 28))
    assert (
        "The price history ends 62 days before the portfolio's date." in compute(late, market).document["assumptions"]
    )
    assert not any("ends" in text for text in compute(book, market).document["assumptions"])


def test_delta_is_said() -> None:
    book, market = real_book()
    with_delta = replace(book, numbers={**book.numbers, "delta": np.full(len(book), 0.5)})
    halved = compute(with_delta, market)
    assert any("gamma" in text for text in halved.document["assumptions"])
    full = compute(book, market).document["measures"][0]["var"]
    assert halved.document["measures"][0]["var"] == pytest.approx(full / 2)


def test_auto_leaves_out_what_the_history_cannot_say() -> None:
    book, market = real_book()
    result = compute(book, market, confidence=[0.95, 0.9975], lookback=100)
    assert [entry["confidence"] for entry in measures(result, "historical")] == [0.95]
    assert any("too short for confidence 0.9975" in text for text in result.document["assumptions"])
    result = compute(book, market, confidence=0.9975, lookback=100)
    assert measures(result, "historical") == []
    with pytest.raises(HistoryError, match=r"100 historical scenarios say nothing about confidence 0\.9975"):
        compute(book, market, confidence=[0.95, 0.9975], lookback=100, method="historical")


def test_too_few_paths_for_the_confidence() -> None:
    with pytest.raises(InputError, match="100 losses say nothing") as caught:
        compute(*real_book(), paths=100, confidence=0.999)
    assert caught.value.pointer == "/parameters/paths"


@pytest.mark.parametrize("method", ["auto", "plain", "historical"])
def test_empty_and_flat_books_risk_nothing(method: str) -> None:
    flat = portfolio(["AAPL", "AAPL"], [1.0, -1.0], [100.0, 100.0])
    for book in (portfolio([], [], []), flat):
        result = compute(book, Market(), method=method)
        assert {entry["var"] for entry in result.document["measures"]} == {0.0}
        assert {entry["es"] for entry in result.document["measures"]} == {0.0}


def test_missing_history_names_the_symbols() -> None:
    with pytest.raises(HistoryError, match=r"No price history of NOPE\."):
        compute(portfolio(["NOPE", "AAPL"], [1.0, 1.0], [1.0, 1.0]), Market(history=real_history()))


def test_twin_factors_are_clipped_and_said() -> None:
    moves = np.random.default_rng(0).normal(0, 0.01, (200, 1))
    history = made_history(np.hstack([moves, moves, -2 * moves]), ("A", "B", "C"))
    book = portfolio(["A", "B", "C"], [1.0, 1.0, 2.0], [100.0, 100.0, 100.0])
    result = compute(book, Market(history=history), method="plain")
    assert result.document["covariance_clipped"] is True
    single = compute(portfolio(["A"], [-2.0], [100.0]), Market(history=history), method="plain")
    expected = single.document["measures"][0]["var"]
    assert result.document["measures"][0]["var"] == pytest.approx(expected, rel=0.1)


def test_too_many_factors_are_refused() -> None:
    symbols = [f"S{index}" for index in range(2_001)]
    with pytest.raises(InputError, match="2001 factors"):
        compute(portfolio(symbols, [1.0] * 2_001, [1.0] * 2_001), Market())


def test_checkpoints_rise_to_the_paths() -> None:
    seen: list[tuple[int, int]] = []
    value_at_risk(*real_book(), {"paths": 50_000}, lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[0] == (0, 50_000)
    assert seen[-1] == (50_000, 50_000)


def test_measure_is_registered_with_usable_defaults() -> None:
    spec = MEASURES["var"]
    defaults = {name: parameter.default for name, parameter in PARAMETERS.items()}
    assert spec.needs_history(defaults)
    assert Request.of(defaults) == Request.of({})
    assert work(20, defaults) == 100.0
    assert work(20, {**defaults, "method": "historical"}) == 1.0
    result = spec.kernel(*real_book(), {**defaults, "paths": 1_000}, no_checkpoint)
    assert result.device == "cpu"


def test_history_of_an_option_is_that_of_its_underlying() -> None:
    spot = float(real_history().closes[-1, 0])
    book = portfolio(
        ["AAPL 130 C", "MSFT"],
        [1.0, 1.0],
        [4.0, 240.0],
        numbers={"delta": [0.5, np.nan], "underlying_price": [spot, np.nan]},
        labels={"instrument": ["option", "stock"], "underlying": ["AAPL", None]},
    )
    assert MEASURES["var"].history_names(book) == ["AAPL", "MSFT"]
    assert MEASURES["margin"].history_names(book) == ["AAPL 130 C", "MSFT"]
    alone = portfolio(["AAPL", "MSFT"], [0.5, 1.0], [spot, 240.0])
    market = Market(history=real_history())
    assert compute(book, market).document["measures"] == compute(alone, market).document["measures"]
