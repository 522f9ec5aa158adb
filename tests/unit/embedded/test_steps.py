"""The steps before the processes start, with small commands in place of the real ones."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from embedded import steps
from embedded.errors import ChildFailedError
from embedded.steps import Step, both, compiled, fingerprint, migrated

Told = list[tuple[str, str, str]]


def _do(step: Step) -> Told:
    told: Told = []
    asyncio.run(step(lambda *words: told.append(words)))
    return told


def _python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_a_migration_that_succeeds_says_nothing(tmp_path: Path) -> None:
    assert _do(migrated(_python("import sys; assert sys.argv[1] == 'migrate'"), tmp_path / "log", {})) == []


def test_a_migration_that_fails_shows_its_log(tmp_path: Path) -> None:
    with pytest.raises(ChildFailedError, match="no such table"):
        _do(migrated(_python("import sys; sys.exit('no such table')"), tmp_path / "log", {}))


def test_a_step_given_up_leaves_no_process(tmp_path: Path) -> None:
    async def scenario() -> None:
        step = migrated(_python("import time; time.sleep(600)"), tmp_path / "log", {})
        task = asyncio.create_task(both(step)(lambda *_words: None))
        while not (tmp_path / "log").exists():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """In place of the compiler: prints a folder with a compiled kernel, or fails when told to."""
    runs: list[int] = []
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "kernel.nbc").touch()

    async def run(_command: tuple[str, ...], log: Path, environ: Mapping[str, str]) -> int:
        runs.append(int(environ.get("STATUS", "0")))
        log.write_text(f"noise\n{tmp_path / 'cache'}\n")
        return runs[-1]

    monkeypatch.setattr(steps, "_run", run)
    return runs


def test_kernels_are_compiled_once(tmp_path: Path, compiler: list[int]) -> None:
    step = compiled(tmp_path / "marker", tmp_path / "log", {})
    assert [state for _, state, _ in _do(step)] == ["starting", "running"]
    assert _do(step) == []
    assert compiler == [0]


def test_kernels_are_compiled_again_when_the_cache_was_emptied(tmp_path: Path, compiler: list[int]) -> None:
    step = compiled(tmp_path / "marker", tmp_path / "log", {})
    _do(step)
    (tmp_path / "cache" / "kernel.nbc").unlink()
    assert len(_do(step)) == 2
    assert len(compiler) == 2


def test_kernels_are_compiled_again_for_another_version(tmp_path: Path, compiler: list[int]) -> None:
    (tmp_path / "marker").write_text(f"another\n{tmp_path / 'cache'}\n")
    _do(compiled(tmp_path / "marker", tmp_path / "log", {}))
    assert len(compiler) == 1


def test_a_compiler_that_fails_stops_nobody(tmp_path: Path, compiler: list[int]) -> None:
    told = _do(compiled(tmp_path / "marker", tmp_path / "log", {"STATUS": "1"}))
    assert told[-1][1] == "stopped"
    assert not (tmp_path / "marker").exists()
    assert compiler == [1]


def test_the_fingerprint_is_that_of_the_sources() -> None:
    assert fingerprint() == fingerprint()
    assert len(fingerprint()) == 64
