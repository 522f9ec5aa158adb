"""`collateral calc compare` and `calc backtest` of models that are asked anew on each date."""

import json
from pathlib import Path

from tests.unit.cli.conftest import EXAMPLES, Run

BOOK = EXAMPLES / "long_short_sp500.json"
PRICES = EXAMPLES / "data" / "sp500_20_prices_1990_2022.csv.gz"
MODELS = ("--param", "models=house,reg_t")


def test_people_see_models_coverage_and_savings(run: Run) -> None:
    done = run("calc", "compare", BOOK, "--history", PRICES, *MODELS)
    assert done.code == 0, done.err
    for said in ("Side by side", "Coverage of losses over 2 days, 250 dates", "p Kupiec", "Savings at equal coverage"):
        assert said in done.out


def test_without_a_history_it_says_so(run: Run) -> None:
    done = run("calc", "compare", BOOK, *MODELS)
    assert done.code == 0, done.err
    assert "No price history of" in done.out
    assert "Coverage of losses" not in done.out
    assert "No saving of reg_t against house is stated." in done.out


def test_models_may_come_from_a_file(run: Run, tmp_path: Path) -> None:
    models = tmp_path / "models.json"
    models.write_text(json.dumps([{"model": "house", "label": "ours"}, {"model": "reg_t"}]), encoding="utf-8")
    done = run("calc", "compare", BOOK, "--param", f"models=@{models}", "--json")
    assert done.code == 0, done.err
    line = json.loads(done.out)
    assert [entry["label"] for entry in line["result"]["entries"]] == ["ours", "reg_t"]
    assert line["parameters"]["models"][0]["parameters"]["version"] == "1.0"


def test_a_picture(run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "compared.svg"
    done = run("calc", "compare", BOOK, *MODELS, "--plot", str(picture))
    assert done.code == 0, done.err
    assert "reg_t" in picture.read_text(encoding="utf-8")


def test_models_without_a_common_input_are_refused(run: Run) -> None:
    done = run("calc", "compare", BOOK, "--param", "models=simm,reg_t")
    assert done.code == 2
    assert "simm takes the sensitivities of a CRIF; reg_t takes positions" in done.err


def test_a_backtest_of_house(run: Run) -> None:
    done = run("calc", "backtest", BOOK, "--history", PRICES, "--param", "model=house", "--json")
    assert done.code == 0, done.err
    result = json.loads(done.out)["result"]
    assert (result["model"], result["dates"], len(result["path"])) == ("house", 250, 250)
    shown = run("calc", "backtest", BOOK, "--history", PRICES, "--param", "model=house")
    assert "initial margin" in shown.out
    assert "peak to trough" in shown.out
