"""docs/stress.md: its worked example computed, its list of scenarios and its limits as they are."""

import re
from pathlib import Path

import pytest

from compute.stress import model, points
from compute.stress.library import library
from tests.unit.compute.stress.books import FUND, SHARE, book, gain, only, stress

PAGE = (Path(__file__).parents[4] / "docs" / "stress.md").read_text(encoding="utf-8")


def amount(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def test_the_worked_example():
    short = {**SHARE, "id": "xyz", "symbol": "XYZ", "sector": "energy", "instrument": "stock"}
    found = stress(book(FUND, short, available_cash=40_000.0), scenarios="gfc_2008")
    assert (gain(found, "spy", "gfc_2008"), gain(found, "xyz", "gfc_2008")) == pytest.approx((-23_934, 4_202))
    table = dict(re.findall(r"^\| (\w+) \| ([−\d,.]*) ?\| [−\d,.]+ \|$", PAGE, re.MULTILINE))
    after = dict(re.findall(r"^\| (\w+) \| [−\d,.]* ?\| ([−\d,.]+) \|$", PAGE, re.MULTILINE))
    assert set(after) == {"profit_and_loss", "loss_owed", "initial_margin", "available_funds"}
    for name, text in after.items():
        assert only(found)[name] == pytest.approx(amount(text), abs=0.005), name
        if table[name]:
            assert found.document["base"][name] == pytest.approx(amount(table[name]), abs=0.005), name


def test_the_list_of_scenarios_is_whole():
    listed = re.findall(r"^\| ([a-z_0-9, ]+) \| [^|]* \| [^|]*\|$", PAGE, re.MULTILINE)
    names = {name for cell in listed for name in cell.split(", ")}
    assert {name for name in library() if "@" not in name} <= names


def test_the_limits_are_those_of_the_code():
    for limit in (points.MOST_POINTS, points.MOST_MARGINS, points.MOST_CELLS, model.MOST_CELLS):
        assert f"{limit:,}" in PAGE
