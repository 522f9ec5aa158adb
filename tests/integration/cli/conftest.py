"""A served API over the real Postgres and Valkey, and a thread that carries out the queued jobs."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
import uvicorn

from api.app import create_app
from cli.main import main
from cli.output import quiet_logs
from core.names import JobState, Role
from core.security import DEFAULT_TENANT, issue_token, load_private_key, make_keys
from core.settings import Settings
from services import costs
from services.execute import execute
from services.runtime import Runtime
from storage import jobs, tenants
from storage.database import Database

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@dataclass(frozen=True, kw_only=True)
class Served:
    """Where the API answers, and the tokens it takes."""

    url: str
    settings: Settings
    private_key: Path

    def token(self, role: Role = Role.ADMIN) -> str:
        key = load_private_key(self.private_key)
        return issue_token(key, tenant=DEFAULT_TENANT, subject="desk", role=role, lifetime=timedelta(minutes=5))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def settings(postgres_url: str, redis_url: str, tmp_path: Path) -> Settings:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    make_keys(private, public)
    database = Database(postgres_url, pool_size=1)
    with database.unit_of_work() as conn:
        tenants.ensure(conn, DEFAULT_TENANT, "Default")
    database.dispose()
    return Settings(
        database_url=postgres_url,
        redis_url=redis_url,
        public_key_file=str(public),
        private_key_file=str(private),
        drills_enabled=True,
        metrics_port=0,
    )


@pytest.fixture
def quiet() -> Iterator[None]:
    quiet_logs()
    yield
    structlog.reset_defaults()


@pytest.fixture
def served(settings: Settings, quiet: None) -> Iterator[Served]:  # noqa: ARG001 - its threads log
    costs.compile_all()  # here, once, and not in three threads that wait for each other
    server = uvicorn.Server(uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_config=None))
    serving = threading.Thread(target=server.run, name="api")
    serving.start()
    ended = threading.Event()
    working = threading.Thread(target=_work, args=(settings, ended), name="worker")
    working.start()
    while not server.started:
        assert serving.is_alive(), "the API did not start"
        ended.wait(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(url=f"http://127.0.0.1:{port}", settings=settings, private_key=Path(settings.private_key_file))
    ended.set()
    server.should_exit = True
    working.join()
    serving.join()


@pytest.fixture
def run(served: Served, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLLATERAL_URL", served.url)
    monkeypatch.setenv("COLLATERAL_TOKEN", served.token())
    monkeypatch.setenv("DATABASE_URL", served.settings.database_url)
    monkeypatch.setenv("COLLATERAL_REDIS_URL", served.settings.redis_url)

    def call(*arguments: str | Path) -> Outcome:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        code = ended.value.code
        return Outcome(
            code=code if isinstance(code, int) else int(code is not None), out=captured.out, err=captured.err
        )

    return call


def _work(settings: Settings, ended: threading.Event) -> None:
    """Stand in for a worker's process: the same service, on whatever is queued."""
    runtime = Runtime.for_process(settings, pool_size=3)
    try:
        while not ended.wait(0.05):
            with runtime.database.read() as conn:
                waiting, _ = jobs.page(conn, DEFAULT_TENANT, state=JobState.QUEUED)
            for job in reversed(waiting):
                execute(runtime, job.id, worker="test")
    finally:
        runtime.close()
