"""Portfolio margin explained: the worst point, groups that gain, the overlay, the minimum of the contracts."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from compute.portfolio import Portfolio
from tests.unit.compute.analysis.explain.explaining import (
    contributions,
    explain,
    figure,
    groups,
    holds_together,
    steps_of,
)
from tests.unit.compute.margin.portfolio_margin.accounts import option, portfolio, stock

STEP = 1e-6
AGREES = 1e-6
FILE = {
    "class_groups": {
        "I": {"underlyings": ["SPY"], "range": "high_cap_broad_index"},
        "J": {"underlyings": ["IWM"], "range": "non_high_cap_broad_index"},
    },
    "product_groups": {
        "P": {"class_groups": ["I", "J"], "offset_pct": 90},
        "Q": {"class_groups": ["A"], "offset_pct": 50},
    },
    "portfolio_groups": {"G": {"product_groups": ["P", "Q"], "offset_pct": 40}},
}


def account(seed: int) -> Portfolio:
    draw = np.random.default_rng(seed)
    legs = []
    for number in range(24):
        name = str(draw.choice(["SPY", "IWM", "A", "B"]))
        size = float(draw.integers(-20, 21)) or 3.0
        if number % 2:
            legs.append(stock(name, 100.0 * size, 100.0))
        else:
            kind = str(draw.choice(["call", "put"]))
            legs.append(option(name, size, float(draw.choice([90.0, 100.0, 115.0])), 100.0, option_type=kind))
    return portfolio(*legs)


def scaled(book: Portfolio, position: int, factor: float) -> Portfolio:
    quantity = book.numbers["quantity"].copy()
    quantity[position] *= factor
    return replace(book, numbers={**book.numbers, "quantity": quantity})


@pytest.mark.parametrize("given", [{}, {"product_groups": FILE}, {"concentration_range_pct": 40.0}])
@pytest.mark.parametrize("seed", range(3))
def test_contributions_are_size_times_derivative_and_sum(seed: int, given: dict[str, Any]) -> None:
    book = account(seed)
    result = explain(book, "portfolio_margin", top=0, top_groups=0, **given)
    total = figure(book, "portfolio_margin", "initial_margin", **given)
    holds_together(result, total)
    parts, smooth = contributions(result), 0
    for position, part in enumerate(parts.tolist()):
        up, at, down = (
            figure(scaled(book, position, 1.0 + step), "portfolio_margin", "initial_margin", **given)
            for step in (STEP, 0.0, -STEP)
        )
        if abs((up - at) - (at - down)) <= AGREES * STEP * total:
            smooth += 1
            assert (up - down) / (2.0 * STEP) == pytest.approx(part, abs=1e-5 * total)
    assert smooth > 0.9 * len(book)


def test_a_gain_inside_a_product_group_counts_by_its_offset() -> None:
    book = portfolio(stock("SPY", 100.0, 100.0), stock("IWM", -100.0, 100.0))
    result = explain(book, "portfolio_margin", product_groups=FILE)
    # IWM ranges to +-10 %, SPY to +6 % and -8 %: the worst is the rise, where SPY's 600 counts for 90 %.
    total = 1000.0 - 0.9 * 600.0
    holds_together(result, total)
    assert contributions(result) == pytest.approx([-540.0, 1000.0])
    steps = steps_of(result)
    assert steps == pytest.approx({"positions_alone": 1800.0, "offsets_between_class_groups": total - 1800.0})


def test_the_minimum_of_the_contracts_is_carried_by_the_contracts() -> None:
    book = portfolio(option("A", -2.0, 400.0, 100.0), option("A", -1.0, 410.0, 100.0))
    result = explain(book, "portfolio_margin")
    assert contributions(result) == pytest.approx([75.0, 37.5])
    assert "minimum of the contracts" in result.document["notes"][0]
    holds_together(result, 112.5)


def test_a_book_that_cannot_lose_has_zero_parts() -> None:
    book = portfolio(stock("A", 10.0, 100.0), stock("A", -10.0, 100.0))
    result = explain(book, "portfolio_margin")
    holds_together(result, 0.0)
    assert contributions(result).tolist() == [0.0, 0.0]


def test_groups_recomputed() -> None:
    book = account(5)
    result = explain(book, "portfolio_margin", top=2, group_by="underlying")
    total, member = result.document["total"], np.array([0] * 24, dtype=bool)
    names = [str(text) for text in book.labels["symbol"].texts()]
    member = np.array([name.split()[0] == "SPY" for name in names])
    found = groups(result, "underlying")["SPY"]
    assert found["marginal"] == total - figure(book.take(~member), "portfolio_margin", "initial_margin")
    assert found["stand_alone"] == figure(book.take(member), "portfolio_margin", "initial_margin")


def test_an_empty_account() -> None:
    holds_together(explain(portfolio(), "portfolio_margin"), 0.0)
