"""What job_hop measures: the real processes on the bundled servers, and the peer on the same Valkey."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import httpx

from core.names import Role
from core.security import DEFAULT_TENANT, issue_token, load_private_key, make_keys
from embedded.postgres import Postgres
from embedded.server import free_port
from embedded.valkey import Valkey
from storage import tenants
from storage.database import Database
from storage.migrate import upgrade

READY_SECONDS = 120.0
PEER_DATABASES = (8, 9)


@contextmanager
def hop_cluster() -> Iterator[httpx.Client]:
    """Start servers, API, two workers as `collateral up` has them, reconciler and the peer; yield a client."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hop-")))
        folder.chmod(0o711)
        postgres, valkey = Postgres(folder / "postgres"), Valkey(folder / "valkey")
        for server in (postgres, valkey):
            server.start()
            stack.callback(server.stop)
        environ, token = _prepare(folder, postgres.url, valkey.url)
        log = stack.enter_context((folder / "log").open("wb"))
        for command in _commands():
            stack.callback(_end, subprocess.Popen(command, env=environ, stdout=log, stderr=log))  # noqa: S603
        client = stack.enter_context(_client(environ["COLLATERAL_PORT"], token))
        _await(lambda: client.get("/readyz").status_code == 200)
        _await(lambda: _hop_is_done(client))
        yield client


def peer_addresses(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the peer's broker and result backend: databases of their own on our Valkey."""
    base = environ["COLLATERAL_REDIS_URL"]
    return f"{base}/{PEER_DATABASES[0]}", f"{base}/{PEER_DATABASES[1]}"


def _prepare(folder: Path, database_url: str, redis_url: str) -> tuple[dict[str, str], str]:
    upgrade(database_url)
    database = Database(database_url, pool_size=1)
    with database.unit_of_work() as conn:
        tenants.ensure(conn, DEFAULT_TENANT, "Benchmark")
    database.dispose()
    private, public = folder / "private.pem", folder / "public.pem"
    make_keys(private, public)
    environ = {
        "DATABASE_URL": database_url,
        "COLLATERAL_REDIS_URL": redis_url,
        "COLLATERAL_PUBLIC_KEY_FILE": str(public),
        "COLLATERAL_PORT": str(free_port()),
        "COLLATERAL_METRICS_PORT": "0",
        "COLLATERAL_DRILLS_ENABLED": "1",
        "COLLATERAL_LOG_LEVEL": "WARNING",
    }
    os.environ.update(environ)
    os.environ["PEER_BROKER"], os.environ["PEER_BACKEND"] = peer_addresses(environ)
    token = issue_token(
        load_private_key(private),
        tenant=DEFAULT_TENANT,
        subject="benchmark",
        role=Role.ADMIN,
        lifetime=timedelta(hours=1),
    )
    return {**os.environ, **environ}, token


def _commands() -> Iterator[list[str]]:
    ours = [sys.executable, "-m", "cli.main"]
    yield [*ours, "api"]
    yield [*ours, "worker", "--queues", "cpu.rt", "--concurrency", "2"]
    yield [*ours, "reconciler"]
    yield [sys.executable, "-m", "celery", "-A", "benchmarks._celery_peer", "worker", "-c", "1", "-l", "ERROR"]


def _client(port: str, token: str) -> httpx.Client:
    return httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60.0,
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=32),
    )


def _hop_is_done(client: httpx.Client) -> bool:
    answer = client.post("/api/v1/jobs", json={"measure": "noop"}, headers={"Prefer": "wait=10"})
    return answer.status_code == 202 and answer.json()["state"] == "done"


def _await(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            if ready():
                return
        time.sleep(0.1)
    raise TimeoutError("The benchmark's cluster did not get ready.")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
