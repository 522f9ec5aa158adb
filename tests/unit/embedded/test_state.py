"""The state directory."""

import os
import stat
from pathlib import Path

import pytest

from embedded.errors import AlreadyRunningError, NotRunningError, StateDirectoryError
from embedded.identity import Identity
from embedded.state import (
    ClusterState,
    Layout,
    Lock,
    ProcessState,
    cluster_environment,
    default_folder,
    status_document,
    write_private,
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout.at(tmp_path / "state")
    layout.prepare()
    return layout


def _me() -> Identity:
    me = Identity.of(os.getpid())
    assert me is not None
    return me


def test_what_is_written_is_read(layout: Layout) -> None:
    rows = [ProcessState(role="api", state="running", restarts=2, identity=_me()), ProcessState(role="beat")]
    written = ClusterState(supervisor=_me(), urls={"api": "http://x"}, ports={"api": 1}, processes=rows)
    written.write(layout)
    assert ClusterState.read(layout) == written
    assert stat.S_IMODE(layout.state_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [None, "", "{", "[]"])
def test_a_state_file_that_cannot_be_read_is_an_empty_state(layout: Layout, content: str | None) -> None:
    if content is not None:
        layout.state_file.write_text(content)
    assert ClusterState.read(layout) == ClusterState()


def test_the_status_tells_what_lives_now(layout: Layout) -> None:
    gone = Identity(pid=_me().pid, started=1.0)
    rows = [
        ProcessState(role="api", state="running", identity=_me()),
        ProcessState(role="beat", state="running", restarts=1, identity=gone),
        ProcessState(role="flower", state="backoff", restarts=3, identity=gone),
    ]
    ClusterState(supervisor=_me(), urls={"api": "http://x"}, processes=rows).write(layout)
    assert status_document(layout) == {
        "state_dir": str(layout.root),
        "urls": {"api": "http://x"},
        "supervisor": {"pid": os.getpid()},
        "processes": [
            {"role": "api", "pid": os.getpid(), "state": "running", "restarts": 0},
            {"role": "beat", "pid": None, "state": "stopped", "restarts": 1},
            {"role": "flower", "pid": None, "state": "backoff", "restarts": 3},
        ],
    }


def test_without_a_supervisor_nothing_is_about_to_start(layout: Layout) -> None:
    ClusterState(urls={"api": "http://x"}, processes=[ProcessState(role="flower", state="backoff")]).write(layout)
    status = status_document(layout)
    assert status["urls"] == {}
    assert status["processes"] == [{"role": "flower", "pid": None, "state": "stopped", "restarts": 0}]


def test_the_environment_is_that_of_a_running_cluster(layout: Layout) -> None:
    write_private(layout.environment_file, {"DATABASE_URL": "postgresql://x"})
    with pytest.raises(NotRunningError):
        cluster_environment(layout.root)
    ClusterState(supervisor=_me()).write(layout)
    assert cluster_environment(layout.root) == {"DATABASE_URL": "postgresql://x"}
    assert stat.S_IMODE(layout.environment_file.stat().st_mode) == 0o600


def test_the_lock_is_taken_once(layout: Layout) -> None:
    first, second = Lock(layout), Lock(layout)
    first.take()
    ClusterState(supervisor=_me()).write(layout)
    with pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}"):
        second.take()
    first.release()
    second.take()
    second.release()


def test_an_unusable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateDirectoryError, match="Not a directory") as caught:
        Layout.at(tmp_path / "file" / "x").prepare()
    assert "--state-dir" in caught.value.remedy


def test_folders_of_secrets_are_private(layout: Layout) -> None:
    for folder in (layout.private_key.parent, layout.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() == 0, reason="root has a default of its own")
def test_the_default_is_below_the_users_state_folder() -> None:
    assert "nautilus-collateral" in str(default_folder({}))
    assert default_folder({"XDG_STATE_HOME": "/x"}).name == "nautilus-collateral"


def test_the_environment_names_the_folder() -> None:
    assert default_folder({"COLLATERAL_STATE_DIR": "/somewhere"}) == Path("/somewhere")
