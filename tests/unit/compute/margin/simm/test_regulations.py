"""Which rows count where, what is said once, and netting sets of which little or nothing is left."""

from collections.abc import Mapping
from typing import Any

import pytest

from compute.margin.regulations import regulations_of
from compute.margin.simm.margin import margin
from compute.market import Market
from compute.result import no_checkpoint
from services.errors import InvalidInputError
from tests.unit.compute.margin.simm.crif import PARAMETERS, decoded

HEADER = "PortfolioID,ProductClass,RiskType,Qualifier,AmountUSD,collect_regulations,post_regulations\n"
EUR_RISK = 7.4e6  # a million of EUR under version 2.6


def computed(*rows: str, side: str = "call") -> Mapping[str, Any]:
    parameters = {**PARAMETERS, "version": "2.6", "side": side}
    return margin(decoded(HEADER + "\n".join(rows)), Market(), parameters, no_checkpoint).document


def fx(netting_set: str = "P", amount: float = 1e6, collect: str = "", post: str = "") -> str:
    return f'{netting_set},RatesFX,Risk_FX,EUR,{amount},"{collect}","{post}"'


def parameter(risk_type: str, name: str, amount: float, collect: str = "") -> str:
    return f'P,,{risk_type},{name},{amount},"{collect}",'


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("", ("Unspecified",)),
        ("CFTC", ("CFTC",)),
        ("[CFTC, SEC]", ("CFTC", "SEC")),
        ("CFTC,CFTC", ("CFTC",)),
        ("Excluded", ()),
        ("EXCLUDED", ()),
        ("cftc,Newcomer", ("CFTC", "Newcomer")),
        ("Excluded,ESA", ("ESA",)),
    ],
)
def test_cells(cell: str, names: tuple[str, ...]):
    assert regulations_of(cell) == names


def test_each_side_has_its_own_regulations_and_the_worst_counts():
    rows = (fx(collect="CFTC,ESA", post="SEC"), fx(amount=5e5, collect="ESA", post="Excluded"))
    found = computed(*rows)
    assert found["by_regulation"] == pytest.approx({"CFTC": EUR_RISK, "ESA": 1.5 * EUR_RISK}, rel=1e-12)
    assert (found["regulation"], found["initial_margin"]) == ("ESA", pytest.approx(1.5 * EUR_RISK, rel=1e-12))
    found = computed(*rows, side="post")
    assert found["by_regulation"] == pytest.approx({"SEC": EUR_RISK}, rel=1e-12)


def test_rows_without_a_regulation_and_excluded_ones_are_counted():
    rows = (fx(collect="CFTC"), fx(), fx(collect="Excluded"), fx(collect="Excluded"))
    noted = computed(*rows)["input"]
    assert (noted["rows_without_regulation"], noted["rows_excluded"]) == (1, 2)
    noted = computed(*rows, side="post")["input"]
    assert (noted["rows_without_regulation"], noted["rows_excluded"]) == (4, 0)


def test_a_netting_set_whose_every_row_is_excluded_needs_nothing_and_is_still_there():
    found = computed(fx("A", collect="Excluded"), fx("B"))
    excluded, counted = found["netting_sets"]
    assert (excluded["portfolio_id"], excluded["initial_margin"], excluded["by_regulation"]) == ("A", 0.0, {})
    assert excluded["regulation"] is None
    assert excluded.keys() == counted.keys()
    assert excluded["breakdown"].keys() == counted["breakdown"].keys()
    assert found["initial_margin"] == pytest.approx(EUR_RISK, rel=1e-12)
    assert computed(fx("A", collect="Excluded"))["portfolio_id"] == "A"


def test_a_factor_said_twice_is_one_factor():
    multiplier = parameter("Param_ProductClassMultiplier", "RatesFX", 1.1)
    factor = parameter("Param_AddOnNotionalFactor", "Flex", 10)
    rows = (fx(), multiplier, factor, parameter("Notional", "Flex", 1e6))
    found, twice = computed(*rows), computed(*rows, multiplier, factor)
    assert found["add_on"] == pytest.approx(0.1 * EUR_RISK + 1e5, rel=1e-12)
    assert twice["add_on"] == found["add_on"]


@pytest.mark.parametrize("risk_type", ["Param_ProductClassMultiplier", "Param_AddOnNotionalFactor"])
def test_two_factors_for_one_thing_are_refused_by_row(risk_type: str):
    first, second = (parameter(risk_type, "RatesFX", amount, "CFTC") for amount in (1.1, 1.2))
    with pytest.raises(InvalidInputError) as caught:
        computed(fx(), first, second)
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(4, "AmountUSD")]
    other = parameter(risk_type, "RatesFX", 1.2, "ESA")
    assert computed(fx(collect="CFTC,ESA"), first, other)["initial_margin"] > 0.0


def test_a_multiplier_below_one_is_refused_by_row():
    with pytest.raises(InvalidInputError) as caught:
        computed(fx(), parameter("Param_ProductClassMultiplier", "RatesFX", 0.045))
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(3, "AmountUSD")]


@pytest.mark.parametrize("risk_type", ["Risk_XCcyBasis", "Risk_Inflation", "Risk_FX"])
def test_files_without_a_tenor_in_any_row(risk_type: str):
    found = computed(f"P,RatesFX,{risk_type},EUR,1000,,")
    assert found["initial_margin"] == found["delta"] > 0.0


def test_add_ons_alone():
    found = computed(parameter("Param_AddOnFixedAmount", "", 5e6), parameter("Notional", "Flex", 1e6))
    assert found["initial_margin"] == found["add_on"] == 5e6
