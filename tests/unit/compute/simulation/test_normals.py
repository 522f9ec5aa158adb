import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from compute.jit import njit
from compute.simulation import reference
from compute.simulation.normals import box_muller, fill_normals, gather_normals
from compute.simulation.philox import split_seed

COUNT = 2**18
NORMAL_ERROR = 2e-6  # absolute, against float64 libm on the same words
LARGEST = 6.661  # sqrt(2 ln 2^32)


def draw(start: int, count: int, *, block: int = 0, stream: int = 9, seed: int = 1) -> NDArray[np.float32]:
    rows = np.empty((4, count), np.float32)
    fill_normals(rows[0], rows[1], rows[2], rows[3], start, block, stream, *split_seed(seed))
    return rows


@njit()
def pairs(radius: NDArray[np.uint32], angle: NDArray[np.uint32]) -> NDArray[np.float32]:
    out = np.empty((radius.size, 2), np.float32)
    for i in range(radius.size):
        out[i, 0], out[i, 1] = box_muller(radius[i], angle[i])
    return out


@pytest.mark.parametrize("seed", [0, 1, 2**63 + 5])
def test_close_to_float64_libm_on_the_same_words(seed: int) -> None:
    fast = draw(0, 2**16, block=3, seed=seed)
    exact = reference.normals(np.arange(2**16), block=3, stream=9, seed=seed)
    assert np.max(np.abs(fast.T - exact)) < NORMAL_ERROR


def test_extreme_words_are_finite() -> None:
    words = np.array(list(itertools.product([0, 1, 2, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1], repeat=2)), np.uint32)
    values = pairs(words[:, 0].copy(), words[:, 1].copy())
    assert np.isfinite(values).all()
    assert np.abs(values).max() <= LARGEST
    assert np.abs(values).max() > LARGEST - 0.01


def test_distribution() -> None:
    z = draw(0, COUNT).ravel().astype(float)
    count = z.size
    assert abs(z.mean()) < 4 / np.sqrt(count)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / count)
    assert abs(np.mean(z**3)) < 4 * np.sqrt(15 / count)
    assert abs(np.mean(z**4) - 3) < 4 * np.sqrt(96 / count)
    assert stats.kstest(z, "norm").pvalue > 1e-3


def test_tail_frequencies() -> None:
    z = np.abs(draw(0, COUNT, seed=77).ravel())
    for bound in (2.0, 3.0, 4.0):
        expected = 2 * stats.norm.sf(bound) * z.size
        assert abs(np.count_nonzero(z > bound) - expected) < 4 * np.sqrt(expected)


def test_lanes_blocks_streams_and_seeds_are_uncorrelated() -> None:
    z = np.concatenate([draw(0, COUNT), draw(0, COUNT, block=1), draw(0, COUNT, stream=8), draw(0, COUNT, seed=2)])
    correlation = np.corrcoef(z.astype(float)) - np.eye(len(z))
    assert np.abs(correlation).max() < 5 / np.sqrt(COUNT)
    squares = np.corrcoef(z.astype(float) ** 2) - np.eye(len(z))
    assert np.abs(squares).max() < 5 / np.sqrt(COUNT)


@pytest.mark.parametrize("start", [0, 2**32 - 256, 2**32, 2**40])
def test_gathered_normals_are_the_same_draws(start: int) -> None:
    whole = draw(start, 256)
    index = np.arange(start, start + 256, dtype=np.uint64)[::-1].copy()
    rows = np.empty((4, 256), np.float32)
    gather_normals(rows[0], rows[1], rows[2], rows[3], index, 0, 9, *split_seed(1))
    np.testing.assert_array_equal(rows[:, ::-1], whole)


def test_counters_beyond_32_bits_are_other_draws() -> None:
    assert not np.array_equal(draw(0, 256), draw(2**32, 256))
