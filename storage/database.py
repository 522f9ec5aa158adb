"""The way to Postgres: a small pool, one place that commits, and one error when it cannot be reached."""

import json
import select
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from psycopg import Cursor, pq
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DisconnectionError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from storage.errors import StorageUnavailableError, UnknownTenantError

__all__ = ["Connection", "Database", "make_engine"]

_CONNECT_SECONDS = 2  # libpq's smallest
_POOL_SECONDS = 1.5
_UNREACHABLE = (OperationalError, InterfaceError, PoolTimeoutError, DisconnectionError)
_NOT_DURABLE = text("SET LOCAL synchronous_commit = off")
_IN_DOUBT = "Send the request again with the same Idempotency-Key; whether it was stored is not known."


class BinaryCursor(Cursor[Any]):
    """Results in binary: packed columns arrive as they are instead of twice as long in hexadecimal."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.format = pq.Format.BINARY


class Database:
    """Postgres, as every service uses it; safe to share between threads.

    Parameters
    ----------
    url
        `postgresql://user:password@host:port/name`; a socket folder goes into `?host=/folder`.
    pool_size
        Connections kept; there are never more.
    statement_timeout_ms
        Longest a statement may take on the server; 0 is no limit.
    application
        Name that `pg_stat_activity` shows.
    """

    def __init__(
        self, url: str, *, pool_size: int = 5, statement_timeout_ms: int = 0, application: str = "collateral"
    ) -> None:
        self._engine = make_engine(
            url,
            pool_size=pool_size,
            statement_timeout_ms=statement_timeout_ms,
            application=application,
            cursor=BinaryCursor,
        )
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def unit_of_work(self, *, durable: bool = True) -> Iterator[Connection]:
        """Yield a connection in a transaction: committed when the block ends, rolled back when it raises.

        Without `durable` the commit does not wait for the disk: a crash of Postgres may undo it, and with it nothing
        that was committed later. For claims, heartbeats and stamps, whose loss the lifecycle mends.
        """
        with self._reachable(), self._engine.connect() as connection:
            if not durable:
                connection.execute(_NOT_DURABLE)
            yield connection
            _commit(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection for reading; every statement sees what is committed at its own start."""
        with self._reachable(), self._autocommit.connect() as connection:
            yield connection

    def ping(self) -> None:
        """Raise StorageUnavailableError unless Postgres answers."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def dispose(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except _UNREACHABLE as error:
            raise StorageUnavailableError from error
        except IntegrityError as error:
            if _names_no_tenant(error):
                raise UnknownTenantError from error
            raise


def _names_no_tenant(error: IntegrityError) -> bool:
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    return constraint.startswith("fk_") and constraint.endswith("_tenants")


def make_engine(
    url: str, *, pool_size: int, statement_timeout_ms: int, application: str, cursor: type[Cursor[Any]] = Cursor
) -> Engine:
    """Return an engine over psycopg with short timeouts and a check of every connection before it is lent."""
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
        pool_use_lifo=True,
        json_serializer=partial(json.dumps, allow_nan=False, separators=(",", ":")),
        connect_args={
            "cursor_factory": cursor,
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": application,
            "options": f"-c timezone=UTC -c statement_timeout={statement_timeout_ms}",
            # A server that vanished is noticed within 5 s, so that a heartbeat can be repeated before its lease ends.
            "keepalives_idle": 2,
            "keepalives_interval": 1,
            "keepalives_count": 3,
            "tcp_user_timeout": 5_000,
        },
    )
    event.listen(engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:
    # An idle connection with something to read has been closed by the server: cheaper to see than a round trip.
    poll = select.poll()
    poll.register(dbapi_connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError("The server closed this connection.")


def _commit(connection: Connection) -> None:
    try:
        connection.commit()
    except _UNREACHABLE as error:
        raise StorageUnavailableError("The database went away while storing.", remedy=_IN_DOUBT) from error
