"""What must hold of any account, and the worked example of the page."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.market import Market
from compute.measures import measure
from compute.result import no_checkpoint
from services.intake.decode import decode_portfolio
from services.intake.parameters import read_parameters
from tests.unit.compute.margin.portfolio_margin.accounts import calculate, option, requirement, stock
from tests.unit.compute.margin.worked import ROOT, at, number, tables

EXACT = 1e-12
ROUNDING = 1e-9
MONEY = 1e-6
FILE = {
    "class_groups": {"I": {"underlyings": ["SPY"], "range": "high_cap_broad_index"}},
    "product_groups": {"P": {"class_groups": ["I", "A"], "offset_pct": 80}},
}
sizes = st.integers(-20, 20).map(float)
names = st.sampled_from(("A", "B", "SPY"))
legs = st.one_of(
    st.builds(lambda name, size: stock(name, size, 100.0), names, sizes),
    st.builds(
        lambda name, size, strike, kind: option(name, size, strike, 100.0, option_type=kind),
        names,
        sizes,
        st.sampled_from((85.0, 100.0, 110.0)),
        st.sampled_from(("call", "put")),
    ),
)
accounts = st.lists(legs, min_size=1, max_size=6)
few = settings(max_examples=25, deadline=None)


def file(offset: float) -> dict[str, Any]:
    return {**FILE, "product_groups": {"P": {"class_groups": ["I", "A"], "offset_pct": offset}}}


@few
@given(accounts)
def test_never_negative_and_never_below_the_minimum_or_above_the_classes_alone(account: list) -> None:
    found = calculate(*account, product_groups=FILE).document
    parts = found["breakdown"]
    assert found["initial_margin"] >= parts["contract_minimums"] * (1 - ROUNDING) >= 0.0
    assert parts["offsets"] >= -MONEY
    assert found["initial_margin"] <= parts["class_group_losses"] + parts["contract_minimums"] + MONEY


@few
@given(accounts)
def test_long_and_short_of_the_same_lose_nothing(account: list) -> None:
    turned = [{**leg, "quantity": -leg["quantity"]} for leg in account]
    found = calculate(*account, *turned, product_groups=FILE)
    assert found.tables["groups"]["worst_loss"].tolist() == [0.0] * len(found.tables["groups"]["group"])


@few
@given(accounts, st.randoms())
def test_order_does_not_matter(account: list, random: Any) -> None:
    mixed = random.sample(account, len(account))
    found = requirement(*mixed, product_groups=FILE, concentration_range_pct=30.0)
    assert found == pytest.approx(
        requirement(*account, product_groups=FILE, concentration_range_pct=30.0), rel=ROUNDING, abs=MONEY
    )


@few
@given(accounts, accounts)
def test_accounts_together_need_no_more_than_apart(one: list, other: list) -> None:
    together = requirement(*one, *other, product_groups=FILE)
    assert together <= requirement(*one, product_groups=FILE) + requirement(*other, product_groups=FILE) + MONEY


@few
@given(accounts, st.floats(0.0, 90.0), st.floats(0.0, 90.0))
def test_a_higher_offset_never_needs_more(account: list, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert requirement(*account, product_groups=file(high)) <= requirement(*account, product_groups=file(low)) + MONEY


@few
@given(accounts, st.floats(0.0, 80.0))
def test_the_overlay_never_lowers_the_requirement(account: list, wide: float) -> None:
    assert requirement(*account, concentration_range_pct=wide) >= requirement(*account) - MONEY


@pytest.mark.parametrize("leverage", [1.0, 2.0, 3.0])
def test_a_wider_range_never_needs_less(leverage: float) -> None:
    legs = (stock("L", 10.0, 50.0), option("L", -5.0, 55.0, 50.0))
    found = [requirement(*({**leg, "leverage": each} for leg in legs)) for each in (leverage, leverage + 1.0)]
    assert found[0] <= found[1]


def test_splitting_a_position_changes_nothing() -> None:
    parts = [option("A", -1.0, 100.0, 98.0)] * 4
    assert requirement(*parts) == pytest.approx(requirement(option("A", -4.0, 100.0, 98.0)), rel=EXACT)


def test_the_page_s_example() -> None:
    account = decode_portfolio((ROOT / "examples" / "portfolio_margin_account.json").read_bytes())
    groups = json.loads((ROOT / "examples" / "portfolio_margin_groups.json").read_text(encoding="utf-8"))
    parameters = read_parameters("margin", {"model": "portfolio_margin", "product_groups": groups})
    found = measure("margin").chosen(parameters).kernel(account, Market(), parameters, no_checkpoint)
    positions, figures = tables("portfolio_margin")
    gains = dict(zip(found.tables["positions"]["id"], found.tables["positions"]["profit_and_loss"], strict=True))
    assert len(positions) == len(gains)
    for row in positions:
        assert gains[row["id"]] == pytest.approx(number(row["profit at the worst point"]), abs=0.005), row["id"]
    for row in figures:
        assert at(found.document, row["figure"]) == pytest.approx(number(row["value"]), rel=EXACT), row["figure"]
