"""Monte Carlo profit and loss of a lognormal book: P(path) = sum_k w_k (exp(x_k) - 1), x = B z.

Normals, correlation and revaluation are fused over tiles of 256 paths, which stay in the cache: no matrix of paths and
factors exists. Path p draws factor f from counter (p low, p high, f // 4, stream), normal f % 4, so that a path is the
same bits in any block, shard or thread. Normals and exponents are float32, the sum over factors float64.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numba import float32, float64
from numpy.typing import NDArray

from compute.jit import njit, parallel_region, prange
from compute.portfolio import Floats
from compute.simulation.factorise import Root
from compute.simulation.normals import fill_normals
from compute.simulation.philox import STREAM_FACTORS, split_seed
from compute.simulation.polynomials import FAST, FLOATS, expm1

TILE = 256
GROUP = 4  # factors to a counter, and to a register block
BLOCK_SECONDS = 0.05  # aim of one call into the kernel; the heartbeat allows 0.25
LARGEST_FIRST_BLOCK = 2**16  # of few factors: a few milliseconds
FIRST_BLOCK_PRODUCTS = 2**26  # multiplications in a first block: 10 ms on a slow core


@dataclass(frozen=True, kw_only=True)
class Book:
    """What the kernel reads, padded to whole groups of factors.

    Parameters
    ----------
    root
        Shape (k4, r4), float32, lower trapezoidal: horizon log returns are root @ z.
    weights
        Shape (k4,), float32: exposures divided by `scale`, in the order of the root's rows.
    order
        Shape (k,): row i belongs to factor order[i]; the rows beyond are padding.
    scale
        Base currency: the largest exposure.
    """

    root: NDArray[np.float32]
    weights: NDArray[np.float32]
    order: NDArray[np.int64]
    scale: float


def book(root: Root, amounts: Floats) -> Book:
    """Prepare a root of the horizon covariance and exposures (k,) for the kernel."""
    count, rank = root.matrix.shape
    padded = np.zeros((_whole(count), _whole(rank)), np.float32)
    padded[:count, :rank] = root.matrix
    scale = float(np.max(np.abs(amounts), initial=0.0)) or 1.0
    weights = np.zeros(_whole(count), np.float32)
    weights[:count] = amounts[root.order] / scale
    return Book(root=padded, weights=weights, order=root.order, scale=scale)


def _whole(count: int) -> int:
    """Round up to whole groups."""
    return -(-count // GROUP) * GROUP


@njit(**FAST)
def _dot(row: Any, p: Any, q: Any, r: Any, s: Any) -> Any:
    return row[0] * p + row[1] * q + row[2] * r + row[3] * s


@njit(**FAST)
def _row(a: Any, i: Any) -> Any:
    return a[i, 0], a[i, 1], a[i, 2], a[i, 3]


@njit(fastmath=FLOATS)
def add_product(x: Any, e: Any, a: Any) -> None:
    """Add a (4, 4) matrix times normals e (4, n) to x (4, n): sixteen products for eight loads."""
    x0, x1, x2, x3 = x[0], x[1], x[2], x[3]
    e0, e1, e2, e3 = e[0], e[1], e[2], e[3]
    a0, a1, a2, a3 = _row(a, 0), _row(a, 1), _row(a, 2), _row(a, 3)
    for i in range(x0.size):
        p, q, r, s = e0[i], e1[i], e2[i], e3[i]
        x0[i] += _dot(a0, p, q, r, s)
        x1[i] += _dot(a1, p, q, r, s)
        x2[i] += _dot(a2, p, q, r, s)
        x3[i] += _dot(a3, p, q, r, s)


@njit(fastmath=FLOATS)
def horizon_returns(x: Any, e: Any, root: Any, f: Any) -> None:
    """Fill x (4, n) with the log returns of the factors f to f + 3; right of its diagonal the root is zero."""
    for i in range(GROUP):
        for place in range(x.shape[1]):
            x[i, place] = float32(0)
    for j in range(0, min(f + GROUP, root.shape[1]), GROUP):
        add_product(x, e[j : j + GROUP], root[f : f + GROUP, j : j + GROUP])


@njit(fastmath=FLOATS)
def _revalue(out: Any, x: Any, w: Any) -> None:
    x0, x1, x2, x3 = x[0], x[1], x[2], x[3]
    w0, w1, w2, w3 = w[0], w[1], w[2], w[3]
    for i in range(out.size):
        gain = w0 * expm1(x0[i]) + w1 * expm1(x1[i]) + w2 * expm1(x2[i]) + w3 * expm1(x3[i])
        out[i] += float64(gain)


@njit(fastmath=FLOATS)
def tile_normals(e: Any, start: Any, key_0: Any, key_1: Any) -> None:
    """Fill normals (r4, TILE) of the paths from `start`, a multiple of TILE."""
    for f in range(0, e.shape[0], GROUP):
        fill_normals(e[f], e[f + 1], e[f + 2], e[f + 3], start, f // GROUP, STREAM_FACTORS, key_0, key_1)


@njit(fastmath=FLOATS)
def _tile(out: Any, start: Any, base: Any, key_0: Any, key_1: Any, root: Any, weights: Any, scale: Any) -> None:
    """Compute the tile of paths from `base`, and fill the part that lies in `out`, whose first path is `start`."""
    e, x = np.empty((root.shape[1], TILE), np.float32), np.empty((GROUP, TILE), np.float32)
    tile = np.zeros(TILE)
    tile_normals(e, base, key_0, key_1)
    for f in range(0, root.shape[0], GROUP):
        horizon_returns(x, e, root, f)
        _revalue(tile, x, weights[f : f + GROUP])
    for path in range(max(base, start), min(base + TILE, start + out.size)):
        out[path - start] = scale * tile[path - base]


@njit(parallel=True)
def _block(out: Any, start: int, key_0: Any, key_1: Any, root: Any, weights: Any, scale: float) -> None:
    """Fill `out` with the paths from `start` on."""
    first, last = start // TILE, -(-(start + out.size) // TILE)
    for k in prange(last - first):
        _tile(out, start, (first + k) * TILE, key_0, key_1, root, weights, scale)


def no_report(done: int) -> None:
    """Tell nobody."""


def profit_and_loss(
    priced: Book, *, start: int, stop: int, seed: int, report: Callable[[int], None] = no_report
) -> Floats:
    """Return the profit and loss of the paths [start, stop), in blocks short enough for a heartbeat.

    Parameters
    ----------
    start, stop
        A shard of the job's paths; shards put end to end are the bits of the whole.
    seed
        Any 64-bit number.
    report
        Called with the paths done after each block; may raise to stop.

    Returns
    -------
    Shape (stop - start,), float64, base currency, gain positive.
    """
    out = np.empty(stop - start)
    key = split_seed(seed)
    done, size = 0, first_block(len(priced.weights))
    while done < out.size:
        began = perf_counter()
        part = out[done : done + size]
        with parallel_region():
            _block(part, start + done, *key, priced.root, priced.weights, priced.scale)
        done += part.size
        report(done)
        size = next_block(size, perf_counter() - began)
    return out


def first_block(factors: int) -> int:
    """Return the first block's paths: few enough for any number of factors."""
    wanted = FIRST_BLOCK_PRODUCTS // max(1, factors * factors)
    return max(TILE, min(LARGEST_FIRST_BLOCK, wanted // TILE * TILE))


def next_block(size: int, seconds: float) -> int:
    """Return the next block's paths: a multiple of the tile, growing at most fourfold towards the aimed time."""
    wanted = size * BLOCK_SECONDS / max(seconds, 1e-6)
    return max(TILE, int(min(wanted, 4.0 * size)) // TILE * TILE)
