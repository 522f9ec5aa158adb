"""Who a process id is: a pid alone may have been given to somebody else, a pid with its start time has not."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

_CLOCK_SLACK = 1.0  # seconds; create_time is derived from boot time and may jitter


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One process, told apart from a later one with the same pid."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """Return the identity of a living process, None if there is none."""
        try:
            return cls(pid=pid, started=psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    @property
    def process(self) -> psutil.Process | None:
        """The living process with this pid and start time; None when it is gone, a zombie, or somebody else."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) <= _CLOCK_SLACK
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None

    @property
    def alive(self) -> bool:
        """True while the very same process runs."""
        return self.process is not None

    def family(self) -> "list[Identity]":
        """Return the process and all its descendants, as they are now."""
        process = self.process
        if process is None:
            return []
        with suppress(psutil.Error):
            found = [Identity.of(child.pid) for child in process.children(recursive=True)]
            return [self, *(child for child in found if child is not None)]
        return [self]

    def send(self, number: int) -> None:
        """Signal the process if it is still the same one."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def wait_gone(identities: list[Identity], seconds: float) -> list[Identity]:
    """Wait until none of the processes runs; return those that still do."""
    deadline = time.monotonic() + seconds
    left = [identity for identity in identities if identity.alive]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [identity for identity in left if identity.alive]
    return left


def put_down(root: Identity, number: int, seconds: float) -> None:
    """Stop a process by its own signal, then kill what is left of it and its descendants after `seconds`."""
    family = root.family()
    root.send(number)
    root.send(signal.SIGCONT)  # a stopped process takes no signal but SIGKILL
    for survivor in wait_gone(family, seconds):
        survivor.send(signal.SIGKILL)
    wait_gone(family, 5.0)
