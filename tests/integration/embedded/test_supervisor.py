"""The supervisor over small children: crashes, hangs, orphans, two clusters, and the messages."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.errors import NotRunningError
from embedded.identity import Identity, wait_gone
from embedded.lifecycle import down
from embedded.state import ClusterState, Layout, ProcessState
from tests.integration.embedded.handle import Handle, dummies, ended, eventually, running

pytestmark = pytest.mark.integration


def test_up_status_down_leaves_nothing_running(tmp_path: Path) -> None:
    with running(tmp_path, dummies(tmp_path, "http", "parent", "plain")) as cluster:
        status = cluster.status
        assert [row["role"] for row in status["processes"]] == ["http", "parent", "plain"]
        assert {row["state"] for row in status["processes"]} == {"running"}
        assert status["supervisor"]["pid"] == cluster.process.pid  # type: ignore[union-attr]
        assert status["state_dir"] == str(tmp_path)
        assert set(status["urls"]) >= {"api", "flower"}
        members = cluster.everybody()
        assert len(members) >= 5  # the supervisor, three children and a grandchild
        assert down(tmp_path) == ["http", "parent", "plain"]
        assert wait_gone(members, 5) == []
        assert cluster.finish()[0] == 0
        assert cluster.status["supervisor"] == {"pid": None}
        assert {row["state"] for row in cluster.status["processes"]} == {"stopped"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_reverse_order(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, dummies(tmp_path, "plain", "http")) as cluster:
        members = cluster.everybody()
        os.kill(cluster.status["supervisor"]["pid"], number)
        status, rest = cluster.finish()
        assert status == 0
        assert rest.index("http stopped") < rest.index("plain stopped")
        assert wait_gone(members, 5) == []


def test_a_crashed_child_is_restarted_and_its_own_children_are_gone(tmp_path: Path) -> None:
    with running(tmp_path, dummies(tmp_path, "parent", "plain")) as cluster:
        family = cluster.identity("parent").family()
        other = cluster.row("plain")["pid"]
        os.kill(cluster.row("parent")["pid"], signal.SIGKILL)
        eventually(lambda: cluster.row("parent")["restarts"] == 1 and cluster.row("parent")["state"] == "running")
        assert len(family) == 2
        assert wait_gone(family, 5) == []
        assert cluster.row("plain") == {"role": "plain", "pid": other, "state": "running", "restarts": 0}


@pytest.mark.parametrize("kind", ["http", "plain"])
def test_a_hung_child_is_killed_and_restarted(tmp_path: Path, kind: str) -> None:
    with running(tmp_path, dummies(tmp_path, kind)) as cluster:
        hung = cluster.identity(kind)
        os.kill(hung.pid, signal.SIGSTOP)
        eventually(lambda: cluster.row(kind)["restarts"] == 1 and cluster.row(kind)["state"] == "running")
        assert not hung.alive
        assert "did not answer" in (cluster.layout.logs / "supervisor.log").read_text()


def test_a_killed_supervisor_started_again_reaps_its_orphans(tmp_path: Path) -> None:
    command = dummies(tmp_path, "http", "parent")
    first = Handle(tmp_path, command)
    first.start()
    orphans = [member for role in ("http", "parent") for member in first.identity(role).family()]
    os.kill(first.identity("parent").pid, signal.SIGKILL)  # its grandchild has nobody left who knows it
    assert first.process is not None
    first.process.kill()
    first.process.communicate()
    assert first.status["supervisor"] == {"pid": None}
    assert first.row("http")["state"] == "running"  # the truth: it still serves
    with running(tmp_path, command) as second:
        assert wait_gone(orphans, 0) == []
        assert second.row("http")["state"] == "running"
        assert "http reaped" in second.output


def test_down_ends_the_orphans_of_a_killed_supervisor(tmp_path: Path) -> None:
    cluster = Handle(tmp_path, dummies(tmp_path, "http", "plain"))
    cluster.start()
    members = cluster.everybody()
    assert cluster.process is not None
    cluster.process.kill()
    cluster.process.communicate()
    assert down(tmp_path) == ["http", "plain"]
    assert wait_gone(members, 5) == []


def test_a_foreign_process_under_a_recorded_pid_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True) as foreign:
        layout = Layout.at(tmp_path)
        layout.prepare()
        earlier = Identity(pid=foreign.pid, started=1_000.0)  # same pid, another life
        ClusterState(processes=[ProcessState(role="plain", state="running", identity=earlier)]).write(layout)
        with running(tmp_path, dummies(tmp_path, "plain")):
            assert foreign.poll() is None
        assert foreign.poll() is None
        foreign.kill()


def test_two_clusters_stand_side_by_side(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with running(one, dummies(one, "http")) as first, running(two, dummies(two, "http")) as second:
        assert first.row("http")["pid"] != second.row("http")["pid"]
        assert first.status["urls"]["api"] != second.status["urls"]["api"]
        assert len({*first.status["urls"].values(), *second.status["urls"].values()}) == 8
        down(two)
        second.finish()
        assert first.row("http")["state"] == "running"


def test_a_second_up_on_the_same_folder_says_so(tmp_path: Path) -> None:
    with running(tmp_path, dummies(tmp_path, "plain")) as cluster:
        second = ended(dummies(tmp_path, "plain"))
        assert second.returncode == 1
        assert f"already runs on {tmp_path} (process {cluster.process.pid})" in second.stderr  # type: ignore[union-attr]
        assert "collateral down" in second.stderr
        assert cluster.row("plain")["state"] == "running"


def test_a_taken_port_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = ended(dummies(tmp_path, "http", port=port))
    assert result.returncode == 1
    assert f"Port {port}" in result.stderr
    assert "--port" in result.stderr


def test_an_unusable_state_directory_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = ended(dummies(tmp_path / "file" / "state", "http"))
    assert result.returncode == 1
    assert "cannot be used: Not a directory" in result.stderr
    assert "--state-dir" in result.stderr


def test_a_child_that_never_comes_up_ends_the_cluster_with_its_log(tmp_path: Path) -> None:
    result = ended(dummies(tmp_path, "plain", "fails"))
    assert result.returncode == 1
    assert "this one never comes up" in result.stderr
    assert str(tmp_path / "logs" / "fails.log") in result.stderr
    assert [row.identity and row.identity.alive for row in ClusterState.read(Layout.at(tmp_path)).processes] == [
        False,
        False,
    ]


def test_down_without_a_cluster_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match="No cluster runs"):
        down(tmp_path)
