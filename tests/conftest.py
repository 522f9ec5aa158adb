"""Fixtures for every test: a real Postgres and a real Valkey, started once per test process.

`postgres_url` gives each test a database of its own, copied from a template that is migrated once. `redis_url` gives
each test an empty Valkey. A test that asks for either is marked `integration`.
"""

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
import redis

from embedded.postgres import Postgres
from embedded.valkey import Valkey
from tests.guard import Guard

_TEMPLATE = "template_migrated"
_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_NUMBERS = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `integration` whatever asks for a server."""
    for item in items:
        if {"postgres_server", "valkey_server"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def guard() -> Iterator[Guard]:
    """Ends what the tests start, also when pytest itself is killed."""
    guard = Guard()
    yield guard
    guard.close()


@pytest.fixture(scope="session")
def server_folder(guard: Guard) -> Path:
    """A folder with a short path that an unprivileged user can walk to."""
    folder = Path(tempfile.mkdtemp(prefix="nct-"))
    folder.chmod(0o711)
    guard.folder(folder)
    return folder


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path, guard: Guard) -> Iterator[Postgres]:
    """The Postgres of this test process."""
    server = Postgres(server_folder / "postgres", settings=_QUICK)
    server.start()
    assert server.identity is not None
    guard.process(server.identity)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Postgres) -> str:
    """The name of a migrated, empty database to copy from."""
    from storage.migrate import upgrade

    _execute(postgres_server, f"CREATE DATABASE {_TEMPLATE}")
    upgrade(postgres_server.url_of(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture
def postgres_url(postgres_server: Postgres, postgres_template: str) -> Iterator[str]:
    """The address of a fresh, migrated database that this test has for itself."""
    name = f"test_{next(_NUMBERS)}"
    _execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield postgres_server.url_of(name)
    _execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def valkey_server(server_folder: Path, guard: Guard) -> Iterator[Valkey]:
    """The Valkey of this test process."""
    server = Valkey(server_folder / "valkey", append_only=False)
    server.start()
    assert server.identity is not None
    guard.process(server.identity)
    yield server
    server.stop()


@pytest.fixture
def redis_url(valkey_server: Valkey) -> str:
    """The address, without a database number, of an empty Valkey."""
    with redis.Redis.from_url(f"{valkey_server.url}/0") as client:
        client.flushall()
    return valkey_server.url


def _execute(server: Postgres, statement: str) -> None:
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())
