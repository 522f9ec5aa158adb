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
from tests.unit.compute.margin.span.accounts import calculate, commodity, exchange, future, option, requirement
from tests.unit.compute.margin.worked import ROOT, at, number, tables

EXACT = 1e-12
ROUNDING = 1e-9
MONEY = 1e-6
CALENDAR = [{"legs": [{"side": "A"}, {"side": "B"}], "charge": 100}]
INTER = [{"legs": [{"commodity": "C", "side": "A"}, {"commodity": "S", "side": "B"}], "credit_pct": 75}]
FULL = exchange(
    inter=INTER,
    C=commodity("2024-03", "2024-05", calendar_spreads=CALENDAR, short_option_minimum=25),
    S=commodity(name="S", spot_month={"months": ["2024-03"], "per_outright": 5}),
)
sizes = st.integers(-20, 20).map(float)
legs = st.one_of(
    st.builds(lambda name, size: future(name, size, 400.0), st.sampled_from(("CH", "CK", "SH")), sizes),
    st.builds(
        lambda name, size, strike, kind: option(name, size, strike, option_type=kind),
        st.sampled_from(("CH", "CK", "SH")),
        sizes,
        st.sampled_from((340.0, 400.0, 450.0)),
        st.sampled_from(("call", "put")),
    ),
)
accounts = st.lists(legs, min_size=1, max_size=6)
few = settings(max_examples=25, deadline=None)


def scan_risk(parameters: Any, *positions: dict[str, Any]) -> float:
    return float(calculate(parameters, *positions).document["breakdown"]["scan_risk"])


@few
@given(accounts)
def test_never_negative_and_credits_never_above_scan_risk(account: list) -> None:
    found = calculate(FULL, *account).document
    assert found["initial_margin"] >= 0.0
    for one in found["breakdown"]["combined_commodities"].values():
        assert 0.0 <= one["inter_commodity_credit"] <= one["scan_risk"] * (1 + ROUNDING)


@few
@given(accounts)
def test_long_and_short_of_the_same_scan_nothing(account: list) -> None:
    turned = [{**leg, "quantity": -leg["quantity"]} for leg in account]
    assert scan_risk(FULL, *account, *turned) == 0.0


@few
@given(accounts, st.randoms())
def test_order_does_not_matter(account: list, random: Any) -> None:
    mixed = random.sample(account, len(account))
    assert requirement(FULL, *mixed) == pytest.approx(requirement(FULL, *account), rel=ROUNDING, abs=MONEY)


@few
@given(accounts, accounts)
def test_scan_risk_is_subadditive(one: list, other: list) -> None:
    assert scan_risk(FULL, *one, *other) <= scan_risk(FULL, *one) + scan_risk(FULL, *other) + MONEY


@few
@given(sizes, st.floats(1.0, 100.0), st.floats(1.0, 3.0))
def test_a_wider_range_never_scans_less(size: float, low: float, wider: float) -> None:
    legs = (future("CH", size, 400.0), option("CH", -abs(size), 410.0))
    found = [scan_risk(exchange(C=commodity(price_scan_range=each)), legs[0]) for each in (low, low * wider)]
    assert found[0] <= found[1] * (1 + ROUNDING)
    short = [scan_risk(exchange(C=commodity(price_scan_range=each)), legs[1]) for each in (low, low * wider)]
    assert short[0] <= short[1] * (1 + ROUNDING)


@few
@given(accounts, st.floats(0.5, 4.0))
def test_an_account_scales(account: list, factor: float) -> None:
    scaled = [{**leg, "quantity": factor * leg["quantity"]} for leg in account]
    assert requirement(FULL, *scaled) == pytest.approx(factor * requirement(FULL, *account), rel=ROUNDING, abs=MONEY)


def test_splitting_a_position_changes_nothing() -> None:
    whole = requirement(FULL, option("CH", -4.0, 410.0), future("CK", 1.0, 400.0))
    parts = [option("CH", -1.0, 410.0)] * 4
    assert requirement(FULL, *parts, future("CK", 1.0, 400.0)) == pytest.approx(whole, rel=EXACT)


def test_the_page_s_example() -> None:
    account = decode_portfolio((ROOT / "examples" / "span_account.json").read_bytes())
    file = json.loads((ROOT / "examples" / "span_parameters.json").read_text(encoding="utf-8"))
    parameters = read_parameters("margin", {"model": "span", "span_parameters": file})
    document = measure("margin").chosen(parameters).kernel(account, Market(), parameters, no_checkpoint).document
    (figures,) = tables("span")
    assert len(figures) >= 20
    for row in figures:
        assert at(document, row["figure"]) == pytest.approx(number(row["value"]), rel=EXACT), row["figure"]
