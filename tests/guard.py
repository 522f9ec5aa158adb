"""Stops the servers of a test process once that process is gone, however it went (Ctrl-C, SIGTERM, SIGKILL).

It reads lines `pid started` and `folder PATH` from its stdin; at the end of the stream it ends those processes by
identity and removes those folders. It runs in a session of its own, so that Ctrl-C does not reach it.
"""

import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from embedded.identity import Identity, put_down


class Guard:
    """The near side: tell it what has been started."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603  (this very file)
            [sys.executable, str(Path(__file__))],
            stdin=subprocess.PIPE,
            start_new_session=True,
            cwd=Path(__file__).parent.parent,
            env={"PYTHONPATH": str(Path(__file__).parent.parent)},
        )

    def process(self, identity: Identity) -> None:
        """Remember a process."""
        self._tell(f"{identity.pid} {identity.started}")

    def folder(self, path: Path) -> None:
        """Remember a folder."""
        self._tell(f"folder {path}")

    def close(self) -> None:
        """Have everything ended that still runs, and wait for it."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(timeout=30)

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()


def main() -> None:
    """The far side."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    processes: list[Identity] = []
    folders: list[Path] = []
    for line in sys.stdin:
        head, rest = line.strip().split(" ", 1)
        if head == "folder":
            folders.append(Path(rest))
        else:
            processes.append(Identity(pid=int(head), started=float(rest)))
    for identity in reversed(processes):
        put_down(identity, signal.SIGINT, 5.0)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
