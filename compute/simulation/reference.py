"""The slow reference: the same draws in plain numpy and float64 libm, which the fast kernels are held to."""

import numpy as np
from numpy.typing import NDArray

from compute.simulation.gbm import LANE, TILE
from compute.simulation.philox import (
    MULTIPLIER_0,
    MULTIPLIER_1,
    STREAM_FACTORS,
    STREAM_GBM,
    WEYL_0,
    WEYL_1,
    split_seed,
)
from compute.simulation.revaluation import GROUP

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox(counters: Words, key: tuple[int, int]) -> Words:
    """Return the random words of many counters, shape (n, 4), each below 2^32."""
    c0, c1, c2, c3 = counters.T.copy()
    k0, k1 = np.uint64(key[0]), np.uint64(key[1])
    for _ in range(10):
        first, second = MULTIPLIER_0 * c0, MULTIPLIER_1 * c2
        c0, c1, c2, c3 = (second >> HALF) ^ c1 ^ k0, second & LOW, (first >> HALF) ^ c3 ^ k1, first & LOW
        k0, k1 = (k0 + WEYL_0) & LOW, (k1 + WEYL_1) & LOW
    return np.stack([c0, c1, c2, c3], axis=1)


def box_muller(radius_word: Words, angle_word: Words) -> tuple[Floats, Floats]:
    """Return the normal pairs of word pairs, in float64."""
    uniform = np.minimum((np.float32(radius_word >> np.uint64(1)) + np.float32(0.5)).astype(float) * 2.0**-31, 1.0)
    radius = np.sqrt(-2.0 * np.log(uniform))
    angle = 2.0 * np.pi * angle_word.astype(float) / 2.0**32
    return radius * np.sin(angle), radius * np.cos(angle)


def normals(index: NDArray[np.int64], *, block: int, stream: int, seed: int) -> Floats:
    """Return the four normals of each counter (index, block, stream), shape (n, 4)."""
    place = index.astype(np.uint64)
    counters = np.empty((index.size, 4), np.uint64)
    counters[:, 0], counters[:, 1], counters[:, 2], counters[:, 3] = place & LOW, place >> HALF, block, stream
    low, high = split_seed(seed)
    words = philox(counters, (int(low), int(high)))
    return np.stack([*box_muller(words[:, 0], words[:, 1]), *box_muller(words[:, 2], words[:, 3])], axis=1)


def gbm_normals(start: int, stop: int, seed: int) -> Floats:
    """Return the normal of each path in [start, stop), addressed as `compute.simulation.gbm` says."""
    path = np.arange(start, stop, dtype=np.int64)
    tile, place = np.divmod(path, TILE)
    lane, column = np.divmod(place, LANE)
    fours = normals(tile * LANE + column, block=0, stream=STREAM_GBM, seed=seed)
    return fours[np.arange(path.size), lane]


def factor_normals(start: int, stop: int, factors: int, seed: int) -> Floats:
    """Return the normals of the paths [start, stop), shape (n, factors), as `compute.simulation.revaluation` says."""
    path = np.arange(start, stop, dtype=np.int64)
    blocks = [normals(path, block=block, stream=STREAM_FACTORS, seed=seed) for block in range(-(-factors // GROUP))]
    return np.concatenate(blocks, axis=1)[:, :factors]


def profit_and_loss(root: Floats, amounts: Floats, *, start: int, stop: int, seed: int) -> Floats:
    """Return the profit and loss of the paths [start, stop) of a lognormal book, shape (n,)."""
    z = factor_normals(start, stop, root.shape[1], seed)
    return np.asarray(np.expm1(z @ root.T) @ amounts)
