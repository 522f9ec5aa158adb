"""`up`, `down`, `status` and `doctor` as the terminal shows them; the cluster itself is played."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cli import cluster as commands
from embedded.cluster import Plan, make_plan
from embedded.errors import NotRunningError
from embedded.identity import Identity
from embedded.state import ClusterState, Layout, ProcessState

PORTS = {"api": 1, "flower": 2, "metrics": 3, "postgres": 4, "valkey": 5}


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    commands.register(app)
    return app


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout.at(tmp_path)
    layout.prepare()
    return layout


@pytest.fixture
def alive(layout: Layout) -> Layout:
    """A state directory whose supervisor and api are this very process."""
    me = Identity.of(os.getpid())
    rows = [ProcessState(role="api", state="running", identity=me)]
    ClusterState(supervisor=me, urls={"docs": "http://127.0.0.1:1/docs"}, processes=rows).write(layout)
    return layout


def _run(app: typer.Typer, layout: Layout, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words, "--state-dir", str(layout.root)])
    return result.exit_code, result.output


def test_status_of_nothing(app: typer.Typer, layout: Layout) -> None:
    code, out = _run(app, layout, "status")
    assert code == 1
    assert "collateral up" in out


def test_status_of_a_cluster(app: typer.Typer, alive: Layout) -> None:
    code, out = _run(app, alive, "status")
    assert code == 0
    assert str(os.getpid()) in out
    assert "http://127.0.0.1:1/docs" in out
    code, out = _run(app, alive, "status", "--json")
    assert json.loads(out)["supervisor"] == {"pid": os.getpid()}


def test_doctor_in_words_and_as_json(app: typer.Typer, layout: Layout) -> None:
    code, out = _run(app, layout, "doctor")
    assert code == 0
    assert "→ Start it: collateral up" in out
    assert json.loads(_run(app, layout, "doctor", "--json")[1])["healthy"] is True


def test_down_without_a_cluster_is_an_error_in_words(app: typer.Typer, layout: Layout) -> None:
    result = CliRunner().invoke(app, ["down", "--state-dir", str(layout.root)])
    assert isinstance(result.exception, NotRunningError)


def test_down_names_what_was_stopped(app: typer.Typer, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "stop_cluster", lambda _folder: ["postgres", "api"])
    assert _run(app, layout, "down")[1] == "Stopped: postgres, api.\n"
    assert json.loads(_run(app, layout, "down", "--json")[1])["stopped"] == ["postgres", "api"]


@pytest.fixture
def played(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the supervisor: everything is ready at once, and then the cluster is asked to stop."""

    def start(_folder: Path, *, port: int, tell: Any, on_ready: Callable[[Plan], Awaitable[None]]) -> None:
        tell("api", "starting", "")
        tell("api", "running", "")
        tell("beat", "backoff", f"it exited with status {port}")

        async def serve() -> None:
            await on_ready(make_plan(layout, PORTS, {}))

        asyncio.run(serve())

    monkeypatch.setattr(commands, "start_cluster", start)


@pytest.mark.usefixtures("played")
def test_up_tells_what_starts_and_where_it_answers(app: typer.Typer, layout: Layout) -> None:
    code, out = _run(app, layout, "up", "--port", "7")
    assert code == 0
    assert "api          running" in out
    assert "starting" not in out.lower().replace("starting the cluster", "")
    assert "beat         backoff: it exited with status 7" in out
    assert "http://127.0.0.1:1/docs" in out
    assert f"collateral token --state-dir {layout.root}" in out
    assert "Stopped; nothing is left running." in out


@pytest.mark.usefixtures("played")
def test_a_demo_that_fails_does_not_stop_the_cluster(app: typer.Typer, layout: Layout) -> None:
    code, out = _run(app, layout, "up", "--port", "7", "--demo")  # nobody listens on port 1
    assert code == 0
    assert "The demo did not finish" in out
    assert "Ready." in out
