"""Which volatility a margin uses, and from where."""

from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from compute.margin.volatility import ewma
from compute.market import Market, PriceHistory
from compute.measures import measure
from tests.unit.compute.margin.books import book, calculate, row

TIGHT = 1e-12  # relative: the same sum in another order


def history(closes, symbols=("TSLA",), start="2024-06-03"):
    columns = np.array(closes, dtype=np.float64).reshape(len(closes), len(symbols))
    dates = np.datetime64(start, "D") + np.arange(len(closes))
    return Market(history=PriceHistory(symbols=tuple(symbols), dates=dates, closes=columns))


def walk(count, seed=7):
    return 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.02, count)))


def slow_ewma(closes):
    """The RiskMetrics recursion written as sums."""
    returns = [np.log(later / earlier) for earlier, later in pairwise(closes)][::-1]
    weights = [0.94**age for age in range(len(returns))]
    return np.sqrt(252 * sum(w * r * r for w, r in zip(weights, returns, strict=True)) / sum(weights))


def test_ewma_agrees_with_the_sums():
    closes = walk(300)
    assert ewma(closes) == pytest.approx(slow_ewma(closes.tolist()), rel=TIGHT)


def test_ewma_skips_missing_days():
    closes = walk(100)
    holed = np.insert(closes, 50, np.nan)
    assert ewma(holed) == ewma(closes)


@pytest.mark.parametrize("closes", [walk(20), np.full(30, np.nan), np.append(walk(30), 0.0), np.append(walk(30), -1.0)])
def test_ewma_has_none_where_closes_do_not_allow_one(closes):
    assert np.isnan(ewma(closes))


def test_precedence_position_table_class():
    rows = [
        row("TSLA", "equity", 1, 1, implied_volatility=0.6),
        row("TSLA", "equity", 1, 1),
        row("JPM", "equity", 1, 1),
        row("JPM", "equity", 1, 1, implied_volatility=0.0),
    ]
    _, table = calculate(book(rows))
    assert table["volatility"].tolist() == [0.6, 0.45, 0.2, 0.0]
    assert table["volatility_source"] == ["position", "parameter_set", "class_default", "position"]


def test_history_comes_first_when_asked_for():
    closes = walk(60)
    rows = [row("TSLA", "equity", 1, 1, implied_volatility=0.6), row("JPM", "equity", 1, 1, implied_volatility=0.5)]
    _, table = calculate(book(rows), market=history(closes), volatility="history")
    assert table["volatility"].tolist() == pytest.approx([slow_ewma(closes.tolist()), 0.5], rel=TIGHT)
    assert table["volatility_source"] == ["history", "position"]


def test_history_is_not_read_unless_asked_for():
    _, table = calculate(book([row("TSLA", "equity", 1, 1)]), market=history(walk(60)))
    assert table["volatility_source"] == ["parameter_set"]


def test_history_ends_at_the_day_of_the_portfolio():
    closes = walk(80)
    market = history(closes)
    until = date(2024, 6, 3).toordinal() + 39
    portfolio = book([row("TSLA", "equity", 1, 1)], as_of=date.fromordinal(until))
    _, table = calculate(portfolio, market=market, volatility="history")
    assert table["volatility"].tolist() == pytest.approx([slow_ewma(closes[:40].tolist())], rel=TIGHT)


@pytest.mark.parametrize("market", [Market(), history(walk(60), ("MSFT",)), history(walk(10))])
def test_without_usable_history_the_next_source_serves(market):
    _, table = calculate(book([row("TSLA", "equity", 1, 1)]), market=market, volatility="history")
    assert table["volatility_source"] == ["parameter_set"]


def test_history_moves_the_margin():
    closes = 100.0 * np.cumprod(np.where(np.arange(60) % 2, 1.05, 0.96))
    portfolio = book([row("JPM", "equity", 100, 100)])
    calm, _ = calculate(portfolio)
    wild, table = calculate(portfolio, market=history(closes, ("JPM",)), volatility="history")
    assert calm["initial_margin"] == 2_500
    assert wild["initial_margin"] == pytest.approx(2_500 * (1 + 1.5 * (table["volatility"][0] - 0.3)))


@pytest.mark.parametrize("name", ["margin", "optimise"])
def test_measure_says_when_it_reads_history(name):
    found = measure(name)
    assert found.needs_history({"volatility": "history"})
    assert not found.needs_history({"volatility": found.parameters["volatility"].default})
    assert found.work(10_000, {}) > found.work(100, {})
