"""A small cluster whose parts a test may kill: Postgres, Valkey, workers and reconcilers as processes of their own."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

from core.names import JobState, Measure, Role
from core.security import Principal
from core.settings import Settings
from embedded.postgres import Postgres
from embedded.valkey import Valkey
from services import jobs as looking
from services.intake.request import JobRequest
from services.runtime import Runtime
from services.submit import submit
from storage import audit, jobs, tenants, workers
from storage.errors import StorageUnavailableError
from storage.migrate import upgrade
from tests.guard import Guard

LIMIT_SECONDS = 100.0
OPERATOR = Principal(tenant="desk", subject="olga", role=Role.OPERATOR)
_HELPERS = ("semaphore_tracker", "resource_tracker")


def eventually(true: Callable[[], bool], what: str) -> None:
    """Return once it is true; the limit is only there so that a broken test ends."""
    until = time.monotonic() + LIMIT_SECONDS
    while not true():
        if time.monotonic() > until:
            raise AssertionError(f"It never came true: {what}")
        time.sleep(0.02)


class Cluster:
    """Start it, break it, and ask what became of the jobs."""

    def __init__(self, guard: Guard) -> None:
        folder = Path(tempfile.mkdtemp(prefix="nch-"))
        folder.chmod(0o711)
        guard.folder(folder)
        self._guard = guard
        self.postgres = Postgres(folder / "postgres")
        self.valkey = Valkey(folder / "valkey")
        self.log = folder / "processes.log"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the servers and make the tenant."""
        self.start_postgres()
        self.start_valkey()
        upgrade(self.postgres.url)
        self.settings = Settings(
            database_url=self.postgres.url,
            redis_url=self.valkey.url,
            lease_seconds=2.0,
            reconcile_seconds=0.2,
            worker_lost_seconds=2.0,
            drills_enabled=True,
        )
        self.runtime = Runtime(self.settings)
        with self.runtime.database.unit_of_work() as conn:
            tenants.ensure(conn, OPERATOR.tenant, "The desk")

    def stop(self) -> None:
        """End every process, then the servers."""
        for process in self._processes:
            self.kill(process)
        self.runtime.close()
        self.valkey.stop()
        self.postgres.stop()

    def start_postgres(self) -> None:
        self.postgres.start()
        if self.postgres.identity is not None:
            self._guard.process(self.postgres.identity)

    def start_valkey(self) -> None:
        self.valkey.start()
        if self.valkey.identity is not None:
            self._guard.process(self.valkey.identity)

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        """Start one process of the console script, in its own group."""
        environ = {
            **os.environ,
            "DATABASE_URL": self.settings.database_url,
            "COLLATERAL_REDIS_URL": self.settings.redis_url,
            "COLLATERAL_LEASE_SECONDS": str(self.settings.lease_seconds),
            "COLLATERAL_RECONCILE_SECONDS": str(self.settings.reconcile_seconds),
            "COLLATERAL_WORKER_LOST_SECONDS": str(self.settings.worker_lost_seconds),
            "COLLATERAL_DRILLS_ENABLED": "1",
        }
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 -- our own console script
                [sys.executable, "-m", "cli.main", *command],
                env=environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def worker(self, concurrency: int = 1) -> subprocess.Popen[bytes]:
        """Start a worker and return once it has told Postgres that it lives."""
        process = self.run("worker", "--concurrency", str(concurrency))
        eventually(lambda: process.pid in self.living(), "the worker beats")
        return process

    def living(self) -> set[int]:
        """Return the process ids of the workers that live."""
        with self.runtime.database.read() as conn:
            return {worker.pid for worker in workers.live(conn, self.settings.worker_lost_seconds)}

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a process and everything that it started."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def pool_children(self, process: subprocess.Popen[bytes]) -> list[psutil.Process]:
        """Return the children in which jobs run."""
        children = psutil.Process(process.pid).children()
        return [child for child in children if not any(name in " ".join(child.cmdline()) for name in _HELPERS)]

    def send(self, count: int = 1, **drill: Any) -> list[UUID]:
        """Submit drills."""
        options = {name: drill.pop(name) for name in ("max_attempts", "deadline_seconds") if name in drill}
        parameters = {"sleep_ms": 0, "fail": False, "allocate_mb": 0, **drill}
        request = JobRequest(measure=Measure.NOOP, portfolio=None, portfolio_id=None, parameters=parameters, **options)
        return [submit(self.runtime, OPERATOR, request, trace="chaos").id for _ in range(count)]

    def job(self, job_id: UUID) -> jobs.Job:
        """Return a job as it stands."""
        return looking.show(self.runtime, OPERATOR, job_id)

    def ended(self, job_ids: Sequence[UUID]) -> int:
        """Return how many of the jobs have ended; none while Postgres is away."""
        try:
            with self.runtime.database.read() as conn:
                found = jobs.get_many(conn, OPERATOR.tenant, job_ids)
        except StorageUnavailableError:
            return 0
        return sum(job.state.is_final for job in found.values())

    def all_done_once(self, job_ids: Sequence[UUID]) -> None:
        """Wait until all have ended; hold that each is done and took effect exactly once."""
        eventually(lambda: self.ended(job_ids) == len(job_ids), f"all {len(job_ids)} jobs end")
        for job_id in job_ids:
            assert self.job(job_id).state is JobState.DONE
            assert self.effects(job_id) == ["noop.computed"]

    def effects(self, job_id: UUID) -> list[str]:
        """Return the audit rows of a job: what it did, as often as it did it."""
        with self.runtime.database.read() as conn:
            return [row.action for row in audit.page(conn, OPERATOR.tenant, job_id=job_id)[0]]

    @contextmanager
    def frozen_valkey(self) -> Iterator[None]:
        """Stop Valkey from answering, without closing anything."""
        os.kill(self.valkey.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.valkey.pid, signal.SIGCONT)
