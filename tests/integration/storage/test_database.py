"""One place commits; what cannot be reached is one error, and the pool heals by itself."""

import socket
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from storage import audit, tenants
from storage.database import Connection, Database
from storage.errors import StorageUnavailableError, UnknownTenantError


@pytest.fixture
def small(postgres_url: str) -> Iterator[Database]:
    """A pool of one connection."""
    database = Database(postgres_url, pool_size=1, application="small")
    yield database
    database.dispose()


def _names(database: Database) -> list[str]:
    with database.read() as connection:
        return [tenant.id for tenant in tenants.all(connection)]


def _cut(url: str) -> None:
    """End the server's side of the small pool's connections."""
    with closing(psycopg.connect(url, autocommit=True)) as other:
        other.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'small'")


def _add_and_cut(connection: Connection, url: str) -> None:
    tenants.add(connection, "a", "A")
    _cut(url)


def _add_cut_and_add(connection: Connection, url: str) -> None:
    _add_and_cut(connection, url)
    tenants.add(connection, "b", "B")


def test_a_unit_of_work_commits_at_its_end(small: Database) -> None:
    with small.unit_of_work() as connection:
        tenants.add(connection, "a", "A")

    assert _names(small) == ["a"]


def test_a_unit_of_work_that_raises_leaves_nothing(small: Database) -> None:
    def fail(connection: Connection) -> None:
        tenants.add(connection, "a", "A")
        raise KeyError

    with pytest.raises(KeyError), small.unit_of_work() as connection:
        fail(connection)

    assert _names(small) == []


def test_nothing_is_seen_before_the_commit(postgres_url: str, small: Database) -> None:
    with closing(psycopg.connect(postgres_url)) as other, small.unit_of_work() as connection:
        tenants.add(connection, "a", "A")
        assert other.execute("SELECT count(*) FROM tenants").fetchone() == (0,)


def test_a_wrong_statement_is_not_called_an_outage(small: Database) -> None:
    with pytest.raises(IntegrityError), small.unit_of_work() as connection:
        connection.execute(text("INSERT INTO schedule_ticks VALUES (gen_random_uuid(), 1, DEFAULT, '')"))


def test_a_tenant_that_does_not_exist_is_named_as_such(small: Database) -> None:
    with pytest.raises(UnknownTenantError), small.unit_of_work() as connection:
        audit.write(connection, tenant="nobody", actor="x", action="x", subject="x", detail={})


def test_ping_of_a_closed_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can answer there
        database = Database(f"postgresql://nobody@127.0.0.1:{taken.getsockname()[1]}/none")
        with pytest.raises(StorageUnavailableError):
            database.ping()
        database.dispose()


def test_a_statement_that_takes_too_long_is_unavailability(postgres_url: str) -> None:
    hasty = Database(postgres_url, statement_timeout_ms=200)
    with pytest.raises(StorageUnavailableError), hasty.read() as connection:
        connection.execute(text("SELECT pg_sleep(100)"))
    hasty.dispose()


def test_an_empty_pool_is_unavailability(small: Database) -> None:
    with small.read(), pytest.raises(StorageUnavailableError):
        small.ping()


def test_a_connection_that_the_server_closed_is_replaced_before_it_is_used(postgres_url: str, small: Database) -> None:
    small.ping()
    _cut(postgres_url)

    small.ping()


def test_a_connection_lost_in_the_middle_is_unavailability(postgres_url: str, small: Database) -> None:
    with pytest.raises(StorageUnavailableError), small.unit_of_work() as connection:
        _add_cut_and_add(connection, postgres_url)

    assert _names(small) == []


def test_a_connection_lost_at_the_commit_is_told_to_be_in_doubt(postgres_url: str, small: Database) -> None:
    with pytest.raises(StorageUnavailableError) as caught, small.unit_of_work() as connection:
        _add_and_cut(connection, postgres_url)

    assert "not known" in caught.value.remedy


def test_values_that_json_cannot_hold_never_reach_the_database(small: Database) -> None:
    with small.unit_of_work() as connection:
        tenants.add(connection, "a", "A")
    with pytest.raises(ValueError, match="JSON"), small.unit_of_work() as connection:
        audit.write(
            connection, tenant="a", actor="x", action="x", subject="x", job_id=uuid4(), detail={"v": float("nan")}
        )


def test_times_are_aware_and_utc(small: Database) -> None:
    with small.read() as connection:
        offset = connection.execute(text("SELECT clock_timestamp()")).scalar_one().utcoffset()

    assert offset is not None
    assert offset.total_seconds() == 0.0
