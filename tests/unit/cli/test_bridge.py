"""`collateral calc bridge` with an earlier side from a file, wholly offline."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Run

EARLIER: dict[str, Any] = {
    "id": "book",
    "currency": "USD",
    "as_of": "2024-05-31",
    "available_cash": 1e5,
    "positions": [
        {"id": "a", "symbol": "AAPL", "asset_class": "equity", "quantity": 100, "price": 190.0},
        {"id": "b", "symbol": "UST", "asset_class": "bond", "quantity": 500, "price": 98.5},
    ],
}
TODAY = {**EARLIER, "as_of": "2024-06-03", "positions": [{**EARLIER["positions"][0], "quantity": 120, "price": 194.0}]}
CRIF = "PortfolioID,TradeID,ProductClass,RiskType,Qualifier,Bucket,Label1,Label2,AmountUSD\n"
ROW = "P,t1,RatesFX,Risk_IRCurve,USD,1,5y,OIS,{amount}\n"


@pytest.fixture
def today(tmp_path: Path) -> Path:
    path = tmp_path / "today.json"
    path.write_text(json.dumps(TODAY))
    return path


def enclosed(tmp_path: Path, **document: Any) -> str:
    path = tmp_path / "earlier.json"
    path.write_text(json.dumps(document))
    return f"earlier=@{path}"


def margin(run: Run, tmp_path: Path, book: dict[str, Any] = EARLIER) -> dict[str, Any]:
    path = tmp_path / "before.json"
    path.write_text(json.dumps(book))
    found: dict[str, Any] = json.loads(run("calc", "margin", path, "--json").out)["result"]
    return found


def test_from_a_file_with_its_result(run: Run, today: Path, tmp_path: Path) -> None:
    before = margin(run, tmp_path)
    given = enclosed(tmp_path, job_id="j1", portfolio=EARLIER, parameters={}, result=before)
    done = run("calc", "bridge", today, "--param", given, "--json")
    assert done.code == 0, done.err
    line = json.loads(done.out)
    result = line["result"]
    assert (line["measure"], line["parameters"]["earlier"]) == ("bridge", "j1")
    assert result["waterfall"][0]["amount"] == before["initial_margin"]
    assert [step["step"] for step in result["steps"]] == ["trades", "prices", "time"]
    for name, change in result["change"].items():
        assert math.fsum(step["figures"][name] for step in result["steps"]) == change


def test_without_a_result_it_says_that_the_figures_are_computed_now(run: Run, today: Path, tmp_path: Path) -> None:
    done = run("calc", "bridge", today, "--param", enclosed(tmp_path, portfolio=EARLIER), "--json")
    found = json.loads(done.out)["result"]["earlier"]
    assert found["figures_are"].startswith("computed now")
    assert found["figures"]["initial_margin"] == margin(run, tmp_path)["initial_margin"]


def test_people_see_the_steps_and_a_picture_is_drawn(run: Run, today: Path, tmp_path: Path) -> None:
    picture = tmp_path / "bridge.svg"
    done = run("calc", "bridge", today, "--param", enclosed(tmp_path, portfolio=EARLIER), "--plot", picture)
    assert done.code == 0, done.err
    for part in ("2024-05-31 to 2024-06-03", "trades", "1 removed, 1 changed", "comes to"):
        assert part in done.out
    assert "trades" in picture.read_text()


def test_a_crif(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "today.csv"
    path.write_text(CRIF + ROW.format(amount=12_000))
    given = enclosed(tmp_path, crif=CRIF + ROW.format(amount=10_000), parameters={"model": "simm"})
    done = run("calc", "bridge", path, "--param", "model=simm", "--param", given, "--json")
    assert done.code == 0, done.err
    result = json.loads(done.out)["result"]
    assert [step["step"] for step in result["steps"]] == ["sensitivities"]
    assert result["sensitivities"][0]["amount_today"] == 12_000.0


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"parameters": {}}, "neither a portfolio nor a crif"),
        ({"measure": "price", "portfolio": EARLIER}, "of the measure price"),
        ({"portfolio": {**EARLIER, "id": "other"}}, "of the portfolio 'other'"),
        ({"portfolio": {**EARLIER, "positions": [{"id": "x"}]}}, "/parameters/earlier/portfolio/positions/0/symbol"),
        ({"portfolio": EARLIER, "parameters": {"version": "0.1"}}, "/parameters/earlier/parameters/version"),
        ({"portfolio": EARLIER, "parameters": {"model": "reg_t"}}, "of the model reg_t"),
    ],
)
def test_what_no_bridge_can_begin_at_is_named(
    run: Run, today: Path, tmp_path: Path, document: dict[str, Any], said: str
) -> None:
    done = run("calc", "bridge", today, "--param", enclosed(tmp_path, **document))
    assert done.code in {1, 2}
    assert said in done.err


def test_a_bridge_needs_its_earlier_side(run: Run, today: Path) -> None:
    done = run("calc", "bridge", today)
    assert done.code == 2
    assert "earlier=JOB_ID" in done.err
