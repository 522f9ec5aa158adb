"""`collateral calc stress`: scenarios by name, grids from a file, tables for people."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import EXAMPLES, Run

BOOK = EXAMPLES / "multi_asset.json"


def test_one_line_holds_scenarios_positions_and_the_grid(run: Run, tmp_path: Path) -> None:
    grid = tmp_path / "grid.json"
    grid.write_text('{"spot": [-0.1, 0.1], "margin": false}')
    names = "gfc_2008,covid_2020@2020-03-16"
    done = run("calc", "stress", BOOK, "--param", f"scenarios={names}", "--param", f"grid=@{grid}", "--json")
    assert done.code == 0, done.err
    line = json.loads(done.out)
    assert (line["measure"], line["model"], line["device"]) == ("stress", "house", "cpu")
    result = line["result"]
    assert [each["scenario"] for each in result["scenarios"]] == names.split(",")
    for each in result["scenarios"]:
        total = sum(row[each["scenario"]] for row in result["profit_and_loss"])
        assert each["profit_and_loss"] == pytest.approx(total)
    assert [point["spot"] for point in result["grid"]] == [-0.1, 0.1]


def test_people_see_scenarios_and_what_stood_still(run: Run, tmp_path: Path) -> None:
    grid = tmp_path / "grid.json"
    grid.write_text('{"spot": [-0.1, 0.1]}')
    done = run("calc", "stress", BOOK, "--param", "scenarios=gfc_2008", "--param", f"grid=@{grid}")
    assert done.code == 0, done.err
    for said in ("Scenarios", "gfc_2008", "funds left", "Grid", "Could not be moved", "gbpusd"):
        assert said in done.out


@pytest.mark.parametrize(
    ("name", "said"), [("gfc_2009", "gfc_2008"), ("gfc_2008,", "empty"), ("gfc_2008,gfc_2008", "more than once")]
)
def test_a_name_that_will_not_do_is_a_usage_error(run: Run, name: str, said: str) -> None:
    done = run("calc", "stress", BOOK, "--param", f"scenarios={name}", "--json")
    assert done.code == 2
    assert said in done.err + done.out


def test_a_crif_is_refused_by_name(run: Run) -> None:
    done = run("calc", "stress", EXAMPLES / "crif.csv", "--json")
    assert done.code in {1, 2}
    assert "crif" in (done.err + done.out).lower()
