import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from compute.errors import InputError
from compute.simulation import reference
from compute.simulation.gbm import TILE, terminal

RELATIVE_ERROR = 1e-6  # of a path, against float64 on the same normals
ROOT = Path(__file__).parents[4]
SCRIPT = """
import hashlib, json
from compute.jit import thread_count
from compute.simulation.gbm import terminal
paths = terminal(spot=100.0, drift=0.05, volatility=0.2, years=1.0, start=0, stop=100_003, seed=5)
print(json.dumps([thread_count(), hashlib.sha256(paths.tobytes()).hexdigest()]))
"""


def paths(start: int, stop: int, *, seed: int = 11, volatility: float = 0.2) -> NDArray[np.float32]:
    return terminal(spot=100.0, drift=0.05, volatility=volatility, years=2.0, start=start, stop=stop, seed=seed)


@pytest.mark.parametrize("seed", [0, 2**32, 2**64 - 1])
def test_paths_equal_float64_on_the_same_normals(seed: int) -> None:
    normals = reference.gbm_normals(0, 3 * TILE, seed)
    exact = 100.0 * np.exp((0.05 - 0.02) * 2.0 + 0.2 * np.sqrt(2.0) * normals)
    assert np.max(np.abs(paths(0, 3 * TILE, seed=seed) / exact - 1)) < RELATIVE_ERROR


def test_moments() -> None:
    values = paths(0, 2**20).astype(float)
    mean, variance = 100.0 * np.exp(0.1), 100.0**2 * np.exp(0.2) * np.expm1(0.08)
    assert abs(values.mean() - mean) < 4 * np.sqrt(variance / values.size)
    assert values.var() == pytest.approx(variance, rel=0.01)


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 0), (0, 1), (1, 2), (TILE - 1, TILE + 1), (5, 3 * TILE + 7), (TILE, 2 * TILE)]
)
def test_a_shard_is_the_bits_of_the_whole(start: int, stop: int) -> None:
    np.testing.assert_array_equal(paths(start, stop), paths(0, 4 * TILE)[start:stop])


def test_shards_beyond_32_bit_counters() -> None:
    start = TILE * 2**30
    shard = paths(start, start + TILE)
    assert not np.array_equal(shard, paths(0, TILE))
    exact = 100.0 * np.exp(0.06 + 0.2 * np.sqrt(2.0) * reference.gbm_normals(start, start + TILE, 11))
    assert np.max(np.abs(shard / exact - 1)) < RELATIVE_ERROR


def test_no_volatility_is_the_forward() -> None:
    np.testing.assert_allclose(paths(0, 10, volatility=0.0), 100.0 * np.exp(0.1), rtol=RELATIVE_ERROR)


def test_extreme_volatility_stays_finite_and_positive() -> None:
    values = paths(0, 2**16, volatility=40.0)
    assert np.isfinite(values).all()
    assert (values >= 0).all()


def test_given_array_is_filled() -> None:
    out = np.empty(5, np.float32)
    given = terminal(spot=1.0, drift=0.0, volatility=0.1, years=1.0, start=3, stop=8, seed=1, out=out)
    assert given is out


@pytest.mark.parametrize(
    "wrong", [{"spot": 0.0}, {"volatility": -0.1}, {"years": -1.0}, {"start": 2, "stop": 1}, {"start": -1}]
)
def test_impossible_arguments_are_refused(wrong: dict[str, float]) -> None:
    good = {"spot": 1.0, "drift": 0.0, "volatility": 0.1, "years": 1.0, "start": 0, "stop": 1, "seed": 1}
    with pytest.raises(InputError):
        terminal(**{**good, **wrong})  # type: ignore[arg-type]


def test_same_bits_at_any_thread_count() -> None:
    digests = {}
    for threads in ("1", "2"):
        done = subprocess.run(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "NUMBA_NUM_THREADS": threads, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        used, digest = json.loads(done.stdout)
        digests[used] = digest
    assert set(digests) == {1, 2}
    assert len(set(digests.values())) == 1
