"""`collateral replay` against a served API."""

import json
from pathlib import Path

from sqlalchemy import text

from services.runtime import Runtime
from tests.integration.cli.conftest import EXAMPLES, Run, Served

MULTI = EXAMPLES / "multi_asset.json"


def test_a_replay_is_equal_then_different_then_not_there(run: Run, served: Served) -> None:
    submitted = run("submit", "margin", MULTI, "--wait", "--json")
    job_id = json.loads(submitted.out)["job_id"]
    shown = run("replay", job_id)
    assert shown.code == 0, shown.err
    assert "equal: All" in shown.out

    other = json.loads(run("submit", "margin", EXAMPLES / "long_short_sp500.json", "--wait", "--json").out)["job_id"]
    runtime = Runtime.for_process(served.settings, pool_size=1)
    try:
        with runtime.database.unit_of_work() as conn:
            swap = "UPDATE results SET columns = (SELECT columns FROM results WHERE job_id = :other) WHERE job_id = :id"
            conn.execute(text(swap), {"other": other, "id": job_id})
    finally:
        runtime.close()
    different = run("replay", job_id, "--json")
    assert different.code == 1
    found = json.loads(different.out)
    assert (found["verdict"], found["job_id"]) == ("different", job_id)
    assert found["differences"]
    table = run("replay", job_id)
    assert table.code == 1
    assert "Largest differences" in table.out


def test_what_cannot_be_replayed_is_a_usage_error(run: Run) -> None:
    assert run("replay", "no-such-job").code == 2
    missing = run("replay", "00000000-0000-4000-8000-000000000009")
    assert missing.code == 2
    assert "There is no job" in missing.err
    drill = json.loads(run("submit", "noop", "--wait", "--json").out)["job_id"]
    refused = run("replay", drill)
    assert refused.code == 2
    assert "drill" in refused.err


def test_a_bridge_reads_its_earlier_side_from_the_cluster(run: Run, tmp_path: Path) -> None:
    before = json.loads(run("submit", "margin", MULTI, "--wait", "--json").out)
    book = json.loads(MULTI.read_text())
    book = book.get("portfolio", book)
    book["positions"][0]["quantity"] *= 2
    today = tmp_path / "today.json"
    today.write_text(json.dumps(book))
    here = run("calc", "bridge", today, "--param", f"earlier={before['job_id']}", "--json")
    assert here.code == 0, here.err
    there = run("submit", "bridge", today, "--param", f"earlier={before['job_id']}", "--wait", "--json")
    assert there.code == 0, there.err
    one, other = (json.loads(each.out)["result"] for each in (here, there))
    assert one["waterfall"] == other["waterfall"]
    assert one["waterfall"][0]["running"] == before["result"]["initial_margin"]
    assert [step["step"] for step in one["steps"]] == ["trades"]
    missing = run("calc", "bridge", today, "--param", "earlier=00000000-0000-4000-8000-000000000009")
    assert "There is no job" in missing.err
