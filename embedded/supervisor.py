"""The supervisor: starts the children stage by stage, keeps them running, stops them in reverse order."""

import asyncio
import contextlib
import json
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from core.clock import isoformat, utcnow
from embedded.child import Child
from embedded.errors import EmbeddedError
from embedded.program import rotate
from embedded.state import ClusterState, Layout, ProcessState
from embedded.steps import Step, Tell

_HOUSEKEEPING_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Children that start together, after a step that must succeed first."""

    children: tuple[Child, ...] = ()
    step: Step | None = None


@dataclass(kw_only=True)
class Supervisor:
    """One running cluster; whoever starts it holds the lock of its state directory."""

    layout: Layout
    stages: tuple[Stage, ...]
    state: ClusterState
    tell: Tell = lambda _role, _state, _why: None
    _tasks: "dict[str, asyncio.Task[None]]" = field(default_factory=dict)
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, on_ready: Callable[[], Awaitable[None]]) -> None:
        """Start everything, call `on_ready`, serve until SIGINT, SIGTERM or SIGHUP; leave nothing running."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                loop.add_signal_handler(number, self._asked.set)
        try:
            await self._until_asked(self._start())
            if not self._asked.is_set():
                await self._until_asked(self._serve(on_ready))
        finally:
            await self._stop()

    @property
    def children(self) -> list[Child]:
        """All children in the order of their start."""
        return [child for stage in self.stages for child in stage.children]

    async def _until_asked(self, work: Any) -> None:
        """Do the work, or give it up when somebody asks us to stop."""
        task, asked = asyncio.ensure_future(work), asyncio.ensure_future(self._asked.wait())
        try:
            await asyncio.wait([task, asked], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            for pending in (task, asked):
                pending.cancel()
            await asyncio.gather(task, asked, return_exceptions=True)

    async def _start(self) -> None:
        for child in self.children:
            child.on_change = self._note
        for stage in self.stages:
            if stage.step is not None:
                await stage.step(self.tell)
            for child in stage.children:
                self._tasks[child.role] = asyncio.create_task(child.run(), name=child.role)
            for child in stage.children:
                await self._first_answer(child)

    async def _first_answer(self, child: Child) -> None:
        ready = asyncio.create_task(child.was_ready.wait())
        await asyncio.wait([ready, *self._tasks.values()], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        for task in self._tasks.values():
            if task.done():
                task.result()

    async def _serve(self, on_ready: Callable[[], Awaitable[None]]) -> None:
        """Hand over to the caller and look after the logs; a child that fails now is restarted without end."""
        await asyncio.gather(on_ready(), self._keep_logs_short())

    async def _keep_logs_short(self) -> None:
        while True:
            for child in self.children:
                with contextlib.suppress(OSError):
                    rotate(self.layout.logs / f"{child.role}.log")
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)

    async def _stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for stage in reversed(self.stages):
            started = [child.stop() for child in stage.children if child.role in self._tasks]
            for problem in await asyncio.gather(*started, return_exceptions=True):
                if isinstance(problem, EmbeddedError):
                    self._journal("supervisor", "stopped", problem.detail)

    def _note(self, child: Child, why: str) -> None:
        self.state.processes = [
            ProcessState(role=one.role, state=one.state, restarts=one.restarts, identity=one.runner.identity)
            for one in self.children
        ]
        self._journal(child.role, child.state, why)
        with contextlib.suppress(OSError):  # a full disk or a closed terminal is no reason to leave children alone
            self.state.write(self.layout)
        with contextlib.suppress(OSError):
            self.tell(child.role, child.state, why)

    def _journal(self, role: str, state: str, why: str) -> None:
        line = json.dumps({"timestamp": isoformat(utcnow()), "role": role, "state": state, "why": why})
        with contextlib.suppress(OSError), (self.layout.logs / "supervisor.log").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
