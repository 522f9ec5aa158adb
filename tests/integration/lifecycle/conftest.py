"""A runtime on real servers, with leases short enough to wait for, and drills to send through it."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Protocol
from uuid import UUID

import pytest
import redis

from core.names import JobState, Measure, Queue, Role
from core.security import Principal
from core.settings import Settings
from services import jobs as looking
from services.intake.request import JobRequest
from services.reconcile import Reconciler
from services.runtime import Runtime
from services.submit import submit
from storage import tenants
from storage.jobs import Job

LEASE_SECONDS = 1.0


class Submitting(Protocol):
    """Sends one drill through the runtime."""

    def __call__(self, *, drill: dict[str, Any] | None = None, **options: Any) -> Job: ...


@pytest.fixture
def settings(postgres_url: str, redis_url: str) -> Settings:
    return Settings(
        database_url=postgres_url,
        redis_url=redis_url,
        lease_seconds=LEASE_SECONDS,
        reconcile_seconds=0.1,
        worker_lost_seconds=1.0,
        drills_enabled=True,
    )


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    runtime = Runtime(settings)
    with runtime.database.unit_of_work() as conn:
        tenants.ensure(conn, "desk", "The desk")
        tenants.ensure(conn, "other", "Another tenant")
    yield runtime
    runtime.close()


@pytest.fixture
def operator() -> Principal:
    return Principal(tenant="desk", subject="olga", role=Role.OPERATOR)


@pytest.fixture
def drill(runtime: Runtime, operator: Principal) -> Submitting:
    def send(*, drill: dict[str, Any] | None = None, **options: Any) -> Job:
        parameters = {"sleep_ms": 0, "fail": False, "allocate_mb": 0, **(drill or {})}
        request = JobRequest(measure=Measure.NOOP, portfolio=None, portfolio_id=None, parameters=parameters, **options)
        return submit(runtime, operator, request, trace="test")

    return send


@pytest.fixture
def state_of(runtime: Runtime, operator: Principal) -> Callable[[Job], JobState]:
    return lambda job: looking.show(runtime, operator, job.id).state


@pytest.fixture
def reconciler(runtime: Runtime) -> Iterator[Reconciler]:
    """One that may declare leases expired at once: Postgres has been reachable for long enough."""
    reconciler = Reconciler(runtime)
    reconciler.trust()
    yield reconciler
    reconciler.close()


class Broker:
    """What lies in the broker."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(f"{url}/0")

    def messages(self, queue: Queue) -> list[dict[str, Any]]:
        return [json.loads(raw) for raw in self._client.lrange(queue.value, 0, -1)]

    def ids(self, queue: Queue) -> list[UUID]:
        return [UUID(message["headers"]["id"]) for message in self.messages(queue)]

    def lose(self, queue: Queue) -> None:
        self._client.delete(queue.value)

    def flush(self) -> None:
        self._client.flushall()

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def broker(redis_url: str) -> Iterator[Broker]:
    broker = Broker(redis_url)
    yield broker
    broker.close()
