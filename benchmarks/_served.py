"""Real servers for a benchmark: Postgres and Valkey with their usual durability, and processes that answer HTTP."""

import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from core.names import Role
from core.security import DEFAULT_TENANT, issue_token, load_private_key, make_keys
from embedded.postgres import Postgres
from embedded.server import free_port
from embedded.valkey import Valkey
from storage import tenants
from storage.database import Database
from storage.migrate import upgrade

_READY_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Where the stores are, as environment variables, and a token for them."""

    environment: Mapping[str, str]
    token: str


@contextmanager
def stores() -> Iterator[Stores]:
    """Start Postgres and Valkey in a folder of their own, migrated; remove everything after."""
    folder = Path(tempfile.mkdtemp(prefix="ncb-"))
    folder.chmod(0o711)
    postgres, valkey = Postgres(folder / "postgres"), Valkey(folder / "valkey")
    try:
        postgres.start()
        valkey.start()
        upgrade(postgres.url)
        _add_tenant(postgres.url)
        private, public = folder / "private.pem", folder / "public.pem"
        make_keys(private, public)
        key = load_private_key(private)
        token = issue_token(
            key, tenant=DEFAULT_TENANT, subject="benchmark", role=Role.ADMIN, lifetime=timedelta(hours=1)
        )
        environment = {
            "DATABASE_URL": postgres.url,
            "COLLATERAL_REDIS_URL": valkey.url,
            "COLLATERAL_PUBLIC_KEY_FILE": str(public),
            "COLLATERAL_DRILLS_ENABLED": "1",
            "COLLATERAL_LOG_LEVEL": "WARNING",
        }
        yield Stores(environment=environment, token=token)
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _add_tenant(url: str) -> None:
    database = Database(url, pool_size=1)
    with database.unit_of_work() as conn:
        tenants.ensure(conn, DEFAULT_TENANT, "Benchmark")
    database.dispose()


@contextmanager
def serving(arguments: Sequence[str], port: int, ready: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Run `python -m …` until the block ends; enter it once GET `ready` answers 200."""
    process = subprocess.Popen([sys.executable, "-m", *arguments], env={**os.environ, **environment})  # noqa: S603
    try:
        _await(process, port, ready)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def our_api(found: Stores) -> Iterator[int]:
    """Run one API process; yield its port."""
    port, metrics = free_port(), free_port()
    own = {"COLLATERAL_PORT": str(port), "COLLATERAL_METRICS_PORT": str(metrics)}
    with serving(["cli.main", "api"], port, "/readyz", {**found.environment, **own}):
        yield port


class Caller:
    """One keep-alive connection; the same for everybody who is timed."""

    def __init__(self, port: int, token: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None, *, method: str = "POST") -> bytes:
        """Return the body of a 2xx answer."""
        self._connection.request(method, path, body, {**self._headers, **(headers or {})})
        answer = self._connection.getresponse()
        content = answer.read()
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"{path} answered {answer.status}: {content[:300]!r}")
        return content

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _await(process: "subprocess.Popen[bytes]", port: int, path: str) -> None:
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"The server on port {port} ended with {process.returncode}.")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"The server on port {port} was not ready after {_READY_SECONDS:.0f} s.")
