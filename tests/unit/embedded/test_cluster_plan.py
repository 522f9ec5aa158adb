"""What `up` would start, without starting it."""

import sys
from pathlib import Path

import pytest

from embedded.cluster import COMMAND, Plan, bulk_slots, make_plan
from embedded.program import MARK, Program
from embedded.state import Layout

PORTS = {"api": 1, "flower": 2, "metrics": 3, "postgres": 4, "valkey": 5}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout.at(tmp_path)
    layout.prepare()
    return layout


def _programs(plan: Plan) -> dict[str, Program]:
    return {
        child.role: child.runner
        for stage in plan.stages
        for child in stage.children
        if isinstance(child.runner, Program)
    }


def test_servers_come_before_processes(layout: Layout) -> None:
    servers, processes = make_plan(layout, PORTS, {}).stages
    assert [child.role for child in servers.children] == ["postgres", "valkey"]
    assert [child.role for child in processes.children] == [
        "api",
        "worker-rt",
        "worker-bulk",
        "beat",
        "reconciler",
        "flower",
    ]


def test_children_are_the_single_process_commands(layout: Layout) -> None:
    programs = _programs(make_plan(layout, PORTS, {"MARGIN_CALCULATION_WORKERS": "3"}))
    words = {role: program.command[len(COMMAND) :] for role, program in programs.items()}
    assert words == {
        "api": ("api",),
        "worker-rt": ("worker", "--queues", "cpu.rt,monitor", "--concurrency", "1"),
        "worker-bulk": ("worker", "--queues", "cpu.bulk", "--concurrency", "3"),
        "beat": ("beat",),
        "reconciler": ("reconciler",),
        "flower": ("flower",),
    }


def test_settings_pass_through_and_the_cluster_decides_its_own(layout: Layout) -> None:
    given = {"JURISDICTION": "EU", "DATABASE_URL": "postgresql://elsewhere/x", "REDIS_HOST": "elsewhere"}
    for program in _programs(make_plan(layout, PORTS, given)).values():
        assert program.environment["JURISDICTION"] == "EU"
        assert "@127.0.0.1:4/" in program.environment["DATABASE_URL"]
        assert program.environment["COLLATERAL_REDIS_URL"].endswith("@127.0.0.1:5")
        assert program.environment[MARK] == str(layout.root)
        assert program.environment["COLLATERAL_DRILLS_ENABLED"] == "true"


def test_an_operators_choice_about_drills_stands(layout: Layout) -> None:
    plan = make_plan(layout, PORTS, {"COLLATERAL_DRILLS_ENABLED": "false"})
    assert plan.environment["COLLATERAL_DRILLS_ENABLED"] == "false"


def test_keys_and_passwords_are_made_once(layout: Layout) -> None:
    first, second = (make_plan(layout, PORTS, {}).environment for _ in range(2))
    assert first == second
    assert layout.private_key.read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_metric_values_of_an_earlier_life_are_removed(layout: Layout) -> None:
    (layout.metrics / "counter_1.db").touch()
    make_plan(layout, PORTS, {})
    assert list(layout.metrics.iterdir()) == []


def test_the_addresses(layout: Layout) -> None:
    assert make_plan(layout, PORTS, {}).urls == {
        "api": "http://127.0.0.1:1",
        "docs": "http://127.0.0.1:1/docs",
        "flower": "http://127.0.0.1:2",
        "metrics": "http://127.0.0.1:3/metrics",
    }


def test_bulk_slots() -> None:
    assert bulk_slots({"MARGIN_CALCULATION_WORKERS": "7"}) == 7
    assert 1 <= bulk_slots({}) <= 2
    assert bulk_slots({"MARGIN_CALCULATION_WORKERS": "0"}) == bulk_slots({})


def test_children_run_under_our_own_interpreter() -> None:
    assert (sys.executable, "-m", "cli.main") == COMMAND
