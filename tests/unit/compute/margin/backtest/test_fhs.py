from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy import stats

from benchmarks import _fhs_reference as reference
from compute.errors import CancelledError, HistoryError
from compute.margin.backtest.fhs import backtest
from compute.market import Market, PriceHistory
from compute.measures import MEASURES
from compute.result import Result
from core.names import Measure
from tests.unit.compute.margin.fhs.books import compute, gaussian, made, run_backtest
from tests.unit.compute.simulation.books import portfolio, real_book, real_history

SLOW = 1e-12  # relative: against the loop over the days


def on(result: Result, day: str, column: str) -> float:
    table = result.tables["path"]
    return float(table[column][table["date"].index(day)])


def test_the_whole_path_equals_the_loop() -> None:
    book, market = real_book()
    found = run_backtest(book, market, days=400, confidence=0.975, mpor_days=3).tables["path"]
    amounts = book.numbers["quantity"] * book.numbers["price"]
    closes = real_history().closes[-(400 + 152 + 1250 + 3) :]
    slow = reference.path(closes, amounts, decay=0.97, lookback=1250, mpor_days=3, confidence=0.975)
    for name, expected in zip(("core_var", "core_es", "loss"), slow, strict=True):
        np.testing.assert_allclose(found[name], expected, rtol=SLOW, atol=SLOW * np.abs(expected).max())


@pytest.mark.parametrize("tool", ["none", "buffer", "stressed", "floor"])
@pytest.mark.parametrize("measure", ["es", "var"])
def test_a_day_of_the_path_is_the_margin_of_that_day(tool: str, measure: str) -> None:
    """Same exposures, as of an earlier day: the model and its backtest are one model."""
    book, market = real_book()
    result = run_backtest(book, market, apc=tool, risk_measure=measure, days=800)
    for day in ("2020-03-20", "2022-12-23"):
        then = compute(replace(book, as_of=date.fromisoformat(day)), market, apc=tool, risk_measure=measure)
        assert on(result, day, "margin") == pytest.approx(then.document["initial_margin"], rel=1e-9)
        assert on(result, day, "core_es") == pytest.approx(then.document["core_es"], rel=1e-9)


def test_the_loss_is_that_of_the_days_after() -> None:
    book, market = real_book()
    result = run_backtest(book, market, days=30)
    history = real_history()
    at = int(np.searchsorted(history.dates, np.datetime64("2022-12-15")))
    moves = history.closes[at + 2] / history.closes[at] - 1.0
    expected = -float(moves @ (book.numbers["quantity"] * book.numbers["price"]))
    assert on(result, "2022-12-15", "loss") == pytest.approx(expected, rel=1e-9)
    assert result.document["last_day"] == "2022-12-23"  # two closes follow it
    assert result.document["days"] == 30


def test_later_closes_do_not_change_an_earlier_margin() -> None:
    book, market = real_book()
    history = real_history()
    cut = history.dates <= np.datetime64("2020-06-30")
    short = Market(history=PriceHistory(symbols=history.symbols, dates=history.dates[cut], closes=history.closes[cut]))
    whole, upto = run_backtest(book, market, apc="stressed"), run_backtest(book, short, apc="stressed")
    count = upto.document["days"]
    assert whole.tables["path"]["date"][:count] == upto.tables["path"]["date"]
    np.testing.assert_allclose(whole.tables["path"]["margin"][:count], upto.tables["path"]["margin"], rtol=1e-9)


def test_coverage_of_gaussian_returns_is_near_nominal() -> None:
    """Independent normal days: exceedances of VaR are binomial; four standard deviations are allowed."""
    book, market = made(gaussian(12_000, 1, seed=3), [1e6])
    result = run_backtest(book, market, mpor_days=1, risk_measure="var", **{"lambda": 0.99})
    (coverage, again) = result.document["coverage"]
    days = coverage["observations"]
    assert days == 12_000 - 459 - 1250
    deviation = np.sqrt(0.01 * 0.99 / days)
    assert abs((1.0 - coverage["coverage"]) - 0.01) < 4 * deviation
    assert coverage["kupiec"]["p_value"] > 1e-3
    assert coverage["christoffersen_independence"]["p_value"] > 1e-3
    assert {**coverage, "of": ""} == {**again, "of": ""}
    assert result.document["expected_shortfall"]["mean_loss_to_es"] == pytest.approx(1.0, abs=0.1)


def test_real_book_is_covered_and_the_document_agrees_with_the_path() -> None:
    result = run_backtest(*real_book(), risk_measure="var")
    document, path = result.document, result.tables["path"]
    assert document["first_day"] == "1995-07-19"
    beyond = path["loss"] > path["margin"]
    assert document["exceedances"]["exceedances"] == beyond.sum() == len(result.tables["breaches"]["date"])
    assert 0.985 < document["exceedances"]["coverage"] < 0.995
    alternate = beyond[::-2]
    (coverage, _) = document["coverage"]
    assert coverage["exceedances"] == alternate.sum()
    likelihood = stats.binom.logpmf(alternate.sum(), alternate.size, [alternate.mean(), 0.01])
    assert coverage["kupiec"]["statistic"] == pytest.approx(2 * (likelihood[0] - likelihood[1]), abs=1e-9)
    assert document["procyclicality"]["margin"]["peak_to_trough"] == pytest.approx(
        path["margin"].max() / path["margin"].min()
    )
    assert [rise["days"] for rise in document["procyclicality"]["margin"]["greatest_rises"]] == [1, 5, 30]


@pytest.mark.parametrize("tool", ["buffer", "stressed", "floor"])
def test_each_tool_damps_the_cycle(tool: str) -> None:
    """On the same days, the margin's peak-to-trough ratio is below that of the core it is made from."""
    moved = run_backtest(*real_book(), apc=tool).document["procyclicality"]
    assert moved["margin"]["peak_to_trough"] < moved["core"]["peak_to_trough"]


def test_a_short_history_is_refused_in_numbers() -> None:
    assert run_backtest(*made(gaussian(1_433, 2), [1e6, 1e6])).document["days"] == 30
    with pytest.raises(HistoryError, match="leaves 29 days to test, fewer than 30: each needs 1402 returns before it"):
        run_backtest(*made(gaussian(1_432, 2), [1e6, 1e6]))
    with pytest.raises(HistoryError, match=r"1403 common daily returns of N0, N1 .* are too few"):
        run_backtest(*made(gaussian(1_403, 2), [1e6, 1e6]))


def test_missing_days_are_bridged() -> None:
    book, market = made(gaussian(1_600, 2), [1e6, -1e6])
    assert market.history is not None
    closes = market.history.closes.copy()
    closes[700:720, 1] = np.nan
    document = run_backtest(book, Market(history=replace(market.history, closes=closes))).document
    assert document["history"]["days_left_out"] == 20
    assert document["days"] == 1_580 - 152 - 1250 - 1


def test_a_young_name_is_named() -> None:
    book, market = made(gaussian(3_000, 2), [1e6, -1e6])
    assert market.history is not None
    closes = market.history.closes.copy()
    closes[:1_000, 1] = np.nan
    with pytest.raises(HistoryError, match="history of N1 has a close on less than 90%"):
        run_backtest(book, Market(history=replace(market.history, closes=closes)))


def test_an_empty_book_has_nothing_to_test() -> None:
    document = run_backtest(portfolio([], [], []), Market()).document
    assert document["days"] == 0
    assert document["coverage"] == []


def test_a_caller_sees_progress_and_can_stop_it() -> None:
    seen: list[tuple[int, int]] = []

    def watch(done: int, total: int) -> None:
        seen.append((done, total))

    book, market = real_book()
    backtest(book, market, {}, watch)
    assert seen[0] == (0, 6909)
    assert seen[-1] == (6909, 6909)
    assert len(seen) > 3

    def stop(done: int, _total: int) -> None:
        if done:
            raise CancelledError("stop")

    with pytest.raises(CancelledError):
        backtest(book, market, {}, stop)


def test_registered_as_a_measure() -> None:
    spec = MEASURES[Measure.BACKTEST]
    assert spec.parameters["model"].default == "fhs" == spec.parameters["model"].choices[0]
    assert {"lambda", "apc", "days"} <= set(spec.parameters)
    assert spec.needs_history({})
