"""The real cluster: `collateral up`, what it shows, what it survives, and that nothing of it is left."""

import json
import os
import platform
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from embedded.identity import Identity, wait_gone
from embedded.program import MARK
from tests.guard import Guard
from tests.integration.embedded.handle import Handle, ended, eventually, running

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("cluster")]

COLLATERAL = [sys.executable, "-m", "cli.main"]
ROLES = ["postgres", "valkey", "api", "worker-rt", "worker-bulk", "beat", "reconciler", "flower"]
IDLE_BYTES = 1.3e9


@pytest.fixture(scope="module")
def folder(guard: Guard) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nct-"))
    folder.chmod(0o711)
    guard.folder(folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def started(folder: Path, guard: Guard) -> Iterator[Handle]:
    state = folder / "state"
    with running(state, [*COLLATERAL, "up", "--port", "0", "--state-dir", str(state)], until="Ctrl-C") as cluster:
        for identity in cluster.everybody():
            guard.process(identity)
        yield cluster


@pytest.fixture
def cluster(started: Handle) -> Handle:
    """The cluster, well."""
    eventually(lambda: _well(started))
    return started


def _well(cluster: Handle) -> bool:
    return all(row["state"] == "running" for row in cluster.status["processes"]) and _ready(cluster)


def _ready(cluster: Handle) -> bool:
    try:
        answer = httpx.get(f"{cluster.status['urls']['api']}/readyz", timeout=5)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200 and answer.json()["status"] == "ready"


def _says(cluster: Handle, *words: str) -> tuple[int, str]:
    result = ended([*COLLATERAL, *words, "--state-dir", str(cluster.layout.root)])
    return result.returncode, result.stdout


def _restarts(cluster: Handle) -> dict[str, int]:
    return {row["role"]: row["restarts"] for row in cluster.status["processes"]}


def test_status_shows_every_process(cluster: Handle) -> None:
    code, out = _says(cluster, "status", "--json")
    status = json.loads(out)
    assert code == 0
    assert set(status) == {"state_dir", "urls", "supervisor", "processes"}
    assert [row["role"] for row in status["processes"]] == ROLES
    assert all(set(row) == {"role", "pid", "state", "restarts"} for row in status["processes"])
    assert all(psutil.pid_exists(row["pid"]) for row in status["processes"])
    assert psutil.pid_exists(status["supervisor"]["pid"])


def test_the_addresses_answer(cluster: Handle) -> None:
    urls = cluster.status["urls"]
    assert httpx.get(f"{urls['api']}/livez").status_code == 200
    assert httpx.get(urls["docs"]).status_code == 200
    assert httpx.get(urls["flower"]).status_code == 401  # it asks who is there
    metrics = httpx.get(urls["metrics"]).text
    for name in (
        "collateral_margin_calculations_total",
        "collateral_alerts_generated_total",
        "collateral_optimization_savings_total",
        "collateral_calculation_duration_seconds_bucket",
        "collateral_hardware_utilization",
    ):
        assert name in metrics, name


def test_a_token_of_this_cluster_is_let_in(cluster: Handle) -> None:
    address = f"{cluster.status['urls']['api']}/api/v1/jobs"
    code, token = _says(cluster, "token")
    assert code == 0
    assert httpx.get(address).status_code == 401
    assert httpx.get(address, headers={"Authorization": f"Bearer {token.strip()}"}).status_code == 200


def test_secrets_are_private(cluster: Handle) -> None:
    root = cluster.layout.root
    secrets = [
        cluster.layout.private_key,
        cluster.layout.environment_file,
        cluster.layout.state_file,
        root / "keys" / "flower-password",
        root / "postgres" / "password",
        root / "valkey" / "password",
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}


def test_no_child_was_given_the_signing_key(cluster: Handle) -> None:
    for role in ROLES[2:]:
        environment = psutil.Process(cluster.row(role)["pid"]).environ()
        assert environment[MARK] == str(cluster.layout.root)
        assert "COLLATERAL_PRIVATE_KEY_FILE" not in environment


def test_everything_listens_on_this_machine_alone(cluster: Handle) -> None:
    listening = [
        connection.laddr.ip
        for identity in cluster.everybody()
        if (process := identity.process) is not None
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 5
    assert set(listening) == {"127.0.0.1"}


def test_the_doctor_finds_the_machine_and_the_processes(cluster: Handle) -> None:
    _, out = _says(cluster, "doctor", "--json")
    findings = {row["subject"]: row for row in json.loads(out)["findings"]}
    assert set(findings) >= {"machine", "gpu (Metal)", "ane (Neural Engine)", "supervisor", "readiness", *ROLES}
    assert findings["readiness"]["word"] == "ok"
    assert str(os.cpu_count()) in findings["machine"]["detail"]


@pytest.mark.skipif(platform.system() != "Linux", reason="only Linux tells proportional memory")
def test_the_idle_cluster_is_small(cluster: Handle) -> None:
    pss = 0
    for identity in cluster.everybody():
        if (process := identity.process) is not None:
            pss += process.memory_full_info().pss
    assert 1e8 < pss <= IDLE_BYTES


def test_a_killed_worker_comes_back_and_its_pool_is_gone(cluster: Handle) -> None:
    before = _restarts(cluster)["worker-rt"]
    eventually(lambda: len(cluster.identity("worker-rt").family()) >= 3)
    family = cluster.identity("worker-rt").family()
    os.kill(cluster.row("worker-rt")["pid"], signal.SIGKILL)
    eventually(lambda: _restarts(cluster)["worker-rt"] == before + 1 and _well(cluster))
    assert wait_gone(family, 0) == []


def test_a_killed_postgres_comes_back_and_the_api_outlives_it(cluster: Handle) -> None:
    before = _restarts(cluster)
    api = cluster.identity("api")
    os.kill(cluster.row("postgres")["pid"], signal.SIGKILL)
    eventually(lambda: _restarts(cluster)["postgres"] == before["postgres"] + 1 and _well(cluster))
    assert api.alive
    assert _restarts(cluster)["api"] == before["api"]


def test_a_frozen_valkey_and_a_frozen_reconciler_are_replaced(cluster: Handle) -> None:
    before = _restarts(cluster)
    frozen: list[Identity] = [cluster.identity(role) for role in ("valkey", "reconciler")]
    for identity in frozen:
        os.kill(identity.pid, signal.SIGSTOP)
    eventually(
        lambda: (
            all(_restarts(cluster)[role] == before[role] + 1 for role in ("valkey", "reconciler")) and _well(cluster)
        )
    )
    assert wait_gone(frozen, 0) == []
    assert _restarts(cluster)["api"] == before["api"]


def test_a_second_up_says_that_one_runs(cluster: Handle) -> None:
    result = ended([*COLLATERAL, "up", "--state-dir", str(cluster.layout.root)])
    assert result.returncode == 1
    assert "already runs" in result.stderr


def test_status_and_down_without_a_cluster(tmp_path: Path) -> None:
    folder = ["--state-dir", str(tmp_path)]
    status = ended([*COLLATERAL, "status", "--json", *folder])
    assert status.returncode == 1
    assert json.loads(status.stdout) == {
        "state_dir": str(tmp_path),
        "urls": {},
        "supervisor": {"pid": None},
        "processes": [],
    }
    down = ended([*COLLATERAL, "down", *folder])
    assert down.returncode == 1
    assert "collateral up" in down.stderr


def test_a_killed_supervisor_started_again_takes_over(cluster: Handle) -> None:
    earlier, urls = cluster.everybody(), cluster.status["urls"]
    assert len(earlier) > len(ROLES)
    assert cluster.process is not None
    cluster.process.kill()
    cluster.process.communicate()
    assert _says(cluster, "status")[0] == 1
    assert _says(cluster, "doctor")[0] == 1  # orphans are to be mended
    cluster.start("Ctrl-C")
    assert wait_gone(earlier, 0) == []
    assert {name: cluster.status["urls"][name] for name in ("flower", "metrics")} == {
        name: urls[name] for name in ("flower", "metrics")
    }
    assert _restarts(cluster) == dict.fromkeys(ROLES, 0)
