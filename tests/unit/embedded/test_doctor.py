"""What the doctor says of folders, processes and an API that the test plays."""

import http.server
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.settings import Settings
from embedded.doctor import Finding, Word, examine
from embedded.identity import Identity
from embedded.state import ClusterState, Layout, ProcessState


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout.at(tmp_path)
    layout.prepare()
    return layout


@contextmanager
def _api(body: bytes) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Stay silent."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _look(layout: Layout) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(layout, Settings()).findings}


def _me() -> Identity:
    me = Identity.of(os.getpid())
    assert me is not None
    return me


def test_a_fresh_machine_has_nothing_to_mend(tmp_path: Path) -> None:
    report = examine(Layout.at(tmp_path / "none"), Settings())
    assert report.healthy
    found = {finding.subject: finding for finding in report.findings}
    assert found["state directory"].word is Word.ABSENT
    assert found["supervisor"].remedy == "Start it: collateral up"
    assert json.loads(json.dumps(report.document()))["healthy"] is True


def test_hidden_hardware_is_said_to_be_hidden(tmp_path: Path) -> None:
    settings = Settings.from_env({"METAL_ACCELERATION": "off"})
    found = {finding.subject: finding for finding in examine(Layout.at(tmp_path), settings).findings}
    assert found["gpu (Metal)"].word is Word.ABSENT
    assert "METAL_ACCELERATION" in found["gpu (Metal)"].detail


def test_a_key_that_others_can_read(layout: Layout) -> None:
    layout.private_key.touch(mode=0o644)
    layout.private_key.chmod(0o644)
    assert _look(layout)["signing key"].remedy == f"chmod 600 {layout.private_key}"


def test_a_stand_in_is_named(layout: Layout) -> None:
    (layout.root / "postgres").mkdir()
    (layout.root / "postgres" / "stand-in").write_text("/elsewhere/postgres")
    assert "/elsewhere/postgres" in _look(layout)["postgres data"].detail


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_a_folder_that_cannot_be_written(layout: Layout) -> None:
    layout.root.chmod(0o500)
    try:
        assert _look(layout)["state directory"].word is Word.DEGRADED
    finally:
        layout.root.chmod(0o700)


def test_orphans_are_named(layout: Layout) -> None:
    ClusterState(processes=[ProcessState(role="api", state="running", identity=_me())]).write(layout)
    found = _look(layout)
    assert found["supervisor"].word is Word.DEGRADED
    assert "collateral down" in found["supervisor"].remedy
    assert str(os.getpid()) in found["api"].detail


def test_a_restarted_child_is_worth_a_look(layout: Layout) -> None:
    rows = [
        ProcessState(role="api", state="running", restarts=2, identity=_me()),
        ProcessState(role="beat", state="running", identity=_me()),
    ]
    ClusterState(supervisor=_me(), processes=rows).write(layout)
    found = _look(layout)
    assert found["api"].word is Word.DEGRADED
    assert "restarted 2 times" in found["api"].detail
    assert str(layout.logs / "api.log") in found["api"].remedy
    assert found["beat"].word is Word.OK


@pytest.mark.parametrize(
    ("body", "subjects"),
    [
        (b'{"status": "ready", "missing": []}', {"readiness": Word.OK}),
        (b'{"status": "degraded", "missing": ["redis"]}', {"readiness: redis": Word.DEGRADED}),
        (b"not JSON", {"readiness": Word.DEGRADED}),
        (b"[]", {"readiness": Word.DEGRADED}),
    ],
)
def test_what_the_api_says_of_itself(layout: Layout, body: bytes, subjects: dict[str, Word]) -> None:
    with _api(body) as url:
        ClusterState(supervisor=_me(), urls={"api": url}).write(layout)
        found = _look(layout)
    assert {name: row.word for name, row in found.items() if name.startswith("readiness")} == subjects
