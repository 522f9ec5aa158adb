"""One of our own processes: started in a session of its own, with a log, ended with everything it started."""

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded.identity import Identity, put_down, wait_gone
from embedded.server import identity_of

MARK = "COLLATERAL_STATE_DIR"  # every child carries it: a process without it is not ours, whatever its pid
_KEPT_BYTES = 8 * 2**20


@dataclass(kw_only=True)
class Program:
    """A command, its environment and how it is stopped."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 15.0
    nice: int = 0
    identity: Identity | None = None
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; whether it is ready is for a probe to say."""
        rotate(self.log)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and modules)
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=dict(self.environment),
            )
        self.identity = identity_of(self._process)
        if self.nice:
            os.setpriority(os.PRIO_PROCESS, self.identity.pid, self.nice)

    def poll(self) -> int | None:
        """Return the exit status of a process that has ended."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """Stop the process by its own signal, then kill what is left of its session."""
        self._end(self.stop_signal, self.stop_seconds)

    def kill(self) -> None:
        """Kill the process and its session at once."""
        self._end(signal.SIGKILL, 0.0)

    def _end(self, number: int, seconds: float) -> None:
        if self.identity is None or self._process is None:
            return
        put_down(self.identity, number, seconds)
        kill_sessions([self.identity.pid], self.environment[MARK])
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5.0)
        self._process = None


def kill_sessions(sessions: Iterable[int], state_dir: str) -> None:
    """Kill what is left of sessions whose leaders may be gone; only processes marked with our state directory."""
    wanted = set(sessions)
    left = [identity for identity in _marked(state_dir) if _session(identity.pid) in wanted]
    for identity in left:
        identity.send(signal.SIGKILL)
    wait_gone(left, 5.0)


def _marked(state_dir: str) -> list[Identity]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == state_dir:
                found.append(Identity(pid=process.pid, started=process.create_time()))
    return found


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def rotate(log: Path, limit: int = _KEPT_BYTES) -> None:
    """Keep one earlier piece of a log that has grown over the limit; writers append, so truncating is safe."""
    if log.exists() and log.stat().st_size > limit:
        with log.open("rb") as whole:
            whole.seek(-limit // 2, os.SEEK_END)
            log.with_suffix(".log.1").write_bytes(whole.read())
        os.truncate(log, 0)
