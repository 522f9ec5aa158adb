"""Pairing is optimal and behaves: brute force, splitting, order, maximum loss, one more long."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.compute.margin.reg_t import brute
from tests.unit.compute.margin.reg_t.accounts import FAR, LEAP, NEAR, calculate, option, stock

CENT = 0.01
ROUNDING = 1e-9

strikes = st.sampled_from([80.0, 90.0, 95.0, 100.0, 105.0, 120.0])
premiums = st.integers(5, 3000).map(lambda cents: cents / 100)


@st.composite
def options(draw: Any, *, most: int = 1) -> dict[str, Any]:
    kind, strike = draw(st.sampled_from(["call", "put"])), draw(strikes)
    worth = max(100.0 - strike if kind == "call" else strike - 100.0, 0.0)
    quantity = draw(st.integers(1, most)) * draw(st.sampled_from([1, -1]))
    style = draw(st.sampled_from([None, None, None, "european"]))
    expiry = draw(st.sampled_from([NEAR, NEAR, FAR, LEAP]))
    return option(kind, quantity, strike, worth + draw(premiums), expiry=expiry, exercise=style)


@st.composite
def books(draw: Any, *, legs: int = 6, most: int = 1) -> list[dict[str, Any]]:
    """Rows of different series, and sometimes stock."""
    rows = draw(st.lists(options(most=most), min_size=1, max_size=legs, unique_by=series))
    lots = draw(st.sampled_from([0, 0, 1, -1]))
    return [*rows, *([stock(100.0 * lots, draw(st.sampled_from([100.0, 97.5])))] if lots else [])]


def series(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["option_type"], row["strike"], row["expiry"], row["exercise"])


@given(books())
@settings(max_examples=120, deadline=None)
def test_brute_force_finds_nothing_cheaper_and_the_model_nothing_illegal(rows):
    document = calculate(rows)
    net, maintenance = brute.cheapest(rows)
    assert document["net_deposit"] == pytest.approx(net, abs=CENT), [dict(r) for r in rows]
    assert document["maintenance_margin"] <= maintenance + CENT


@given(books(legs=4, most=2))
@settings(max_examples=40, deadline=None)
def test_brute_force_agrees_with_several_contracts(rows):
    if len(brute.units(rows)) <= 8:
        assert calculate(rows)["net_deposit"] == pytest.approx(brute.cheapest(rows)[0], abs=CENT)


@given(books(legs=8, most=5))
@settings(max_examples=40, deadline=None)
def test_every_contract_is_used_once(rows):
    used: dict[str, float] = {}
    for item in calculate(rows)["strategies"]:
        for leg in item["legs"]:
            used[leg["positions"][0]] = used.get(leg["positions"][0], 0.0) + leg["quantity"]
    assert used == {f"i{place}": row["quantity"] for place, row in enumerate(rows)}


@given(books(legs=8, most=5), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_order_changes_nothing(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = calculate(rows), calculate(shuffled)
    for name in ("initial_margin", "maintenance_margin", "net_deposit", "minimum_equity"):
        assert other[name] == pytest.approx(one[name], rel=ROUNDING, abs=1e-6)


@given(books(legs=6, most=6), st.data())
@settings(max_examples=40, deadline=None)
def test_splitting_an_order_changes_nothing(rows, data):
    pieces = []
    for row in rows:
        size = int(abs(row["quantity"]))
        first = data.draw(st.integers(0, size))
        sign = 1 if row["quantity"] > 0 else -1
        pieces += [{**row, "quantity": sign * part} for part in (first, size - first) if part]
    one, other = calculate(rows), calculate(pieces)
    for name in ("initial_margin", "maintenance_margin", "net_deposit", "minimum_equity"):
        assert other[name] == pytest.approx(one[name], rel=ROUNDING, abs=1e-6)


@given(books(legs=7, most=3), options(most=3))
@settings(max_examples=60, deadline=None)
def test_one_more_long_costs_at_most_its_premium(rows, extra):
    extra = {**extra, "quantity": abs(extra["quantity"])}
    if any("strike" in row and series(row) == series(extra) for row in rows):
        return
    premium = extra["price"] * extra["quantity"] * 100.0
    assert calculate([*rows, extra])["net_deposit"] <= calculate(rows)["net_deposit"] + premium + CENT


@given(books(legs=8, most=3))
@settings(max_examples=60, deadline=None)
def test_a_spread_never_charges_above_its_maximum_loss(rows):
    by_id = {f"i{place}": row for place, row in enumerate(rows)}
    for item in calculate(rows)["strategies"]:
        if not item["rule"].startswith("lesser"):
            continue
        legs = [(leg["quantity"], by_id[leg["positions"][0]]) for leg in item["legs"]]
        paid = sum(count * row["price"] * 100.0 for count, row in legs)
        worst = min(
            sum(count * brute.worth(row, price) for count, row in legs)
            for price in [0.0, *(row["strike"] for _, row in legs), 1e4]
        )
        assert item["net_deposit"] <= paid - min(worst, 0.0) + CENT


@given(books(legs=6, most=3), st.integers(2, 4))
@settings(max_examples=30, deadline=None)
def test_a_multiple_of_an_account_needs_no_more_than_the_multiple(rows, times):
    several = [{**row, "quantity": row["quantity"] * times} for row in rows]
    assert calculate(several)["net_deposit"] <= times * calculate(rows)["net_deposit"] + CENT
