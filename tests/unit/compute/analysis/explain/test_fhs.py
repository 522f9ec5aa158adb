"""Filtered historical simulation explained: tail means, neighbours of VaR, tools, add-ons, options in full."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from compute.market import Market
from compute.portfolio import Portfolio
from tests.unit.compute.analysis.explain.explaining import (
    contributions,
    explain,
    figure,
    groups,
    holds_together,
    steps_of,
)
from tests.unit.compute.margin.fhs.books import compute
from tests.unit.compute.margin.fhs.test_options import book as option_book
from tests.unit.compute.margin.fhs.test_options import option
from tests.unit.compute.simulation.books import portfolio, real_book

STEP = 1e-7
AGREES = 1e-5


def scaled(book: Portfolio, position: int, factor: float) -> Portfolio:
    quantity = book.numbers["quantity"].copy()
    quantity[position] *= factor
    return replace(book, numbers={**book.numbers, "quantity": quantity})


def _is_derivative(book: Portfolio, market: Market, **given: Any) -> None:
    parts = contributions(explain(book, "fhs", market, top=0, top_groups=0, **given))
    scale = float(np.abs(parts).max())
    for position, part in enumerate(parts.tolist()):
        up, down = (
            figure(scaled(book, position, 1.0 + step), "fhs", "initial_margin", market, **given)
            for step in (STEP, -STEP)
        )
        assert (up - down) / (2.0 * STEP) == pytest.approx(part, abs=AGREES * scale)


def test_expected_shortfall_is_split_by_its_derivative() -> None:
    book, market = real_book()
    assert explain(book, "fhs", market, top=0, top_groups=0).document["differentiable"] is True
    _is_derivative(book, market)


def test_options_revalued_in_full_too() -> None:
    _, market = real_book()
    _is_derivative(option_book(option("AAPL", -10, 1.0), option("MSFT", 20, 1.05, right="put")), market)


@pytest.mark.parametrize("apc", ["none", "buffer", "stressed", "floor"])
@pytest.mark.parametrize("measure", ["es", "var"])
def test_parts_sum_whatever_the_tool(measure: str, apc: str) -> None:
    book, market = real_book()
    given = {"risk_measure": measure, "apc": apc}
    result = explain(book, "fhs", market, top=1, top_groups=1, **given)
    holds_together(result, figure(book, "fhs", "initial_margin", market, **given))
    assert result.document["differentiable"] is (measure == "es" and apc == "none")
    assert ("neighbours" in result.document["rule"]) is (measure == "var")
    assert ("procyclicality" in result.document["rule"]) is (apc != "none")


def test_add_ons_are_steps_and_named_in_the_rule() -> None:
    _, market = real_book()
    book = portfolio(
        ["AAPL", "AAPL", "MSFT"],
        [1000.0, -400.0, 300.0],
        [120.0, 120.0, 240.0],
        numbers={"bid_ask_bp": [10.0, 10.0, np.nan], "average_daily_volume": [1e3, 1e3, 1e6]},
    )
    result = explain(book, "fhs", market)
    holds_together(result, figure(book, "fhs", "initial_margin", market))
    steps = steps_of(result)
    parts = compute(book, market).document["breakdown"]
    assert steps["liquidity"] == parts["liquidity"] > 0.0
    assert steps["concentration"] == parts["concentration"] > 0.0
    assert "add-ons" in result.document["rule"]
    assert result.document["differentiable"] is False


@pytest.mark.parametrize("measure", ["es", "var"])
def test_positions_alone_are_margins_of_one_position(measure: str) -> None:
    book, market = real_book()
    result = explain(book, "fhs", market, risk_measure=measure, top=500)
    steps = steps_of(result)
    alone = result.tables["positions"]["stand_alone"]
    assert steps["positions_alone"] == pytest.approx(sum(alone), rel=1e-9)
    assert steps["diversification"] == pytest.approx(result.document["total"] - sum(alone), rel=1e-9)


def test_options_alone_are_margins_of_one_position() -> None:
    _, market = real_book()
    book = option_book(option("AAPL", -10, 1.0), option("AAPL", 5, 0.9), option("MSFT", 20, 1.05, right="put"))
    result = explain(book, "fhs", market, top=10)
    steps = steps_of(result)
    assert steps["positions_alone"] == pytest.approx(sum(result.tables["positions"]["stand_alone"]), rel=1e-9)


def test_conversion_rates_and_groups() -> None:
    _, market = real_book()
    book = portfolio(
        ["AAPL", "MSFT"],
        [100.0, -100.0],
        [120.0, 240.0],
        labels={"currency": ["USD", "EUR"]},
        fx={"EUR/USD": 1.1},
    )
    result = explain(book, "fhs", market, group_by="currency")
    holds_together(result, figure(book, "fhs", "initial_margin", market))
    found = groups(result, "currency")["EUR"]
    alone = figure(book.take(np.array([False, True])), "fhs", "initial_margin", market)
    rest = figure(book.take(np.array([True, False])), "fhs", "initial_margin", market)
    assert (found["stand_alone"], found["marginal"]) == (alone, result.document["total"] - rest)


def test_a_book_without_exposures() -> None:
    _, market = real_book()
    holds_together(explain(portfolio(["AAPL"], [0.0], [120.0]), "fhs", market), 0.0)
    holds_together(explain(portfolio([], [], []), "fhs", market), 0.0)
