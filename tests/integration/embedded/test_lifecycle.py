"""`up` and `down` within this process, over small children."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from embedded.cluster import Plan
from embedded.errors import ChildFailedError, PortTakenError
from embedded.identity import wait_gone
from embedded.lifecycle import down, up
from embedded.state import ClusterState, Layout
from tests.integration.embedded.dummies import plan_of
from tests.integration.embedded.handle import Handle, dummies

pytestmark = pytest.mark.integration


def _up(folder: Path, *kinds: str, port: int = 0) -> list[tuple[str, str, str]]:
    """Start the children, and have ourselves stopped as soon as they are ready."""
    told: list[tuple[str, str, str]] = []

    async def ready(_plan: Plan) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    def make(layout: Layout, ports: Mapping[str, int]) -> Plan:
        return plan_of(list(kinds), layout, ports)

    up(folder, port=port, tell=lambda *words: told.append(words), on_ready=ready, plan_of=make)
    return told


def test_children_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    told = [words[:2] for words in _up(tmp_path, "http", "plain")]
    assert told == [
        ("http", "starting"),
        ("http", "running"),
        ("plain", "starting"),
        ("plain", "running"),
        ("plain", "stopped"),
        ("http", "stopped"),
    ]
    state = ClusterState.read(Layout.at(tmp_path))
    assert wait_gone([row.identity for row in state.processes if row.identity], 5) == []


def test_a_failed_start_stops_what_had_started(tmp_path: Path) -> None:
    with pytest.raises(ChildFailedError, match="`fails` does not come up"):
        _up(tmp_path, "plain", "fails")
    state = ClusterState.read(Layout.at(tmp_path))
    assert len(state.processes) == 2
    assert wait_gone([row.identity for row in state.processes if row.identity], 5) == []


def test_after_a_failure_the_folder_can_be_used_again(tmp_path: Path) -> None:
    with pytest.raises(ChildFailedError):
        _up(tmp_path, "fails")
    assert _up(tmp_path, "plain")[1][:2] == ("plain", "running")


def test_a_port_that_is_taken_starts_nothing(tmp_path: Path) -> None:
    told: list[tuple[str, str, str]] = []
    other = Handle(tmp_path / "other", dummies(tmp_path / "other", "http"))
    other.start()
    try:
        taken = ClusterState.read(other.layout).ports["api"]
        with pytest.raises(PortTakenError):
            told = _up(tmp_path / "one", "http", port=taken)
    finally:
        other.end()
    assert told == []


def test_orphans_are_reaped_before_anything_starts(tmp_path: Path) -> None:
    earlier = Handle(tmp_path, dummies(tmp_path, "plain", "parent"))
    earlier.start()
    orphans = [member for role in ("plain", "parent") for member in earlier.identity(role).family()]
    assert earlier.process is not None
    earlier.process.kill()
    earlier.process.communicate()
    told = _up(tmp_path, "plain")
    assert [words[:2] for words in told[:2]] == [("plain", "reaped"), ("parent", "reaped")]
    assert wait_gone(orphans, 0) == []


def test_down_stops_another_process_cluster(tmp_path: Path) -> None:
    cluster = Handle(tmp_path, dummies(tmp_path, "plain"))
    cluster.start()
    members = cluster.everybody()
    assert down(tmp_path) == ["plain"]
    assert cluster.finish()[0] == 0
    assert wait_gone(members, 0) == []
