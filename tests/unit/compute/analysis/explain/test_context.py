"""Parts of a book are valued as the whole was, though what the whole says of them stands on other positions."""

from typing import Any

import numpy as np
import pytest

from compute.analysis.explain.context import standing_alone
from tests.unit.compute.analysis.explain.explaining import explain, figure
from tests.unit.compute.margin.portfolio_margin.accounts import option, portfolio, stock
from tests.unit.compute.margin.span.accounts import commodity, exchange, future
from tests.unit.compute.margin.span.accounts import option as future_option
from tests.unit.compute.pricing.books import portfolio as priced


def without_price(*given: Any, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in option(*given, **more).items() if name != "underlying_price"}


def test_an_option_alone_has_the_price_of_the_underlying_beside_it() -> None:
    book = portfolio(stock("A", 100.0, 100.0), without_price("A", -2.0, 100.0, 0.0))
    result = explain(book, "portfolio_margin")
    assert result.document["notes"] == []
    alone = figure(portfolio(option("A", -2.0, 100.0, 100.0)), "portfolio_margin", "initial_margin")
    assert result.tables["positions"]["stand_alone"][1] == alone > 0.0


def test_leverage_and_index_class_hold_for_all_on_the_underlying() -> None:
    broad = {"instrument": "etf", "index_class": "broad", "leverage": 3.0}
    book = portfolio(stock("L", 100.0, 50.0, **broad), option("L", -5.0, 55.0, 50.0))
    alone = explain(book, "portfolio_margin").tables["positions"]["stand_alone"][1]
    stated = portfolio(option("L", -5.0, 55.0, 50.0, index_class="broad", leverage=3.0))
    plain = portfolio(option("L", -5.0, 55.0, 50.0))
    assert alone == figure(stated, "portfolio_margin", "initial_margin")
    assert alone > figure(plain, "portfolio_margin", "initial_margin")


def test_an_option_on_a_future_stays_one_without_it() -> None:
    on_index = {"asset_class": "equity", "underlying_price": 400.0}
    book = priced(
        {**future("CH", 1.0, 400.0), "asset_class": "equity"},
        {**future_option("CH", -3.0, 420.0), **on_index},
        rates={"USD": 0.05},
    )
    given = {"span_parameters": exchange(C=commodity())}
    filled = standing_alone(book, "span")
    assert figure(filled, "span", "initial_margin", **given) == figure(book, "span", "initial_margin", **given)
    only = filled.take(np.array([False, True]))
    assert only.numbers["dividend_yield"] == pytest.approx([0.05])
    alone = explain(book, "span", **given).tables["positions"]["stand_alone"][1]
    assert alone == figure(only, "span", "initial_margin", **given)
    bare = book.take(np.array([False, True]))
    assert alone != figure(bare, "span", "initial_margin", **given)


@pytest.mark.parametrize("model", ["portfolio_margin", "fhs"])
def test_the_whole_stays_what_it_was(model: str) -> None:
    book = portfolio(
        stock("A", 100.0, 100.0, leverage=2.0, instrument="etf", index_class="narrow"),
        without_price("A", -2.0, 100.0, 0.0),
        option("B", 4.0, 90.0, 95.0),
    )
    filled = standing_alone(book, model)
    total = figure(filled, "portfolio_margin", "initial_margin")
    assert total == figure(book, "portfolio_margin", "initial_margin")


def test_models_that_do_not_revalue_see_the_book_as_it_is() -> None:
    book = portfolio(stock("A", 100.0, 100.0), without_price("A", -2.0, 100.0, 0.0))
    assert standing_alone(book, "house") is book
    assert standing_alone(portfolio(), "fhs").ids == ()


def test_options_that_only_risk_arrays_know_are_left_alone() -> None:
    book = priced({"symbol": "X", "instrument": "option", "underlying": "CH", "quantity": 1.0, "price": 1.0})
    assert standing_alone(book, "span") is book
