"""The commands and the client against a served API."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.demo import run_demo
from cli.output import money
from client import Client, JobFailedError
from core.names import Role
from services.housekeeping import housekeeping
from services.runtime import Runtime
from tests.integration.cli.conftest import EXAMPLES, Outcome, Run, Served

BOOK = EXAMPLES / "long_short_sp500.json"
MULTI = EXAMPLES / "multi_asset.json"
PRICES = EXAMPLES / "data" / "sp500_20_prices_1990_2022.csv.gz"


def lines(outcome: Outcome) -> list[dict[str, Any]]:
    assert outcome.out or outcome.code == 0, outcome.err
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_calc_and_submit_say_the_same(run: Run) -> None:
    (here,), (there,) = (
        lines(run("calc", "margin", MULTI, "--json")),
        lines(run("submit", "margin", MULTI, "--wait", "--json")),
    )
    assert here["result"] == there["result"]
    named = ("portfolio_id", "measure", "model", "parameters", "currency", "as_of", "device")
    assert {name: here[name] for name in named} == {name: there[name] for name in named}


def test_stored_prices_and_portfolios_serve_a_var_job(run: Run) -> None:
    assert run("prices", "upload", PRICES).code == 0
    stored = run("portfolios", "put", BOOK, "--json")
    assert lines(stored)[0]["version"] == 1
    options = ("--param", "method=historical", "--json", "--wait")
    (there,) = lines(run("submit", "var", "id:long_short_sp500", *options))
    (here,) = lines(run("calc", "var", BOOK, "--history", PRICES, "--param", "method=historical", "--json"))
    assert there["result"]["measures"] == here["result"]["measures"]
    assert there["portfolio_id"] == here["portfolio_id"]
    assert lines(run("portfolios", "ls", "--json"))[0]["id"] == "long_short_sp500"
    assert lines(run("portfolios", "get", "long_short_sp500"))[0]["positions"][0]["symbol"] == "AAPL"
    assert run("portfolios", "delete", "long_short_sp500").code == 0
    assert run("portfolios", "get", "long_short_sp500").code == 1


def test_a_job_can_be_listed_shown_waited_for_and_not_cancelled_once_done(run: Run) -> None:
    submitted = run("submit", "margin", MULTI, "--json")
    job = lines(submitted)[0]["id"]
    assert (submitted.code, run("jobs", "wait", job, "--json").code) == (0, 0)
    assert [line["id"] for line in lines(run("jobs", "ls", "--state", "done", "--json"))] == [job]
    shown = run("jobs", "show", job)
    assert "total margin" in shown.out
    assert "routed:" in shown.out
    refused = run("jobs", "cancel", job)
    assert (refused.code, refused.out) == (1, "")
    assert "done already" in refused.err


def test_one_refused_portfolio_does_not_hold_up_the_others(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "two.json"
    bad = {
        "id": "bad",
        "positions": [{"id": "p", "symbol": "X", "quantity": True, "price": 1, "asset_class": "equity"}],
    }
    path.write_text(json.dumps([bad, {"id": "good", "positions": []}]))
    done = run("submit", "margin", path, "--wait", "--json")
    first, second = lines(done)
    assert done.code == 1
    assert first["error"]["errors"][0]["pointer"] == "/portfolio/positions/0/quantity"
    assert (second["portfolio_id"], second["state"]) == ("good", "done")
    path.write_text(json.dumps([bad]))
    assert run("submit", "margin", path).code == 2


def test_a_drill_that_fails_goes_to_the_dead_letters_and_back(run: Run) -> None:
    options = ("--param", "fail=true", "--max-attempts", "1", "--json")
    done = run("submit", "noop", *options, "--wait")
    assert done.code == 1
    job = lines(done)[0]["job_id"]
    assert lines(done)[0]["state"] == "dead"
    assert [line["id"] for line in lines(run("dlq", "ls", "--json"))] == [job]
    assert run("dlq", "show", job).code == 0
    assert lines(run("dlq", "replay", job, "--json"))[0]["id"] == job
    assert run("jobs", "wait", job).code == 1


def test_schedules_are_added_run_and_removed(run: Run) -> None:
    run("portfolios", "put", MULTI)
    added = run("schedules", "add", "desk", "--portfolio", "multi_asset", "--every", "3600", "--json")
    assert lines(added)[0]["every_seconds"] == 3600
    again = run("schedules", "add", "desk", "--portfolio", "multi_asset")
    assert again.code == 1
    assert len(lines(run("schedules", "run", "desk", "--json"))[0]["jobs"]) == 1
    assert "desk" in run("schedules", "ls").out
    assert run("schedules", "remove", "desk").code == 0
    assert lines(run("schedules", "ls", "--json")) == []


def test_tenants_are_added_and_listed(run: Run) -> None:
    assert run("tenants", "add", "desk-1", "--name", "First desk").code == 0
    assert [line["id"] for line in lines(run("tenants", "ls", "--json"))] == ["default", "desk-1"]
    assert run("tenants", "add", "desk-1").code == 1
    assert run("tenants", "add", "No Spaces!").code == 2


def test_migrate_finds_nothing_to_do(run: Run) -> None:
    (line,) = lines(run("migrate", "--json"))
    assert line["before"] == line["after"]


def test_the_client_follows_a_job_and_returns_columns(served: Served) -> None:
    with Client(served.url, served.token(Role.OPERATOR)) as client:
        job = client.submit("noop", parameters={"sleep_ms": 300})
        events = list(client.follow(job.id))
        assert events[-1].data["state"] == "done"
        assert client.wait(job.id).state == "done"
        portfolio = json.loads(MULTI.read_text())
        data = client.calculate_margin(portfolio)
        result = client.run("margin", portfolio)
        assert data["margin_requirement"]["total_margin"] == result["total_margin"]
        with pytest.raises(JobFailedError):
            client.run("noop", parameters={"fail": True}, max_attempts=1)


def test_housekeeping_leaves_the_young_alone(run: Run, served: Served) -> None:
    run("submit", "margin", MULTI, "--wait")
    runtime = Runtime.for_process(served.settings, pool_size=1)
    removed = housekeeping(runtime)
    runtime.close()
    assert set(removed.values()) == {0}
    assert len(lines(run("jobs", "ls", "--json"))) == 1


def test_the_documented_session_runs_to_the_letter(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = EXAMPLES.parent
    text = (root / "docs" / "cli.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    monkeypatch.chdir(root)
    code = compile(block.replace("http://127.0.0.1:9000", served.url), "docs/cli.md", "exec")
    exec(code, {"token": served.token()})  # noqa: S102 - the page's own example
    said = capsys.readouterr().out
    assert "state done" in said
    assert "/portfolio/positions/0" in said


def test_the_demo_computes_what_it_prints(served: Served) -> None:
    screen = Console(file=StringIO(), width=140)
    run_demo(served.url, served.token(), screen)
    assert isinstance(screen.file, StringIO)
    said = screen.file.getvalue()
    for part in ("Total Margin Required: 68,125.00 USD", "Monte Carlo, EWMA", "historical", "200 of 200"):
        assert part in said
    with Client(served.url, served.token()) as client:
        book = json.loads(BOOK.read_text())
        again = client.run("var", book, parameters={"confidence": 0.99, "method": "historical"})
    assert money(again["measures"][0]["var"], "USD") in said


def test_people_get_tables_and_sentences(run: Run) -> None:
    said = [
        run("prices", "put", "AAPL=150.5", "MSFT=240"),
        run("portfolios", "put", BOOK),
        run("portfolios", "ls"),
        run("schedules", "add", "nightly", "--portfolio", "long_short_sp500", "--from-creation"),
        run("schedules", "ls"),
        run("schedules", "run", "nightly"),
        run("schedules", "remove", "nightly"),
        run("submit", "margin", "id:long_short_sp500", "--wait"),
        run("submit", "margin", MULTI),
        run("jobs", "ls"),
        run("dlq", "ls"),
        run("tenants", "ls"),
        run("migrate"),
        run("portfolios", "delete", "long_short_sp500"),
    ]
    assert [one.code for one in said] == [0] * len(said), [one.err for one in said]
    text = "".join(one.out for one in said)
    for part in (
        "Stored 2 prices",
        "long_short_sp500 version 1",
        "from creation",
        "submitted 1",
        "total margin",
        "queued",
    ):
        assert part in text
    assert run("prices", "put", "AAPL").code == 2
    assert run("submit", "margin").code == 2
    assert run("submit", "margin", MULTI, "--param", "device=abacus").code == 2


def test_several_jobs_are_waited_for_together(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "three.jsonl"
    path.write_text("\n".join(json.dumps({"id": name, "positions": []}) for name in ("a", "b", "c")))
    done = run("submit", "margin", path, "--wait", "--json")
    assert [line["portfolio_id"] for line in lines(done)] == ["a", "b", "c"]
    assert run("submit", "noop", "--param", "sleep_ms=5000", "--wait", "--timeout", "0.2").code == 1
