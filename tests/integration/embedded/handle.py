"""A cluster under test: a supervisor in a process of its own, and what can be seen of it from outside."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from embedded.errors import EmbeddedError
from embedded.identity import Identity, wait_gone
from embedded.lifecycle import down
from embedded.state import ClusterState, Layout, status_document

WAIT_SECONDS = 120.0


class Handle:
    """Start a supervisor, look at it, end it."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.layout = Layout.at(folder)
        self.command = command
        self.process: subprocess.Popen[str] | None = None
        self.output = ""

    def start(self, until: str = "READY") -> None:
        """Start the supervisor and read its output until a word appears."""
        self.process = subprocess.Popen(  # noqa: S603  (our own module)
            self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if until in line:
                return
        raise AssertionError(f"the supervisor ended: {self.output}")

    def finish(self) -> tuple[int, str]:
        """Wait until the supervisor has ended by itself; return its status and the rest of its output."""
        assert self.process is not None
        rest, _ = self.process.communicate(timeout=WAIT_SECONDS)
        self.output += rest
        return self.process.returncode, rest

    @property
    def status(self) -> dict[str, Any]:
        """What `collateral status --json` prints."""
        return status_document(self.layout)

    def row(self, role: str) -> dict[str, Any]:
        """One process of the status."""
        row: dict[str, Any] = next(row for row in self.status["processes"] if row["role"] == role)
        return row

    def identity(self, role: str) -> Identity:
        """A running child."""
        found = Identity.of(self.row(role)["pid"])
        assert found is not None
        return found

    def everybody(self) -> list[Identity]:
        """The supervisor, its children and all that they started."""
        state = ClusterState.read(self.layout)
        roots = [state.supervisor, *(row.identity for row in state.processes)]
        return list(dict.fromkeys(member for root in roots if root for member in root.family()))

    def end(self) -> None:
        """Stop whatever still runs."""
        with suppress(EmbeddedError):
            down(self.layout.root)
        if self.process is not None:
            self.process.kill()
            self.process.communicate()


@contextmanager
def running(folder: Path, command: list[str], *, until: str = "READY") -> Iterator[Handle]:
    """Yield a cluster that serves; afterwards nothing of it is left."""
    handle = Handle(folder, command)
    try:
        handle.start(until)
        yield handle
    finally:
        members = handle.everybody()
        handle.end()
    assert wait_gone(members, WAIT_SECONDS) == []


def dummies(folder: Path, *kinds: str, port: int = 0) -> list[str]:
    """Return the command of a cluster of small children."""
    return [sys.executable, "-m", "tests.integration.embedded.dummies", str(folder), str(port), *kinds]


def eventually(what: Callable[[], bool]) -> None:
    """Wait until something is true; the time limit is generous since it only ends a failed test."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def ended(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a supervisor that is expected to end by itself."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=WAIT_SECONDS)  # noqa: S603  (our own module)
