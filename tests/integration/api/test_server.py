"""One real API process on a real socket: bodies that are too large, servers that are away, its metrics, its end."""

import gzip
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest

from api.examples import MARGIN_CALCULATE
from core.names import Role
from embedded.postgres import Postgres
from embedded.server import free_port
from tests.integration.api.conftest import Api

CALCULATE = "/api/v1/collateral/margin/calculate"
pytestmark = pytest.mark.slow


@dataclass(frozen=True, kw_only=True)
class Process:
    port: int
    metrics_port: int
    pid: int
    token: str

    def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **given}
        try:
            connection.request(method, path, body, given)  # type: ignore[arg-type]
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()


@pytest.fixture
def process(api: Api) -> Iterator[Process]:
    port, metrics_port = free_port(), free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": api.settings.database_url,
        "COLLATERAL_REDIS_URL": api.settings.redis_url,
        "COLLATERAL_PUBLIC_KEY_FILE": api.settings.public_key_file,
        "COLLATERAL_PORT": str(port),
        "COLLATERAL_METRICS_PORT": str(metrics_port),
        "COLLATERAL_DRILLS_ENABLED": "1",
        "COLLATERAL_STATE_DIR": str(api.private_key.parent),
    }
    environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
    child = subprocess.Popen([sys.executable, "-m", "cli.main", "api"], env=environment, stderr=subprocess.PIPE)
    found = Process(port=port, metrics_port=metrics_port, pid=child.pid, token=api.token(Role.ADMIN))
    try:
        _until_ready(found, child)
        yield found
    finally:
        child.terminate()
        child.communicate(timeout=30)
    assert child.returncode in {0, -signal.SIGTERM}, child.returncode


def _until_ready(process: Process, child: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert child.poll() is None, child.communicate()
        try:
            if process.call("GET", "/readyz")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("the API was not ready")


def _zeros(total: int) -> Iterator[bytes]:
    chunk = b" " * (1 << 20)
    for _ in range(total >> 20):
        yield chunk


def test_bodies_beyond_the_limit_are_refused_and_the_process_lives_on(process: Process) -> None:
    status, _, body = process.call("POST", CALCULATE, _zeros(200 << 20))
    assert status == 413
    assert json.loads(body)["type"] == "/problems/too-large"
    status, _, body = process.call("POST", CALCULATE, b"", Content_Length=str(200 << 20))
    assert status == 413
    bomb = gzip.compress(b" " * (100 << 20))
    status, _, body = process.call("POST", CALCULATE, bomb, Content_Encoding="gzip")
    assert status == 413, body
    status, _, body = process.call("POST", CALCULATE, b"\x1f\x8bnonsense", Content_Encoding="gzip")
    assert status == 400
    status, _, body = process.call("POST", CALCULATE, b"{}", Content_Encoding="br")
    assert status == 415
    packed = gzip.compress(json.dumps(MARGIN_CALCULATE).encode())
    status, headers, _ = process.call("POST", CALCULATE, packed, Content_Encoding="gzip")
    assert status == 200
    assert "server" not in headers


@pytest.mark.parametrize("text", ['{"portfolio": {"id": "x", "posi', "", "nonsense", "[" * 100_000, '"\\ud800"'])
def test_json_that_is_none_is_a_problem(process: Process, text: str) -> None:
    status, headers, body = process.call("POST", CALCULATE, text.encode())
    assert status in {400, 422}, body
    assert headers["content-type"] == "application/problem+json"


def test_metrics_have_their_own_port_and_the_specs_names(process: Process) -> None:
    assert process.call("POST", CALCULATE, json.dumps(MARGIN_CALCULATE).encode())[0] == 200
    assert process.call("GET", "/metrics")[0] == 404
    connection = http.client.HTTPConnection("127.0.0.1", process.metrics_port, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    for name in (
        "collateral_margin_calculations_total",
        "collateral_alerts_generated_total",
        "collateral_optimization_savings_total",
        "collateral_calculation_duration_seconds_bucket",
        "collateral_hardware_utilization",
        "collateral_queue_depth",
        "collateral_queue_oldest_seconds",
        "collateral_http_requests_total",
    ):
        assert name in text, name
    assert "portfolio_001" not in text


def test_without_postgres_the_answer_is_503_with_retry_after(process: Process, postgres_server: Postgres) -> None:
    assert postgres_server.pid is not None
    os.kill(postgres_server.pid, signal.SIGSTOP)
    frozen = [postgres_server.pid, *_children(postgres_server.pid)]
    for pid in frozen[1:]:
        os.kill(pid, signal.SIGSTOP)
    try:
        for method, path, body in (
            ("POST", CALCULATE, json.dumps(MARGIN_CALCULATE).encode()),
            ("POST", "/api/v1/jobs", b'{"measure": "noop"}'),
            ("GET", "/api/v1/jobs", None),
        ):
            status, headers, answer = process.call(method, path, body)
            assert status == 503, answer
            assert int(headers["retry-after"]) >= 1
            assert json.loads(answer)["type"] == "/problems/storage-unavailable"
        assert process.call("GET", "/livez")[0] == 200
        status, _, answer = process.call("GET", "/readyz")
        assert status == 503
        assert "database" in json.loads(answer)["missing"]
        assert process.call("GET", "/health")[0] == 200
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    for _ in range(100):
        if process.call("POST", "/api/v1/jobs", b'{"measure": "noop"}')[0] == 202:
            return
        time.sleep(0.1)
    raise AssertionError("the API did not recover")


def _children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]
