import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from compute import jit

ROOT = Path(jit.__file__).parents[1]
SCRIPT = """
import numpy as np
from compute import jit

@jit.njit()
def double(x):
    return 2.0 * x

print(jit.cache_folder(), double(2.0))
"""


def run_script(folder: Path, **environ: str) -> str:
    script = folder / "script.py"
    script.write_text(SCRIPT)
    env = {name: value for name, value in os.environ.items() if name not in {"NUMBA_CACHE_DIR", "XDG_CACHE_HOME"}}
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, str(script)],
        env={**env, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_hash_notices_an_edited_helper_and_a_renamed_file(tmp_path: Path) -> None:
    (tmp_path / "kernel.py").write_text("a")
    (tmp_path / "helper.py").write_text("b")
    first = jit.source_hash(tmp_path)
    (tmp_path / "helper.py").write_text("c")
    second = jit.source_hash(tmp_path)
    (tmp_path / "helper.py").rename(tmp_path / "other.py")
    assert len({first, second, jit.source_hash(tmp_path)}) == 3


def test_hash_is_stable() -> None:
    assert jit.source_hash() == jit.source_hash()


def test_given_cache_folder_is_used(tmp_path: Path) -> None:
    folder, value = run_script(tmp_path, NUMBA_CACHE_DIR=str(tmp_path)).split()
    assert Path(folder) == tmp_path / f"src-{jit.source_hash()}"
    assert value == "4.0"


def test_unwritable_folders_mean_no_cache(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder: nobody, root included, can write below it")
    paths = {"NUMBA_CACHE_DIR": blocked / "a", "XDG_CACHE_HOME": blocked / "b"}
    script = run_script(tmp_path, **{name: str(path) for name, path in paths.items()})
    assert script.endswith("4.0")
    assert str(blocked) not in script


def test_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    assert not jit._usable(shared)
    shared.chmod(0o700)
    assert jit._usable(shared)


def test_old_folders_are_removed_and_recent_ones_kept(tmp_path: Path) -> None:
    old, recent, current = (tmp_path / f"src-{name}" for name in ("old", "recent", "current"))
    for folder in (old, recent, current):
        folder.mkdir()
    for folder in (old, current):
        os.utime(folder, (0, 0))
    jit._prune(tmp_path, current)
    assert not old.exists()
    assert recent.exists()
    assert current.exists()


def test_threads_are_limited_and_restored() -> None:
    before = jit._thread_limit
    try:
        jit.limit_threads(1)
        assert jit.thread_count() == 1
        jit.limit_threads(None)
        assert jit.thread_count() >= 1
        with pytest.raises(ValueError, match="at least one thread"):
            jit.limit_threads(0)
    finally:
        jit.limit_threads(before)


@jit.njit(parallel=True)
def squares(count: int) -> np.ndarray:
    out = np.empty(count)
    for index in jit.prange(count):
        out[index] = index * index
    return out


def test_parallel_kernel_runs_in_its_region() -> None:
    with jit.parallel_region():
        np.testing.assert_array_equal(squares(100), np.arange(100.0) ** 2)
