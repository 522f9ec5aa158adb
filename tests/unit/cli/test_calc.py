"""`collateral calc`: the fields of a line, the exit codes, and what is refused."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from cli.parameters import NOT_BUILT
from tests.unit.cli.conftest import EXAMPLES, Outcome, Run

MULTI = EXAMPLES / "multi_asset.json"
README = EXAMPLES / "readme_request.json"
PRICES = EXAMPLES / "data" / "sp500_20_prices_1990_2022.csv.gz"
FIELDS = ["portfolio_id", "measure", "model", "parameters", "currency", "as_of", "device"]
GROSS = 37_500 + 30_625 + 1_000_000 + 140_000 + 138_000 + 256_500 + 22_000 + 12_500 + 162_000 + 705_000 + 115_500


def lines(outcome: Outcome) -> list[dict[str, Any]]:
    return [json.loads(line) for line in outcome.out.splitlines()]


def position(**changes: Any) -> dict[str, Any]:
    return {"id": "p", "symbol": "AAPL", "quantity": 10, "price": 150.0, "asset_class": "equity", **changes}


def written(folder: Path, value: Any, name: str = "input.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(value))
    return path


def test_a_line_has_the_promised_fields_at_full_precision(run: Run) -> None:
    done = run("calc", "margin", MULTI, "--json")
    (line,) = lines(done)
    assert done.code == 0
    assert [name for name in line if name in FIELDS] == FIELDS
    assert (line["portfolio_id"], line["measure"], line["model"]) == ("multi_asset", "margin", "house")
    assert (line["currency"], line["as_of"], line["device"]) == ("USD", "2022-12-28", "cpu")
    assert line["result"]["gross_initial_margin"] == pytest.approx(GROSS, rel=1e-12)
    assert line["parameters"]["volatility"] == "given"


def test_a_wrapped_portfolio_reads_like_a_bare_one(run: Run, tmp_path: Path) -> None:
    bare = written(tmp_path, json.loads(README.read_text())["portfolio"])
    (first,), (second,) = lines(run("calc", "margin", README, "--json")), lines(run("calc", "margin", bare, "--json"))
    assert first["result"] == second["result"]
    assert first["result"]["gross_initial_margin"] == 68_125.0


@pytest.mark.parametrize("name", ["many.json", "many.jsonl", "many.jsonl.gz"])
def test_several_portfolios_come_out_in_order(run: Run, tmp_path: Path, name: str) -> None:
    portfolios: list[dict[str, Any]] = [
        {"id": "a", "positions": [position()]},
        {"portfolio": {"id": "b", "positions": []}},
    ]
    text = json.dumps(portfolios) if name.endswith(".json") else "\n".join(json.dumps(one) for one in portfolios)
    data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    path = tmp_path / name
    path.write_bytes(data)
    done = run("calc", "margin", path, "--json")
    assert (done.code, [line["portfolio_id"] for line in lines(done)]) == (0, ["a", "b"])


def test_one_bad_portfolio_does_not_hold_up_the_others(run: Run, tmp_path: Path) -> None:
    bad = {"id": "bad", "positions": [position(quantity="ten")]}
    good = {"id": "good", "positions": [position()]}
    done = run("calc", "margin", written(tmp_path, [bad, good]), "--json")
    first, second = lines(done)
    assert done.code == 1
    assert first["error"]["errors"][0]["pointer"] == "/0/positions/0/quantity"
    assert second["result"]["initial_margin"] > 0
    assert "bad" in done.err


def test_a_computation_that_fails_is_an_error_on_its_line(run: Run, tmp_path: Path) -> None:
    lost = {"id": "lost", "as_of": "2022-12-28", "positions": [position(symbol="NOBODY")]}
    fine = {"id": "fine", "as_of": "2022-12-28", "positions": [position()]}
    source = written(tmp_path, [lost, fine])
    done = run("calc", "var", source, "--history", PRICES, "--param", "method=historical", "--json")
    first, second = lines(done)
    assert done.code == 1
    assert first["error"]["code"] == "history-unusable"
    assert second["result"]["measures"]


def test_var_reads_its_parameters_and_history(run: Run) -> None:
    options = ("--param", "confidence=0.95,0.99", "--param", "paths=20000", "--param", "method=plain")
    done = run("calc", "var", EXAMPLES / "long_short_sp500.json", "--history", PRICES, *options, "--json")
    (line,) = lines(done)
    assert done.code == 0
    assert [one["confidence"] for one in line["result"]["measures"]] == [0.95, 0.99]
    assert line["result"]["paths"] == 20_000


@pytest.mark.parametrize(
    "text", ["[1", "", "nonsense", '{"id": "a", "positions": [{"id": "p", "quantity": NaN}]}', "[]"]
)
def test_an_input_that_cannot_be_read_exits_2(run: Run, tmp_path: Path, text: str) -> None:
    path = tmp_path / "input.json"
    path.write_text(text)
    done = run("calc", "margin", path)
    assert (done.code, done.out) == (2, "")
    assert done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("margin", "no-such-file.json"),
        ("margin", MULTI, "--param", "modle=house"),
        ("margin", MULTI, "--param", "model"),
        ("margin", MULTI, "--param", "model=house", "--param", "model=house"),
        ("margin", MULTI, "--param", "volatility=@no-such-file.json"),
        ("margin", MULTI, "--param", "device=gpu"),
        ("margin",),
        ("var", EXAMPLES / "long_short_sp500.json"),
        ("noop", MULTI),
        ("magic", MULTI),
    ],
)
def test_usage_that_makes_no_sense_exits_2(run: Run, arguments: tuple[str | Path, ...]) -> None:
    done = run("calc", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err


@pytest.mark.parametrize("measure", NOT_BUILT)
def test_a_measure_that_comes_later_says_so(run: Run, measure: str) -> None:
    done = run("calc", measure, MULTI)
    assert done.code == 2
    assert f"{measure} is not built yet" in done.err


def test_tables_round_money_half_up_and_name_the_device(run: Run, tmp_path: Path) -> None:
    source = written(tmp_path, {"id": "yen", "currency": "JPY", "positions": [position(currency="JPY", price=151.0)]})
    done = run("calc", "margin", source)
    assert done.code == 0
    assert "378 JPY" in done.out  # 377.5
    assert "on cpu" in done.out


def test_optimise_is_printed_for_people_too(run: Run) -> None:
    done = run("calc", "optimise", MULTI)
    assert done.code == 0
    assert "optimized margin" in done.out
