"""`collateral calc backtest` and `calc margin` with the model fhs."""

import json

from tests.unit.cli.conftest import EXAMPLES, Run

BOOK = EXAMPLES / "long_short_sp500.json"
PRICES = EXAMPLES / "data" / "sp500_20_prices_1990_2022.csv.gz"


def test_one_line_holds_the_tests_and_the_path(run: Run) -> None:
    done = run("calc", "backtest", BOOK, "--history", PRICES, "--param", "model=fhs", "--param", "days=300", "--json")
    assert done.code == 0
    line = json.loads(done.out)
    assert (line["measure"], line["model"], line["device"]) == ("backtest", "fhs", "cpu")
    assert len(line["result"]["path"]) == line["result"]["days"] == 300
    assert {one["of"] for one in line["result"]["coverage"]} == {"margin", "core_var"}


def test_people_see_coverage_and_procyclicality(run: Run) -> None:
    done = run("calc", "backtest", BOOK, "--history", PRICES, "--param", "days=300", "--param", "apc=buffer")
    assert done.code == 0
    for said in ("Exceedances, losses that do not overlap", "core var", "Procyclicality", "peak to trough"):
        assert said in done.out


def test_margin_by_model_and_lambda(run: Run) -> None:
    options = ("--param", "model=fhs", "--param", "lambda=0.99", "--param", "apc=stressed", "--json")
    done = run("calc", "margin", BOOK, "--history", PRICES, *options)
    assert done.code == 0
    line = json.loads(done.out)
    assert line["parameters"]["lambda"] == 0.99
    result = line["result"]
    shared_out = sum(one["initial_margin"] for one in result["positions"])
    assert abs(shared_out - result["initial_margin"]) < 1e-6


def test_history_is_asked_for(run: Run) -> None:
    done = run("calc", "backtest", BOOK)
    assert done.code == 2
    assert "backtest needs price history" in done.err


def test_a_wrong_tool_is_answered_with_the_right_ones(run: Run) -> None:
    done = run("calc", "margin", BOOK, "--history", PRICES, "--param", "model=fhs", "--param", "apc=cushion")
    assert done.code == 2
    assert "apc is unknown" in done.err
