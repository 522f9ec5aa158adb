"""Netting and offsets: the rule case by case, and what must hold for every book."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import _house_reference as reference
from compute.margin.tables import house_set
from compute.portfolio import Portfolio
from tests.unit.compute.margin.books import book, calculate, row

ROUNDING = 1e-11  # relative to gross: sums in another order


def offset(*rows, **fields):
    document, _ = calculate(book(rows, **fields))
    return document["cross_margin_offset"]


def test_one_instrument_nets_to_its_net_position():
    document, _ = calculate(book([row("X", "equity", 100, 100), row("X", "equity", -40, 100)]))
    assert document["gross_initial_margin"] == 3_500
    assert document["initial_margin"] == 1_500


def test_netted_book_without_cash_is_no_emergency():
    lots = [row("X", "equity", 0.1, 100), row("X", "equity", 0.2, 100), row("X", "equity", -0.3, 100)]
    document, _ = calculate(book(lots, available_cash=0.0))
    assert document["initial_margin"] == 0.0
    assert document["status"] == "ok"


@pytest.mark.parametrize(
    "other",
    [
        row("X", "derivative", -10, 100),
        row("X", "equity", -10, 100, currency="EUR"),
        row("X", "equity", -10, 100, multiplier=2),
        row("X", "equity", -10, 100, option_type="call"),
        row("X", "equity", -10, 100, expiry="2025-03-21"),
        row("X", "equity", -10, 100, strike=90.0),
    ],
)
def test_other_terms_are_another_instrument(other):
    portfolio = book([row("X", "equity", 10, 100), other], fx={"EUR/USD": 1.0})
    document, _ = calculate(portfolio)
    assert document["breakdown"]["offsets"]["netting"] == 0.0
    assert document["initial_margin"] > 0.0


def test_concentration_is_that_of_the_net_position():
    long, _ = calculate(book([row("X", "equity", 200_000, 100)]))
    hedged, _ = calculate(book([row("X", "equity", 200_000, 100), row("X", "equity", -150_000, 100)]))
    assert long["initial_margin"] == pytest.approx(20e6 * 0.25 * 1.1)
    assert hedged["initial_margin"] == pytest.approx(5e6 * 0.25)


@pytest.mark.parametrize(
    ("asset_class", "rate", "more"),
    [
        ("equity", 0.25, {}),
        ("bond", 0.20, {"duration": 2.0}),
        ("commodity", 0.05, {}),
        ("derivative", 0.10, {}),
        ("crypto", 0.0, {}),
    ],
)
def test_class_offset_is_its_rate_of_both_matched_sides(asset_class, rate, more):
    sides = [row("L", asset_class, 100, 100, **more), row("S", asset_class, -40, 100, **more)]
    _, table = calculate(book(sides))
    assert offset(*sides) == pytest.approx(rate * 2 * table["initial_margin"][1])


@pytest.mark.parametrize("asset_class", ["equity", "bond", "commodity", "derivative", "crypto"])
def test_one_sided_class_gets_nothing(asset_class):
    assert offset(row("A", asset_class, 5, 10, duration=1), row("B", asset_class, 5, 10, duration=1)) == 0.0
    assert offset(row("A", asset_class, -5, 10, duration=1), row("B", asset_class, -5, 10, duration=1)) == 0.0


def test_bonds_match_within_a_duration_zone_only():
    long = row("L", "bond", 100, 100, duration=3.9)
    assert offset(long, row("S", "bond", -100, 100, duration=1.1)) > 0.0
    assert offset(long, row("S", "bond", -100, 100, duration=4.1)) == 0.0
    assert offset(long, row("S", "bond", -100, 100)) == 0.0
    assert offset(row("L", "bond", 100, 100), row("S", "bond", -100, 100)) == 0.0


@pytest.mark.parametrize(
    ("first", "second", "hedges"),
    [
        (("EUR/USD", 1), ("GBP/USD", -1), True),
        (("EUR/USD", 1), ("GBP/USD", 1), False),
        (("EUR/USD", 1), ("USD/JPY", 1), True),
        (("EUR/USD", 1), ("USD/JPY", -1), False),
        (("EUR/USD", 1), ("GBP/CHF", -1), False),
        (("EUR/USD", 1), ("USD/EUR", 1), True),
        (("EURUSD", 1), ("GBP-USD", -1), True),
        (("DXY", 1), ("EUR/USD", 1), False),
        (("DXY", 1), ("DXZ", -1), False),
    ],
)
def test_currency_pairs_match_in_a_shared_currency(first, second, hedges):
    got = offset(*(row(symbol, "fx", 1_000 * sign, 1.0, implied_volatility=0.1) for symbol, sign in (first, second)))
    assert got == pytest.approx(0.3 * 2 * 20 if hedges else 0.0)


def test_a_matched_leg_takes_its_other_leg_with_it():
    legs = [row("EUR/USD", "fx", 1_000, 1.0), row("GBP/USD", "fx", -1_000, 1.0), row("EUR/CHF", "fx", -1_000, 1.0)]
    assert offset(*legs) == pytest.approx(0.3 * 2 * 20)


def test_put_points_down():
    stock = row("S", "derivative", 100, 100)
    assert offset(stock, row("P", "derivative", 100, 100, option_type="put")) == pytest.approx(0.1 * 2 * 1_500)
    assert offset(stock, row("P", "derivative", -100, 100, option_type="put")) == 0.0


def test_delta_decides_before_the_option_type():
    long = row("A", "derivative", 100, 100, delta=1.0)
    assert offset(long, row("B", "derivative", 100, 100, delta=-1.0, option_type="call")) > 0.0
    assert offset(long, row("B", "derivative", -100, 100, delta=-1.0, option_type="put")) == 0.0
    assert offset(long, row("B", "derivative", -100, 100, delta=0.0)) == 0.0


def test_negative_price_does_not_turn_the_direction():
    assert offset(row("A", "commodity", 10, 40), row("B", "commodity", 10, -37)) == 0.0
    assert offset(row("A", "commodity", 10, 40), row("B", "commodity", -10, -37)) > 0.0


@pytest.mark.parametrize(
    ("equity", "bond", "commodity", "expected"),
    [
        (1, 1, 0, 0.10 * 5_000),
        (-1, -1, 0, 0.10 * 5_000),
        (1, -1, 0, 0.0),
        (1, 0, -1, 0.05 * 25_000),
        (-1, 0, 1, 0.05 * 25_000),
        (1, 0, 1, 0.0),
        (1, 1, -1, 0.10 * 5_000 + 0.05 * 20_000),
    ],
)
def test_across_classes_by_sign_and_consumed_once(equity, bond, commodity, expected):
    rows = [
        row("E", "equity", 1_000 * equity, 100),
        row("B", "bond", 1_000 * bond, 100, duration=0.0),
        row("C", "commodity", 1_000 * commodity, 100),
    ]
    assert offset(*rows) == pytest.approx(expected)


def test_bonds_that_cancel_across_zones_hedge_no_equity():
    bonds = [row("B2", "bond", 1_000, 100, duration=5.0), row("B1", "bond", -2_000, 100, duration=0.0)]
    assert offset(row("E", "equity", 1_000, 100), *bonds) == pytest.approx(0.0, abs=1e-9)


def test_classes_add_up_to_the_portfolio():
    rows = [
        row("E", "equity", 1_000, 100),
        row("F", "equity", -200, 100),
        row("B", "bond", 1_000, 100, duration=3.0),
        row("C", "commodity", -1_000, 100),
        row("EUR/USD", "fx", 1_000, 1.0),
    ]
    document, _ = calculate(book(rows))
    by_class = document["breakdown"]["by_class"].values()
    for word in ("initial_margin", "maintenance_margin"):
        assert sum(item[word] for item in by_class) == pytest.approx(document[word])
        assert sum(item[f"gross_{word}"] for item in by_class) == pytest.approx(document[f"gross_{word}"])
    assert sum(document["breakdown"]["offsets"].values()) == pytest.approx(document["cross_margin_offset"])


SYMBOLS = {
    "equity": ("AAPL", "TSLA", "JPM"),
    "bond": ("UST2Y", "UST10Y"),
    "fx": ("EUR/USD", "GBP/USD", "USD/JPY", "EURJPY", "DXY"),
    "commodity": ("GLD", "CL"),
    "derivative": ("OPT", "SWAP"),
    "crypto": ("BTC", "ETH"),
}
AMOUNTS = st.floats(-1e5, 1e5).map(lambda value: round(value, 2))


@st.composite
def positions(draw):
    asset_class = draw(st.sampled_from(sorted(SYMBOLS)))
    more = {
        "duration": draw(st.none() | st.sampled_from([0.0, 0.5, 1.0, 2.5, 4.0, 9.0]))
        if asset_class == "bond"
        else None,
        "delta": draw(st.none() | st.sampled_from([-0.5, 0.0, 0.5])) if asset_class == "derivative" else None,
        "gamma": draw(st.none() | st.just(0.02)),
        "implied_volatility": draw(st.none() | st.floats(0.0, 1.0)),
        "settlement_price": draw(st.none() | st.floats(1.0, 500.0)),
        "currency": draw(st.sampled_from(["USD", "EUR"])),
        "option_type": draw(st.sampled_from([None, "put"])) if asset_class == "derivative" else None,
    }
    symbol = draw(st.sampled_from(SYMBOLS[asset_class]))
    return row(symbol, asset_class, draw(AMOUNTS), draw(st.floats(0.01, 500.0)), **more)


BOOKS = st.lists(positions(), max_size=14)
RATES = {"fx": {"EUR/USD": 1.08}}


def close(one: float, other: float, gross: float) -> bool:
    return math.isclose(one, other, rel_tol=0.0, abs_tol=ROUNDING * max(1.0, gross))


@given(rows=BOOKS)
@settings(deadline=None)
def test_agrees_with_the_reference(rows):
    portfolio = book(rows, **RATES)
    document, table = calculate(portfolio)
    expected = reference.margins(portfolio, house_set("1.0"))
    gross = expected.gross_initial
    assert close(document["gross_initial_margin"], expected.gross_initial, gross)
    assert close(document["initial_margin"], expected.initial, gross)
    assert close(document["gross_maintenance_margin"], expected.gross_maintenance, gross)
    assert close(document["maintenance_margin"], expected.maintenance, gross)
    assert close(document["variation_margin"] or 0.0, expected.variation, max(gross, 1e8))
    volatilities = [item["volatility"] for item in reference.price_positions(portfolio, house_set("1.0"))]
    assert table["volatility"].tolist() == volatilities


@given(rows=BOOKS)
@settings(deadline=None)
def test_offset_is_never_negative_and_never_above_gross(rows):
    document, _ = calculate(book(rows, **RATES))
    assert 0.0 <= document["cross_margin_offset"] <= document["gross_initial_margin"]
    assert 0.0 <= document["initial_margin"] <= document["gross_initial_margin"]
    assert 0.0 <= document["maintenance_margin"] <= document["initial_margin"] * (1 + ROUNDING) + 1e-9


@given(rows=BOOKS, data=st.data())
@settings(deadline=None)
def test_order_does_not_matter(rows, data):
    shuffled = data.draw(st.permutations(rows))
    one, _ = calculate(book(rows, **RATES))
    other, _ = calculate(book(shuffled, **RATES))
    for name in ("gross_initial_margin", "initial_margin", "maintenance_margin", "total_margin"):
        assert close(one[name], other[name], max(one["gross_initial_margin"], 1e8))


@given(rows=BOOKS, share=st.floats(0.0, 1.0), data=st.data())
@settings(deadline=None)
def test_splitting_a_position_changes_nothing(rows, share, data):
    if not rows:
        return
    index = data.draw(st.integers(0, len(rows) - 1))
    whole = rows[index]
    parts = [{**whole, "quantity": whole["quantity"] * share}, {**whole, "quantity": whole["quantity"] * (1 - share)}]
    one, _ = calculate(book(rows, **RATES))
    other, _ = calculate(book([*rows[:index], *parts, *rows[index + 1 :]], **RATES))
    for name in ("gross_initial_margin", "initial_margin", "maintenance_margin"):
        assert close(one[name], other[name], one["gross_initial_margin"])


@given(rows=BOOKS, factor=st.floats(0.0, 1e-2))
@settings(deadline=None)
def test_scales_with_quantity_below_the_concentration_threshold(rows, factor):
    small = [{**item, "quantity": item["quantity"] * 1e-2} for item in rows]
    scaled = [{**item, "quantity": item["quantity"] * factor} for item in small]
    one, _ = calculate(book(small, **RATES))
    other, _ = calculate(book(scaled, **RATES))
    for name in ("gross_initial_margin", "initial_margin", "maintenance_margin"):
        assert close(one[name] * factor, other[name], one["gross_initial_margin"])


@given(rows=BOOKS)
@settings(deadline=None)
def test_the_mirror_book_has_the_same_margin(rows):
    mirror = [{**item, "quantity": -item["quantity"]} for item in rows]
    one, _ = calculate(book(rows, **RATES))
    other, _ = calculate(book(mirror, **RATES))
    assert close(one["initial_margin"], other["initial_margin"], one["gross_initial_margin"])


@given(rows=BOOKS)
@settings(deadline=None)
def test_a_book_and_its_mirror_net_to_nothing(rows):
    mirror = [{**item, "quantity": -item["quantity"]} for item in rows]
    document, _ = calculate(book([*rows, *mirror], **RATES))
    assert close(document["initial_margin"], 0.0, document["gross_initial_margin"])


def test_columns_read_back_from_storage_give_the_same_bits():
    rows = [
        row("AAPL", "equity", 10, 100, delta=0.5),
        row("TSLA", "equity", -7, 90.1),
        row("B", "bond", 3, 99, duration=2),
    ]
    portfolio = book(rows)
    frozen = {name: column.copy() for name, column in portfolio.numbers.items()}
    for column in frozen.values():
        column.setflags(write=False)
    stored = replace(Portfolio.from_parts(portfolio.document(), portfolio.tables()), numbers=frozen)
    one, first = calculate(portfolio)
    other, again = calculate(stored)
    assert one == other
    assert np.array_equal(first["initial_margin"], again["initial_margin"])
