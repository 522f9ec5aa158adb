"""What happens once before the processes start: the schema is migrated, the kernels are compiled.

Each step is a process of its own, which takes its memory with it. Without the second one the API and every pool child
would compile the same kernels at once at the first start, and keep the compiler in memory.
"""

import asyncio
import hashlib
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Callable, Coroutine, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from embedded.errors import ChildFailedError
from embedded.server import tail

Tell = Callable[[str, str, str], None]
Step = Callable[[Tell], Coroutine[Any, Any, None]]

_SECONDS = 900


def migrated(command: tuple[str, ...], log: Path, environ: Mapping[str, str]) -> Step:
    """Return the step that brings the schema up to date."""

    async def step(_tell: Tell) -> None:
        if await _run((*command, "migrate"), log, environ) != 0:
            raise ChildFailedError(f"The schema could not be migrated: {tail(log)}", remedy=f"Its log is {log}.")

    return step


def compiled(marker: Path, log: Path, environ: Mapping[str, str]) -> Step:
    """Return the step that compiles the kernels into their cache, unless the marker says that this was done.

    A failure is told and not raised: each process then compiles for itself, and says what is wrong in its own log.
    """

    async def step(tell: Tell) -> None:
        wanted = fingerprint()
        if _done(marker, wanted):
            return
        tell("kernels", "starting", "compiled once for this version, a few minutes")
        if await _run((sys.executable, "-m", "embedded.compile"), log, environ) == 0:
            folder = log.read_text(encoding="utf-8").strip().splitlines()[-1]
            marker.write_text(f"{wanted}\n{folder}\n", encoding="utf-8")
            tell("kernels", "running", "compiled")
        else:
            tell("kernels", "stopped", f"not compiled ahead: {tail(log)}")

    return step


def both(*steps: Step) -> Step:
    """Return a step that does several at once."""

    async def step(tell: Tell) -> None:
        await asyncio.gather(*(one(tell) for one in steps))

    return step


def fingerprint() -> str:
    """Return a hash of everything that the compiled kernels depend on, without importing the numerics."""
    spec = find_spec("compute")
    digest = hashlib.sha256(f"numba {version('numba')} Python {sys.version}".encode())
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted([*Path(folder).rglob("*.py"), *Path(folder).rglob("*.toml")]):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _done(marker: Path, wanted: str) -> bool:
    try:
        found, folder = marker.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return False
    return found == wanted and any(Path(folder).rglob("*.nbc"))


async def _run(command: tuple[str, ...], log: Path, environ: Mapping[str, str]) -> int:
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=output, stderr=output, env=dict(environ)
        )
    try:
        return await asyncio.wait_for(process.wait(), _SECONDS)
    except BaseException:
        process.kill()
        await process.wait()
        raise
