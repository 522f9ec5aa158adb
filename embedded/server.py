"""What the two bundled servers share: a child process with a log, ports, passwords, readiness."""

import hashlib
import os
import secrets
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from embedded.account import Account
from embedded.errors import ServerStartError
from embedded.identity import Identity

_SOCKET_PATH_LIMIT = 70  # sun_path holds 104 bytes on macOS, and `.s.PGSQL.65535.lock` comes after the folder
_SHORT = Path("/tmp")  # noqa: S108  (a user's own temporary folder is closed to `nobody`, and may be long)

_LINE = 300


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether we could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def socket_folder(folder: Path, account: Account) -> Path:
    """Return a private folder for a unix socket whose path is short enough for the kernel."""
    inside = folder / "s"
    if len(os.fsencode(inside)) <= _SOCKET_PATH_LIMIT:
        return account.folder(inside)
    short = _SHORT / f"nc-{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]}"
    try:
        short.mkdir(mode=0o700)
    except FileExistsError:
        status = short.lstat()  # anybody may write there: take only a folder that is ours
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {os.geteuid(), account.uid}:
            raise ServerStartError(f"{short} belongs to somebody else.", remedy=f"Remove {short}.") from None
    return account.folder(short)


def drop_socket_folder(folder: Path, account: Account) -> None:
    """Remove a socket folder that had to lie outside the server's own."""
    sockets = socket_folder(folder, account)
    if sockets.parent == _SHORT:
        shutil.rmtree(sockets, ignore_errors=True)


def kept_password(path: Path) -> str:
    """Return the password stored in a file of mode 0600, making one at first."""
    if not path.exists():
        Account().secret(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="utf-8").strip()


def launch(command: list[str], *, account: Account, cwd: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, its output appended to a log."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  (our own bundled programs, fixed arguments)
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            **account.popen,
        )


def await_ready(process: subprocess.Popen[bytes], ready: Callable[[], bool], *, name: str, log: Path) -> None:
    """Wait until a server answers; raise ServerStartError with the end of its log when it exits or takes too long."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerStartError(
                f"{name} exited with status {process.returncode}: {tail(log)}", remedy=f"Its log is {log}."
            )
        if ready():
            return
        time.sleep(0.02)
    raise ServerStartError(f"{name} did not answer within 30 s: {tail(log)}", remedy=f"Its log is {log}.")


def tail(log: Path, lines: int = 3) -> str:
    """Return the end of a log: its last lines, of a long one the end, where a traceback names its error."""
    if not log.exists():
        return "(no log)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        last = file.read().decode(errors="replace").splitlines()[-lines:]
    return " | ".join(line if len(line) <= _LINE else f"…{line[-_LINE:]}" for line in last)


def identity_of(process: subprocess.Popen[bytes]) -> Identity:
    """Return the identity of a child just started."""
    identity = Identity.of(process.pid)
    if identity is None:
        raise ServerStartError(f"Process {process.pid} was gone at once.")
    return identity
