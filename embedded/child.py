"""One child of the supervisor: started, watched, restarted with backoff, stopped."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from embedded.errors import ChildFailedError, EmbeddedError
from embedded.identity import Identity
from embedded.probes import Probe
from embedded.server import tail


class Runner(Protocol):
    """Starts and ends one process; its methods block and are called in a thread."""

    identity: Identity | None
    log: Path

    def start(self) -> None:
        """Start the process."""

    def poll(self) -> int | None:
        """Return its exit status, None while it runs."""

    def stop(self) -> None:
        """Stop it in good order, all its descendants included."""

    def kill(self) -> None:
        """Kill it and all its descendants."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a child is waited for."""

    start_seconds: float = 180.0  # from its start to its first answer
    silence_seconds: float = 10.0  # without an answer while it runs; then it counts as hung
    probe_seconds: float = 1.0  # between two questions
    poll_seconds: float = 0.05  # between two looks at whether it still runs
    backoff_seconds: float = 0.5  # before the first restart; doubled each time
    backoff_limit: float = 30.0
    calm_seconds: float = 60.0  # after which earlier failures are forgotten
    misses: int = 3  # unanswered questions beside the silence: our own pause is not the child's
    attempts: int = 3  # failed first starts after which the cluster gives up


@dataclass(kw_only=True)
class Child:
    """A process of the cluster and what the supervisor knows of it."""

    role: str
    runner: Runner
    ready: Probe
    alive: Probe
    patience: Patience = field(default_factory=Patience)
    on_change: Callable[["Child", str], None] = lambda _child, _why: None
    state: str = "stopped"
    restarts: int = 0
    failures: int = 0
    was_ready: asyncio.Event = field(default_factory=asyncio.Event)
    _pending: "asyncio.Future[None] | None" = None

    async def run(self) -> None:
        """Keep the process running until cancelled; raise ChildFailedError if it never comes up at all."""
        loop = asyncio.get_running_loop()
        while True:
            self._change("starting", "")
            began = loop.time()
            why = await self._live()
            await self._call(self.runner.kill)
            self.failures = 1 if loop.time() - began > self.patience.calm_seconds else self.failures + 1
            if not self.was_ready.is_set() and self.failures >= self.patience.attempts:
                self._change("stopped", why)
                raise ChildFailedError(
                    f"`{self.role}` does not come up: {why}. {tail(self.runner.log)}",
                    remedy=f"Its log is {self.runner.log}.",
                )
            self.restarts += 1
            self._change("backoff", why)
            await asyncio.sleep(
                min(self.patience.backoff_limit, self.patience.backoff_seconds * 2 ** (self.failures - 1))
            )

    async def stop(self) -> None:
        """Stop the process, once a start in progress has ended; one that is not ready yet has nothing to finish."""
        ready = self.state == "running"
        if self._pending is not None and not self._pending.done():
            await asyncio.wait([self._pending])
        await self._call(self.runner.stop if ready else self.runner.kill)
        self._change("stopped", "")

    async def _live(self) -> str:
        """Live one life of the process; return why it ended."""
        try:
            await self._call(self.runner.start)
        except Exception as error:  # noqa: BLE001  (whatever keeps it from starting, it is tried again)
            return error.detail if isinstance(error, EmbeddedError) else f"it could not be started ({error!r})"
        why = await self._silence(self.ready, self.patience.start_seconds, until_answer=True)
        if why is not None:
            return why
        self._change("running", "")
        self.was_ready.set()
        return await self._silence(self.alive, self.patience.silence_seconds) or ""

    async def _silence(self, probe: Probe, patience: float, *, until_answer: bool = False) -> str | None:
        """Ask until the process has ended or been silent too long; return None at the first answer if so wanted."""
        loop = asyncio.get_running_loop()
        heard, missed = loop.time(), 0
        while True:
            if (status := self.runner.poll()) is not None:
                return f"it exited with status {status}"
            if await probe():
                if until_answer:
                    return None
                heard, missed = loop.time(), 0
            else:
                missed += 1
            if missed >= self.patience.misses and loop.time() - heard > patience:
                return f"it did not answer for {patience:g} s"
            await self._pause(self.patience.poll_seconds if until_answer else self.patience.probe_seconds)

    async def _pause(self, seconds: float) -> None:
        """Sleep, but wake when the process ends."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until and self.runner.poll() is None:
            await asyncio.sleep(min(self.patience.poll_seconds, seconds))

    async def _call(self, work: Callable[[], None]) -> None:
        """Do blocking work in a thread; a cancelled caller leaves it running for `stop` to wait for."""
        self._pending = asyncio.get_running_loop().run_in_executor(None, work)
        await asyncio.shield(self._pending)

    def _change(self, state: str, why: str) -> None:
        self.state = state
        self.on_change(self, why)
