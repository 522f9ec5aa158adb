"""Bringing a database to the schema of this code; safe to start twice at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from storage.database import make_engine
from storage.errors import StorageUnavailableError

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x6E636F6C  # any number that nothing else in this database locks


def upgrade(url: str) -> None:
    """Apply every revision that is missing, all in one transaction; raise StorageUnavailableError."""
    engine = make_engine(url, pool_size=1, statement_timeout_ms=0, application="collateral migrate")
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            command.upgrade(_config(connection), "head")
    except OperationalError as error:
        raise StorageUnavailableError from error
    finally:
        engine.dispose()


def current(url: str) -> str | None:
    """Return the revision that a database is at, or None when it is empty; raise StorageUnavailableError."""
    engine = make_engine(url, pool_size=1, statement_timeout_ms=0, application="collateral migrate")
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except OperationalError as error:
        raise StorageUnavailableError from error
    finally:
        engine.dispose()


def head() -> str:
    """Return the newest revision that this code knows."""
    found = ScriptDirectory(str(_FOLDER)).get_current_head()
    if found is None:
        raise RuntimeError(f"{_FOLDER} holds no revisions.")
    return found


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
