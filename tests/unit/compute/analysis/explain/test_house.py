"""The house margin explained: sums, derivatives against the model itself, kinks, parts recomputed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.margin.house import compute
from compute.margin.house_gradient import contributions as gradient
from compute.margin.requirement import INITIAL
from compute.market import Market
from compute.portfolio import Portfolio
from tests.unit.compute.analysis.explain.explaining import (
    contributions,
    defaults,
    explain,
    figure,
    groups,
    holds_together,
    steps_of,
)
from tests.unit.compute.margin.books import book, calculate, row

PAIRS = ("EUR/USD", "GBP/USD", "USD/JPY", "EUR/GBP", "JPYEUR", "AUD-NZD")
STEP = 1e-6
AGREES = 1e-5  # of the largest contribution: a difference quotient's own error


def random_book(seed: int, size: int = 40) -> Portfolio:
    """Return a book in every class, long and short, with pairs, bonds, options and every add-on."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(size):
        quantity, price = float(draw.normal(0.0, 3e4)), float(draw.uniform(5.0, 200.0))
        kind = ("equity", "bond", "fx", "commodity", "derivative", "crypto")[int(draw.integers(6))]
        more: dict[str, object] = {"currency": str(draw.choice(["USD", "EUR"])), "sector": f"S{number % 3}"}
        symbol = str(draw.choice(PAIRS)) if kind == "fx" else f"{kind}{int(draw.integers(8))}"
        if kind == "bond" and number % 4:
            more["duration"] = float(symbol[-1]) + 0.5
        if kind == "derivative":
            more |= {"option_type": ("put", "call")[int(symbol[-1]) % 2], "vega": 0.2, "gamma": 0.01}
        rows.append(row(symbol, kind, quantity, price, implied_volatility=float(draw.uniform(0.1, 0.6)), **more))
    return book(rows, fx={"EUR/USD": 1.1})


def scaled(portfolio: Portfolio, position: int, factor: float) -> Portfolio:
    quantity = portfolio.numbers["quantity"].copy()
    quantity[position] *= factor
    return replace(portfolio, numbers={**portfolio.numbers, "quantity": quantity})


@pytest.mark.parametrize("name", ["initial_margin", "maintenance_margin"])
@pytest.mark.parametrize("seed", range(3))
def test_parts_sum_to_the_model_s_own_figure(seed: int, name: str) -> None:
    portfolio = random_book(seed)
    holds_together(explain(portfolio, "house", figure=name), figure(portfolio, "house", name))


@pytest.mark.parametrize("name", ["initial_margin", "maintenance_margin"])
@pytest.mark.parametrize("seed", range(3))
def test_contributions_are_size_times_derivative_of_the_model(seed: int, name: str) -> None:
    portfolio = random_book(seed)
    parts = contributions(explain(portfolio, "house", figure=name, top=0, top_groups=0))
    smooth = 0
    for position, part in enumerate(parts.tolist()):
        up, at, down = (figure(scaled(portfolio, position, 1.0 + step), "house", name) for step in (STEP, 0.0, -STEP))
        scale = float(np.abs(parts).max())
        if abs((up - at) - (at - down)) > AGREES * STEP * scale:
            continue  # a kink lies within the step
        smooth += 1
        assert (up - down) / (2.0 * STEP) == pytest.approx(part, abs=AGREES * scale)
    assert smooth > 0.9 * len(portfolio)


def test_currencies_take_their_part_in_the_base_currency() -> None:
    portfolio = book(
        [row("A", "equity", 100.0, 50.0), row("B", "equity", -100.0, 40.0, currency="EUR")], fx={"EUR/USD": 1.25}
    )
    result = explain(portfolio, "house", group_by="currency")
    holds_together(result, figure(portfolio, "house", "initial_margin"))
    # 1,250 on each side at 25 %; the class offsets a quarter of both matched sides.
    assert contributions(result) == pytest.approx([1250.0 * 0.75, 1250.0 * 0.75])
    assert set(groups(result, "currency")) == {"USD", "EUR"}


def test_unequal_sides_put_the_offset_on_the_smaller_side() -> None:
    portfolio = book([row("A", "equity", 100.0, 100.0), row("B", "equity", -60.0, 100.0)])
    # 2,500 long and 1,500 short at an offset of 25 % of both matched sides: the short side decides how much matches.
    assert contributions(explain(portfolio, "house")) == pytest.approx([2500.0, 1500.0 - 2.0 * 0.25 * 1500.0])


def test_equal_sides_of_one_instrument_contribute_nothing() -> None:
    portfolio = book([row("A", "equity", 100.0, 50.0), row("A", "equity", -100.0, 50.0), row("B", "crypto", 1.0, 10.0)])
    result = explain(portfolio, "house")
    holds_together(result, 5.0)
    assert contributions(result).tolist() == [0.0, 0.0, 5.0]


def test_a_book_that_nets_to_nothing_has_zero_parts() -> None:
    portfolio = book([row("A", "equity", 100.0, 50.1), row("A", "equity", -100.0, 50.1)])
    result = explain(portfolio, "house")
    holds_together(result, 0.0)
    assert contributions(result).tolist() == [0.0, 0.0]


def test_ties_across_classes_share_alike() -> None:
    # A long equity hedges a long bond: 250 net in both at 10 % of the smaller.
    portfolio = book([row("A", "equity", 10.0, 100.0), row("B", "bond", 50.0, 100.0)])
    result = explain(portfolio, "house")
    holds_together(result, 475.0)
    assert contributions(result) == pytest.approx([237.5, 237.5])


def test_steps_are_those_of_the_model() -> None:
    portfolio = random_book(3)
    steps = steps_of(explain(portfolio, "house"))
    document = calculate(portfolio)[0]
    offsets = document["breakdown"]["offsets"]
    gross = sum(steps[name] for name in ("rate_times_notional", "volatility_add_on", "greeks_add_on"))
    assert gross + steps.get("concentration_add_on", 0.0) == pytest.approx(document["gross_initial_margin"])
    assert steps["netting"] == pytest.approx(-offsets["netting"])
    assert steps["offsets_within_class"] == pytest.approx(-offsets["within_class"])
    assert steps.get("offsets_across_classes", 0.0) == pytest.approx(-offsets["cross_class"])


def test_the_add_on_of_concentration_is_a_step() -> None:
    portfolio = book([row("A", "equity", 1e6, 20.0), row("B", "equity", 1.0, 20.0, implied_volatility=0.5)])
    steps = steps_of(explain(portfolio, "house"))
    assert steps["rate_times_notional"] == pytest.approx(0.25 * (2e7 + 20.0))
    assert steps["concentration_add_on"] == pytest.approx(0.10 * 0.25 * 2e7)
    assert steps["volatility_add_on"] == pytest.approx((0.5 - 0.3) * 1.5 * 5.0)


def test_marginal_and_stand_alone_are_direct_calls() -> None:
    portfolio = random_book(1)
    result = explain(portfolio, "house", top=5, group_by="sector")
    total = result.document["total"]
    member = np.array([text == "S1" for text in portfolio.labels["sector"].texts()])
    found = groups(result, "sector")["S1"]
    assert found["marginal"] == total - figure(portfolio.take(~member), "house", "initial_margin")
    assert found["stand_alone"] == figure(portfolio.take(member), "house", "initial_margin")
    assert found["positions"] == member.sum()
    _positions_are_direct_calls(result.tables["positions"], portfolio, total)


def _positions_are_direct_calls(table: Mapping[str, Any], portfolio: Portfolio, total: float) -> None:
    computed = [place for place, value in enumerate(table["marginal"]) if value is not None]
    largest = np.argsort(-np.abs(np.asarray(table["contribution"])), kind="stable")[:5]
    assert sorted(computed) == sorted(largest.tolist())
    for place in computed:
        rest = np.arange(len(portfolio)) != place
        assert table["marginal"][place] == total - figure(portfolio.take(rest), "house", "initial_margin")
        assert table["stand_alone"][place] == figure(portfolio.take(~rest), "house", "initial_margin")


def test_the_gradient_itself_is_homogeneous_in_many_pairs() -> None:
    """Six pairs over seven currencies: matching one takes legs of others along, and the sum still closes."""
    draw = np.random.default_rng(5)
    rows = [row(str(draw.choice(PAIRS)), "fx", float(draw.normal(0, 1e5)), 1.0) for _ in range(300)]
    table, columns, found = compute(book(rows), Market(), defaults("house"))
    sides = np.ascontiguousarray(found.sides[:, :, INITIAL])
    parts = gradient(found.initial, sides, columns.quantity, columns.instruments, columns.groups, table)
    net = found.offsets.gross - found.offsets.total
    assert parts.sum() == pytest.approx(net, rel=1e-12)
    assert (parts < 0).any()


SIZES = st.integers(-3, 3).map(lambda size: 100.0 * size)
LEGS = st.one_of(
    st.builds(row, st.sampled_from(["A", "B"]), st.sampled_from(["equity", "bond", "commodity"]), SIZES, st.just(10.0)),
    st.builds(row, st.sampled_from(PAIRS), st.just("fx"), SIZES, st.just(10.0)),
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(LEGS, max_size=9), data=st.data())
def test_kinks_close_and_do_not_depend_on_the_order(rows: list, data: st.DataObject) -> None:
    """Small whole sizes at one price: ties everywhere."""
    portfolio = book(rows)
    parts = contributions(explain(portfolio, "house", top=0, top_groups=0))
    total = figure(portfolio, "house", "initial_margin")
    assert parts.sum() == pytest.approx(total, rel=1e-9, abs=1e-9)
    order = np.array(data.draw(st.permutations(range(len(rows)))), dtype=np.int64)
    turned = contributions(explain(portfolio.take(order), "house", top=0, top_groups=0))
    np.testing.assert_allclose(turned, parts[order], rtol=1e-9, atol=1e-9)
