"""A migrated database with one tenant, and shorthands that drive jobs through it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import text

from core.names import Device, Lane, Measure, Queue
from embedded.postgres import Postgres
from storage import jobs, tenants
from storage.columns import pack
from storage.database import Database
from storage.jobs import Claim, Job, NewJob
from storage.packed import Packed
from storage.schema import metadata

TENANT = "acme"
RESULT = pack({"answer": 42}, {})


class Board:
    """Drives jobs in transactions of their own, as workers and the reconciler do."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def submit(self, *, columns: Packed | None = None, **changes: Any) -> Job:
        with self.database.unit_of_work() as connection:
            return jobs.insert(connection, new_job(**changes), parameters={"seed": 7}, market={}, columns=columns)

    def claim(self, job_id: UUID, *, worker: str = "w1", lease_seconds: float = 10.0) -> Claim | None:
        with self.database.unit_of_work() as connection:
            return jobs.claim(connection, job_id, worker=worker, lease_seconds=lease_seconds, code_version="abc")

    def running(self, **changes: Any) -> Claim:
        claim = self.claim(self.submit(**changes).id)
        assert claim is not None
        return claim

    def dead(self, **changes: Any) -> Job:
        claim = self.running(max_attempts=1, **changes)
        job = self.call(jobs.fail, claim.job.id, claim.token, error={"code": "x"}, retry_in_seconds=1.0)
        assert isinstance(job, Job)
        return job

    def call(self, function: Any, *arguments: Any, **keywords: Any) -> Any:
        """Call a repository's function in a transaction of its own."""
        with self.database.unit_of_work() as connection:
            return function(connection, *arguments, **keywords)

    def get(self, job_id: UUID) -> Job:
        with self.database.read() as connection:
            job = jobs.get(connection, TENANT, job_id)
        assert job is not None
        return job

    def alter(self, job_id: UUID, assignment: str) -> None:
        """Let time pass, or lay a job out as some accident would leave it."""
        with self.database.unit_of_work() as connection:
            connection.execute(text(f"UPDATE jobs SET {assignment} WHERE id = :id"), {"id": job_id})  # noqa: S608


def new_job(**changes: Any) -> NewJob:
    """A job as a service would submit it."""
    given: dict[str, Any] = {
        "tenant": TENANT,
        "submitted_by": "ann",
        "measure": Measure.MARGIN,
        "lane": Lane.RT,
        "device_requested": Device.AUTO,
        "fallback": False,
        "queue": Queue.CPU_RT,
        "routing_reason": "cpu is enough",
        "trace": "t-1",
        "deadline_seconds": 600.0,
    }
    return NewJob(**(given | changes))


@pytest.fixture(scope="session")
def shared_url(postgres_server: Postgres, postgres_template: str) -> str:
    """One migrated database for all tests of this folder: emptied before each, which is faster than a new one."""
    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE shared_storage TEMPLATE {postgres_template}".encode())
    return postgres_server.url_of("shared_storage")


@pytest.fixture
def database(shared_url: str) -> Iterator[Database]:
    """An empty database but for the tenants acme and other."""
    with psycopg.connect(shared_url) as admin:
        admin.execute("SET session_replication_role = replica")  # the audit table lets nobody else delete
        for table in reversed(metadata.sorted_tables):
            admin.execute(SQL("DELETE FROM {}").format(Identifier(table.name)))
    database = Database(shared_url, pool_size=4)
    with database.unit_of_work() as connection:
        tenants.add(connection, TENANT, "Acme")
        tenants.add(connection, "other", "Other")
    yield database
    database.dispose()


@pytest.fixture
def board(database: Database) -> Board:
    """Shorthands over the database."""
    return Board(database)
