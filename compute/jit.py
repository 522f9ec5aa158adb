"""How kernels are compiled: `njit` with the project's options, its cache folder, and the threads it may use.

numba's cache does not notice an edited helper in another file, so the folder is keyed by a hash of all of `compute/`.
"""

import hashlib
import os
import shutil
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba import config, prange

__all__ = ["cache_folder", "limit_threads", "njit", "parallel_region", "prange", "source_hash", "thread_count"]

F = TypeVar("F", bound=Callable[..., Any])

SOURCES = Path(__file__).parent
KEEP_SECONDS = 14 * 86_400

_parallel_lock = threading.Lock()
_thread_limit: int | None = None


def source_hash(sources: Path = SOURCES) -> str:
    """Return a short hash of every source and table under a folder: names and contents."""
    digest = hashlib.sha256(f"numba {numba.__version__}".encode())
    for path in sorted([*sources.rglob("*.py"), *sources.rglob("*.toml")]):
        content = path.read_bytes()
        digest.update(f"\0{path.relative_to(sources).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _candidates() -> Iterator[Path]:
    """Folders to try in order: numba's own variable, the user's cache folder, the temporary folder."""
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(given)
    with suppress(RuntimeError):  # no home directory
        home = Path.home()
        default = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
        yield Path(os.environ.get("XDG_CACHE_HOME") or default) / "nautilus-collateral" / "kernels"
    yield Path(tempfile.gettempdir()) / f"nautilus-collateral-kernels-{os.getuid()}"


def _usable(folder: Path) -> bool:
    """Make a folder; say whether it is ours alone and writable, for what lies in it is loaded as code."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.stat()
        if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return False
        tempfile.TemporaryFile(dir=folder).close()
        os.utime(folder)  # in use: not to be pruned
    except OSError:
        return False
    return True


def _prune(parent: Path, keep: Path) -> None:
    """Remove the folders of sources that nobody has compiled for two weeks."""
    oldest = time.time() - KEEP_SECONDS
    for folder in parent.glob("src-*"):
        with suppress(OSError):
            if folder != keep and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


@cache
def cache_folder() -> Path | None:
    """Return the folder of this version's compiled kernels, or None where no folder can be written."""
    name = f"src-{source_hash()}"
    for parent in _candidates():
        folder = parent / name
        if _usable(folder):
            _prune(parent, folder)
            return folder
    return None


def njit(**options: Any) -> Callable[[F], F]:
    """Compile without the GIL, cached by source hash, with numpy's division; `options` go to `numba.njit`."""

    def decorate(function: F) -> F:
        folder = cache_folder()
        settings = {"nogil": True, "error_model": "numpy", "cache": folder is not None, **options}
        before, config.CACHE_DIR = config.CACHE_DIR, str(folder or "")
        try:
            compiled: F = numba.njit(**settings)(function)
        finally:
            config.CACHE_DIR = before
        return compiled

    return decorate


def limit_threads(count: int | None) -> None:
    """Let parallel kernels of this process use at most `count` threads; None means all that numba started with."""
    if count is not None and count < 1:
        raise ValueError("A kernel needs at least one thread.")
    global _thread_limit  # noqa: PLW0603 - numba's own limit is per calling thread; ours is per process
    _thread_limit = count


def thread_count() -> int:
    """Return the threads that a parallel kernel uses now."""
    available = int(config.NUMBA_NUM_THREADS)
    return available if _thread_limit is None else min(_thread_limit, available)


@contextmanager
def parallel_region() -> Iterator[None]:
    """Hold the process's one slot for a parallel kernel: numba's workqueue layer aborts on concurrent callers."""
    with _parallel_lock:
        numba.set_num_threads(thread_count())
        yield
