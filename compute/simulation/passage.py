"""First passage of one Brownian motion through a level, by steps with a Brownian bridge between them.

Given its ends u and v, in distances from the level and units of a step's deviation, a bridge crosses the level with
probability exp(-2 u v), and surely where either lies beyond (A. N. Borodin, P. Salminen, "Handbook of Brownian Motion",
2nd ed., 1.1.2.8). A path's probability of having crossed is thus exact at any number of steps. Path p draws the normals
of the steps 4k to 4k + 3 from the counter (p low, p high, k, stream), and paths are summed in tiles of 1024 by a fixed
tree: the same bits at any thread or block.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numba import float32, float64, uint32, uint64

from compute.jit import njit, parallel_region, prange
from compute.portfolio import Floats
from compute.simulation.normals import fill_normals, four_normals
from compute.simulation.philox import STREAM_PASSAGE, split_seed
from compute.simulation.polynomials import EXP_MINIMUM, FAST, FLOATS, exp
from compute.simulation.revaluation import next_block, no_report

TILE = 1024
GROUP = 4  # steps to a counter
LANES = 16  # where the tree of a tile's sum ends
FIRST_BLOCK_STEPS = 2**24  # steps of paths in a first block: tens of milliseconds


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Probability of having crossed by the end of each step, or the last, and its standard error, shapes (steps,)."""

    probability: Floats
    standard_error: Floats


@njit(**FAST)
def likelihood(exponent: Any) -> Any:
    """Return e^x of a float32 not above 0; zero where `exp` would hold it to its range."""
    return exp(exponent) if exponent > EXP_MINIMUM else float32(0)


@njit(**FAST)
def crossed(u: Any, v: Any) -> Any:
    """Return the probability that a bridge from u to v, distances in float32, has crossed zero."""
    return likelihood(float32(-2) * max(u, float32(0)) * max(v, float32(0)))


@njit(fastmath=FLOATS)
def _step(u: Any, b: Any, z: Any) -> None:
    """Take a step of normals z: move distances u and probabilities b of having crossed."""
    for i in range(u.size):
        v = u[i] + z[i]
        b[i] += (float32(1) - b[i]) * crossed(u[i], v)
        u[i] = v


@njit(fastmath=FLOATS)
def _four_steps(u: Any, b: Any, start: Any, block: Any, key_0: Any, key_1: Any) -> None:
    """Take four steps at once, without their normals passing through memory."""
    low, high = uint32(start), uint32(uint64(start) >> uint64(32))
    for i in range(u.size):
        place = uint32(low + uint32(i))
        z0, z1, z2, z3 = four_normals(place, high, uint32(block), uint32(STREAM_PASSAGE), key_0, key_1)
        u0, p = u[i], b[i]
        u1 = u0 + z0
        p += (float32(1) - p) * crossed(u0, u1)
        u2 = u1 + z1
        p += (float32(1) - p) * crossed(u1, u2)
        u3 = u2 + z2
        p += (float32(1) - p) * crossed(u2, u3)
        u4 = u3 + z3
        p += (float32(1) - p) * crossed(u3, u4)
        u[i], b[i] = u4, p


@njit(fastmath=FLOATS)
def _halve(row: Any, half: int) -> None:
    for i in range(half):
        row[i] += row[i + half]


@njit(fastmath=FLOATS)
def _squares(out: Any, row: Any) -> None:
    for i in range(row.size):
        out[i] = row[i] * row[i]


@njit(fastmath=FLOATS)
def _copy(out: Any, row: Any) -> None:
    for i in range(row.size):
        out[i] = row[i]


@njit()
def _tree_sum(row: Any) -> float:
    """Return the sum of a row, a power of two long; the row is used up."""
    half = row.size // 2
    while half >= LANES:
        _halve(row, half)
        half //= 2
    total = 0.0
    for i in range(LANES):
        total += float64(row[i])
    return total


@njit()
def add_sums(out: Any, b: Any, spare: Any, count: int) -> None:
    """Put into out (2,) the sum of the first `count` of b and of their squares; spare is as long as b."""
    _copy(spare, b)
    spare[count:] = float32(0)
    out[0] = _tree_sum(spare)
    _squares(spare, b)
    spare[count:] = float32(0)
    out[1] = _tree_sum(spare)


@njit()
def _tile(out: Any, base: int, count: int, distance: Any, steps: int, key_0: Any, key_1: Any) -> None:
    """Fill out (steps or 1, 2) with the sums over the first `count` paths from `base` after each or the last step."""
    u, b, spare = np.empty(TILE, np.float32), np.zeros(TILE, np.float32), np.empty(TILE, np.float32)
    z = np.empty((GROUP, TILE), np.float32)
    u[:] = distance
    whole = 0 if out.shape[0] == steps else steps // GROUP
    for block in range(whole):
        _four_steps(u, b, base, block, key_0, key_1)
    for step in range(whole * GROUP, steps):
        if step % GROUP == 0:
            fill_normals(z[0], z[1], z[2], z[3], base, step // GROUP, STREAM_PASSAGE, key_0, key_1)
        _step(u, b, z[step % GROUP])
        if out.shape[0] == steps:
            add_sums(out[step], b, spare, count)
    add_sums(out[-1], b, spare, count)


@njit(parallel=True)
def _block(out: Any, start: int, stop: int, distance: Any, steps: int, key_0: Any, key_1: Any) -> None:
    for k in prange(out.shape[0]):
        base = start + k * TILE
        _tile(out[k], base, min(TILE, stop - base), distance, steps, key_0, key_1)


@njit()
def accumulate(total: Any, tiles: Any) -> None:
    """Add tile after tile: the order does not depend on blocks."""
    for k in range(tiles.shape[0]):
        for step in range(total.shape[0]):
            total[step, 0] += tiles[k, step, 0]
            total[step, 1] += tiles[k, step, 1]


def estimate(total: Floats, paths: int) -> Passage:
    """Return means and standard errors of sums (steps, 2)."""
    mean = total[:, 0] / paths
    variance = np.maximum(total[:, 1] / paths - mean**2, 0.0)
    return Passage(probability=mean, standard_error=np.sqrt(variance / paths))


def first_passage(
    distance: float,
    *,
    steps: int,
    paths: int,
    seed: int,
    each_step: bool = True,
    report: Callable[[int], None] = no_report,
) -> Passage:
    """Return the probability that a Brownian motion has come down to a level by the end of each step.

    Parameters
    ----------
    distance
        From the level at the start, positive, in deviations of one step.
    steps, paths
        Positive.
    seed
        Any 64-bit number.
    each_step
        False for the end of the last step alone: equal but for the rounding of float32, and faster.
    report
        Called with the paths done after each block; may raise to stop.
    """
    key = split_seed(seed)
    total = np.zeros((steps if each_step else 1, 2))
    done, size = 0, max(TILE, FIRST_BLOCK_STEPS // steps // TILE * TILE)
    while done < paths:
        began = perf_counter()
        stop = min(paths, done + size)
        tiles = np.empty((-(-(stop - done) // TILE), *total.shape))
        with parallel_region():
            _block(tiles, done, stop, np.float32(min(distance, 1e15)), steps, *key)
        accumulate(total, tiles)
        done = stop
        report(done)
        size = max(TILE, next_block(size, perf_counter() - began) // TILE * TILE)
    return estimate(total, paths)
