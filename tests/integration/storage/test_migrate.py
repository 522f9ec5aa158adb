"""Migrations make exactly the schema of the code, may be started twice at once, and guard the audit table."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from embedded.postgres import Postgres
from storage import audit, migrate
from storage.database import Database, make_engine
from storage.errors import StorageUnavailableError
from storage.schema import metadata

_NUMBERS = count(1)
MakeDatabase = Callable[[], str]


@pytest.fixture
def empty_url(postgres_server: Postgres) -> str:
    """The address of a database without a single table."""
    name = f"empty_{next(_NUMBERS)}"
    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return postgres_server.url_of(name)


def test_migrations_make_the_schema_of_the_code(postgres_url: str) -> None:
    engine = make_engine(postgres_url, pool_size=1, statement_timeout_ms=0, application="test")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_check_constraints_are_those_of_the_code(postgres_url: str) -> None:
    expected = {
        constraint.name for table in metadata.tables.values() for constraint in table.constraints if constraint.name
    }
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'"
        )
        found = {row[0] for row in rows} - {"alembic_version_pkc"}

    assert {name for name in found if name.startswith("ck_")} == {
        name for name in expected if str(name).startswith("ck_")
    }


def test_an_empty_database_comes_to_head_and_stays_there(empty_url: str) -> None:
    assert migrate.current(empty_url) is None

    migrate.upgrade(empty_url)
    migrate.upgrade(empty_url)

    assert migrate.current(empty_url) == migrate.head()


def test_several_may_migrate_at_once(empty_url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(migrate.upgrade, [empty_url] * 3))

    assert migrate.current(empty_url) == migrate.head()


def test_an_unreachable_database_is_named_as_such() -> None:
    with pytest.raises(StorageUnavailableError):
        migrate.upgrade("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(StorageUnavailableError):
        migrate.current("postgresql://nobody@127.0.0.1:1/none")


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
def test_audit_rows_cannot_be_changed(database: Database, statement: str) -> None:
    with database.unit_of_work() as connection:
        audit.write(connection, tenant="acme", actor="ann", action="a", subject="s", detail={})

    with pytest.raises(ProgrammingError, match="append only"), database.unit_of_work() as connection:
        connection.execute(text(statement))

    with database.read() as connection:
        rows, _ = audit.page(connection, "acme")
    assert [row.actor for row in rows] == ["ann"]


def test_compressed_columns_are_not_compressed_again(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT attrelid::regclass::text FROM pg_attribute "
            "WHERE attname = 'columns' AND attstorage = 'e' AND attrelid::regclass::text NOT LIKE 'pg_%'"
        )
        assert {row[0] for row in rows} == {"portfolios", "price_history", "job_inputs", "results"}
