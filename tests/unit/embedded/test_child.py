"""One child, over a runner that the test plays."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from embedded.child import Child, Patience
from embedded.errors import ChildFailedError, ServerStartError
from embedded.identity import Identity

QUICK = Patience(
    start_seconds=0.05, silence_seconds=0.05, probe_seconds=0.01, poll_seconds=0.005, backoff_seconds=0.001, attempts=2
)


class Played:
    """A process whose fate the test decides."""

    def __init__(self, log: Path, *, start: Callable[[], None] = lambda: None) -> None:
        self.identity: Identity | None = None
        self.log = log
        self.calls: list[str] = []
        self.exit: int | None = None
        self._start = start

    def start(self) -> None:
        self.calls.append("start")
        self.exit = None
        self._start()

    def poll(self) -> int | None:
        return self.exit

    def stop(self) -> None:
        self.calls.append("stop")

    def kill(self) -> None:
        self.calls.append("kill")


class Answers:
    """A probe that answers as the test says."""

    def __init__(self, lives: bool = True) -> None:
        self.lives = lives

    async def __call__(self) -> bool:
        return self.lives


def _child(runner: Played, *, ready: Answers | None = None, alive: Answers | None = None) -> Child:
    return Child(role="x", runner=runner, ready=ready or Answers(), alive=alive or Answers(), patience=QUICK)


def _within(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await scenario()

    asyncio.run(bounded())


async def _until(what: Callable[[], bool]) -> None:
    while not what():
        await asyncio.sleep(0.002)


async def _end(child: Child, task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await child.stop()


def test_a_child_that_exits_is_started_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        runner = Played(tmp_path / "log")
        child = _child(runner)
        task = asyncio.create_task(child.run())
        await child.was_ready.wait()
        runner.exit = 7
        await _until(lambda: child.restarts == 1 and child.state == "running")
        assert runner.calls == ["start", "kill", "start"]
        await _end(child, task)
        assert runner.calls[-1] == "stop"
        assert child.state == "stopped"

    _within(scenario)


def test_a_silent_child_is_killed(tmp_path: Path) -> None:
    async def scenario() -> None:
        runner, alive = Played(tmp_path / "log"), Answers()
        told: list[str] = []
        child = _child(runner, alive=alive)
        child.on_change = lambda _child, why: told.append(why)
        task = asyncio.create_task(child.run())
        await child.was_ready.wait()
        alive.lives = False
        await _until(lambda: child.restarts >= 1)
        assert any("did not answer" in why for why in told)
        await _end(child, task)

    _within(scenario)


@pytest.mark.parametrize("error", [ServerStartError("no luck"), OSError("no luck"), RuntimeError("no luck")])
def test_one_that_cannot_be_started_ends_in_words(tmp_path: Path, error: Exception) -> None:
    def start() -> None:
        raise error

    async def scenario() -> None:
        (tmp_path / "log").write_text("what it said last\n")
        child = _child(Played(tmp_path / "log", start=start))
        with pytest.raises(ChildFailedError, match=r"`x` does not come up: .*no luck.*what it said last"):
            await child.run()
        assert child.state == "stopped"

    _within(scenario)


def test_one_that_never_answers_ends_in_words(tmp_path: Path) -> None:
    async def scenario() -> None:
        with pytest.raises(ChildFailedError, match=r"did not answer for 0\.05 s"):
            await _child(Played(tmp_path / "log"), ready=Answers(lives=False)).run()

    _within(scenario)


def test_after_it_was_ready_once_it_is_tried_without_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        runner = Played(tmp_path / "log")
        child = _child(runner)
        task = asyncio.create_task(child.run())
        for _ in range(2 * QUICK.attempts):
            await _until(lambda: child.state == "running")
            runner.exit = 1
            await _until(lambda: child.state != "running")
        assert not task.done()
        await _end(child, task)

    _within(scenario)


def test_one_that_is_not_ready_is_killed_not_stopped(tmp_path: Path) -> None:
    async def scenario() -> None:
        runner = Played(tmp_path / "log")
        child = Child(
            role="x", runner=runner, ready=Answers(lives=False), alive=Answers(), patience=Patience(start_seconds=60)
        )
        task = asyncio.create_task(child.run())
        await _until(lambda: runner.calls == ["start"])
        await _end(child, task)
        assert runner.calls == ["start", "kill"]

    _within(scenario)
