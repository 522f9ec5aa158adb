"""`collateral params` and the client against a served API: from a draft to a preview, activation and roll back."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from compute.margin.tables import PARAMS
from core.names import Role
from core.security import DEFAULT_TENANT, issue_token, load_private_key
from tests.integration.cli.conftest import EXAMPLES, Outcome, Run, Served

BOOK = EXAMPLES / "multi_asset.json"
PACKAGED = PARAMS / "house-1.0.toml"


def lines(outcome: Outcome) -> list[dict[str, Any]]:
    assert outcome.out or outcome.code == 0, outcome.err
    return [json.loads(line) for line in outcome.out.splitlines()]


@pytest.fixture
def wider(tmp_path: Path) -> Path:
    path = tmp_path / "wider.toml"
    text = PACKAGED.read_text(encoding="utf-8")
    assert text.count("initial_rate = 0.25") == 1
    path.write_text(text.replace("initial_rate = 0.25", "initial_rate = 0.35"), encoding="utf-8")
    return path


def second(served: Served) -> str:
    key = load_private_key(served.private_key)
    return issue_token(
        key, tenant=DEFAULT_TENANT, subject="second", role=Role.RISK_MANAGER, lifetime=timedelta(minutes=5)
    )


def test_from_a_draft_to_what_is_computed_with(run: Run, served: Served, wider: Path) -> None:
    assert run("params", "check", wider).code == 0
    assert run("portfolios", "put", BOOK).code == 0
    assert "is draft" in run("params", "put", "desk", wider, "--note", "Wider.").out
    assert "is submitted" in run("params", "submit", "desk").out
    refused = run("params", "approve", "desk")
    assert refused.code == 1
    assert "cannot approve" in refused.err

    difference = lines(run("params", "diff", "desk", "--json"))[0]
    assert difference["from"]["set"] == "packaged@1.0"
    assert difference["changes"] == [
        {"pointer": "/classes/equity/initial_rate", "change": "changed", "old": 0.25, "new": 0.35}
    ]

    (impact,) = lines(run("params", "preview", "desk", "--json"))
    (before,) = lines(run("calc", "margin", BOOK, "--json"))
    (after,) = lines(run("calc", "margin", BOOK, "--param", f"tables=@{wider}", "--json"))
    (row,) = impact["portfolios"]
    for side, line in (("before", before), ("after", after)):
        assert row[side]["initial_margin"] == line["result"]["initial_margin"]
    assert after["result"]["initial_margin"] > before["result"]["initial_margin"]
    assert (impact["computed"], impact["failed"], impact["version"]) == (1, 0, "desk@1")
    shown = run("params", "preview", "desk")
    assert "Initial margin rises most" in shown.out

    assert "is approved" in run("params", "approve", "desk@1", "--token", second(served)).out
    activated = run("params", "activate", "desk", "--reason", "Agreed.")
    assert "desk@1 is what house computes with" in activated.out
    assert any(line["set"] == "desk@1" for line in lines(run("params", "active", "--json")))
    assert lines(run("params", "ls", "--json"))[0]["state"] == "approved"
    assert "house" in run("params", "ls", "--packaged").out

    book = json.loads(BOOK.read_text(encoding="utf-8"))
    undated = {name: value for name, value in book.items() if name != "as_of"}
    path = wider.with_name("undated.json")
    path.write_text(json.dumps(undated), encoding="utf-8")
    (computed,) = lines(run("submit", "margin", path, "--wait", "--json"))
    assert computed["result"]["version"] == "desk@1"
    assert computed["result"]["parameter_set"]["content_hash"] == after["result"]["parameter_set"]["content_hash"]
    (explicit,) = lines(run("submit", "margin", path, "--param", "version=1.0", "--wait", "--json"))
    assert explicit["result"]["version"] == "1.0"

    assert "packaged@1.0 is what house" in run("params", "rollback", "house").out
    assert [line["action"] for line in lines(run("params", "history", "--json"))] == ["roll_back", "activate"]
    assert run("params", "withdraw", "desk").code == 1


def test_usage_that_makes_no_sense(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_text('{"schema": 1}', encoding="utf-8")
    assert run("params", "put", "x", path).code == 2
    assert run("params", "check", path, "--model", "simm").code == 2
    broken = run("params", "check", path, "--model", "house")
    assert (broken.code, "/document/classes" in broken.err) == (2, True)
    assert run("params", "show", "x@y").code == 2
    assert run("params", "show", "none").code == 1
    toml = tmp_path / "set.toml"
    toml.write_text("a = 2020-01-01\nb = [", encoding="utf-8")
    assert run("params", "check", toml, "--model", "house").code == 2
    toml.write_text("version = 2020-01-01\nschema = inf\n", encoding="utf-8")
    dated = run("params", "check", toml, "--model", "house")
    assert (dated.code, "/document/schema" in dated.err) == (2, True)


def test_packaged_sets_can_be_printed_and_put(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "schedule.json"
    shown = run("params", "show", "schedule@bcbs-iosco-2015", "--packaged", "--document")
    path.write_text(shown.out, encoding="utf-8")
    assert run("params", "put", "ours", path, "--model", "schedule").code == 0
    assert lines(run("params", "show", "ours@1"))[0]["document"] == json.loads(shown.out)
    assert lines(run("params", "versions", "ours", "--json"))[0]["version"] == 1
