"""`collateral calc explain`: the waterfall and the contributions, for people and for programs."""

import json

import pytest

from tests.unit.cli.conftest import EXAMPLES, Run

BOOK = EXAMPLES / "multi_asset.json"
CRIF = EXAMPLES / "crif.csv"


def test_one_line_holds_steps_groups_and_positions(run: Run) -> None:
    done = run("calc", "explain", BOOK, "--param", "group_by=asset_class", "--param", "top=3", "--json")
    assert done.code == 0
    line = json.loads(done.out)
    assert (line["measure"], line["model"], line["device"]) == ("explain", "house", "cpu")
    result = line["result"]
    assert sum(one["amount"] for one in result["waterfall"]) == pytest.approx(result["total"], rel=1e-12)
    assert sum(one["contribution"] for one in result["positions"]) == pytest.approx(result["total"], rel=1e-12)
    assert sum(one["marginal"] is not None for one in result["positions"]) == 3
    assert {one["kind"] for one in result["groups"]} == {"asset_class"}


def test_people_see_the_waterfall_and_the_groups(run: Run) -> None:
    done = run("calc", "explain", BOOK)
    assert done.code == 0
    for said in ("From gross to initial margin", "offsets within class", "Contributions by asset class", "stand-alone"):
        assert said in done.out


def test_rows_of_a_crif_by_risk_class(run: Run) -> None:
    done = run("calc", "explain", CRIF, "--param", "model=simm", "--param", "group_by=risk_class", "--json")
    assert done.code == 0
    result = json.loads(done.out)["result"]
    assert {one["group"] for one in result["groups"]} == {"interest_rate", "fx", "equity"}
    assert {one["risk_type"] for one in result["positions"]} >= {"Risk_IRCurve", "Risk_FX", "Risk_Equity"}


def test_a_kind_that_the_book_has_not_is_named(run: Run) -> None:
    done = run("calc", "explain", BOOK, "--param", "group_by=rating")
    assert done.code != 0
    assert "rating" in done.err


def test_a_kind_of_another_model_is_answered_with_the_right_ones(run: Run) -> None:
    done = run("calc", "explain", BOOK, "--param", "group_by=risk_class")
    assert done.code == 2
    assert "/parameters/group_by" in done.err
