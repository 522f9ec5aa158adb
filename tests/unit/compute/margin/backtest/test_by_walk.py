"""The measure backtest for models that are asked anew on each date."""

import numpy as np
import pytest

from compute.errors import HistoryError, InputError
from compute.margin.models import BACKTESTS, WALKED
from compute.market import Market
from compute.measures import measure
from compute.portfolio import Portfolio
from compute.result import Result, check_finite, no_checkpoint
from services.intake.parameters import read_parameters
from tests.unit.compute.analysis.books import portfolio
from tests.unit.compute.margin.backtest.books import history, long_short, option, stock, walked

SPAN = {
    "currency": "USD",
    "combined_commodities": {
        "ONE": {"contracts": {"A": {"month": "2026-03"}, "B": {"month": "2026-06"}}, "price_scan_pct": 2.0}
    },
}


def run(book: Portfolio, market: Market, **given: object) -> Result:
    filled = read_parameters("backtest", given)
    return check_finite(measure("backtest").chosen(filled).kernel(book, market, filled, no_checkpoint))


def test_fhs_is_the_default_and_keeps_its_parameters() -> None:
    assert read_parameters("backtest", {})["model"] == "fhs"
    assert set(BACKTESTS) == {"fhs", *WALKED}
    assert "horizon_days" not in BACKTESTS["fhs"].parameters


@pytest.mark.parametrize("model", WALKED)
def test_each_model_is_tested_on_its_own_margins(model: str) -> None:
    book, market = long_short(400)
    more = {"span_parameters": SPAN} if model == "span" else {}
    found = run(book, market, model=model, days=200, **more)
    document, path = found.document, found.tables["path"]
    assert (document["model"], document["dates"], len(path["date"])) == (model, 100, 100)
    beyond = path["loss"] > path["margin"]
    (coverage,) = document["coverage"]
    assert coverage["exceedances"] == document["exceedances"]["exceedances"] == beyond.sum()
    assert len(found.tables["breaches"]["date"]) == beyond.sum()
    assert document["margin"]["greatest"] == path["margin"].max()
    moved = document["procyclicality"]["initial_margin"]
    assert moved["peak_to_trough"] == pytest.approx(path["margin"].max() / path["margin"].min())
    assert [rise["days"] for rise in moved["greatest_rises"]] == [2, 10, 60]
    assert (document["parameter_set"] or document)["version"] == document["version"]  # house names none without tables


def test_a_margin_too_low_is_breached_on_the_days_that_it_says() -> None:
    book, market = long_short(400)
    found = run(book, market, model="span", span_parameters=SPAN, days=200, confidence=0.95)
    path, breaches = found.tables["path"], found.tables["breaches"]
    assert len(breaches["date"]) > 0
    np.testing.assert_allclose(breaches["shortfall"], breaches["loss"] - breaches["margin"])
    at = path["date"].index(breaches["date"][0])
    assert path["loss"][at] == breaches["loss"][0]


def test_a_covered_call_loses_with_its_stock_less_what_the_call_gives_back() -> None:
    rows = [stock("A", 1_000.0, instrument="stock"), option("C", "A", -10.0)]
    closes = walked(400, 1)
    both, alone = (
        run(portfolio(some, rates={"USD": 0.04}), Market(history=history(closes, "A")), model="house", days=200)
        for some in (rows, rows[:1])
    )
    hedged, bare = both.tables["path"]["loss"], alone.tables["path"]["loss"]
    down = bare > 1_000.0
    assert down.sum() > 5
    assert (hedged[down] < bare[down]).all()
    assert (hedged[down] > 0.0).all()


def test_a_model_without_the_figure_is_refused() -> None:
    book, market = long_short(400)
    with pytest.raises(HistoryError, match="no margin on enough dates"):
        run(book, market, model="schedule", figure="maintenance_margin", days=200)


def test_a_book_that_the_model_refuses_is_refused_as_by_margin() -> None:
    bond = {**stock("T", 10.0), "asset_class": "bond", "duration": 5.0}
    with pytest.raises(InputError, match="no eligible product"):
        run(portfolio([bond]), Market(history=history(walked(300, 1), "T")), model="portfolio_margin")


def test_an_empty_book_has_nothing_to_test() -> None:
    book, market = long_short(400)
    with pytest.raises(HistoryError, match="empty"):
        run(book.take(np.array([], dtype=np.int64)), market, model="house")
