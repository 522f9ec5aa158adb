"""First passage of a lognormal book's profit and loss through a level, by steps with a bridge between them.

As `revaluation`, with the factors' log returns carried on from step to step. Between two steps the profit is taken for
a Brownian motion whose variance is the mean of its local variances at both ends, u'Su with u = w exp(x): exact as the
steps become short, and nearly so where exposures change little within one.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from numba import float32, float64

from compute.jit import njit, parallel_region, prange
from compute.simulation.normals import fill_normals
from compute.simulation.passage import Passage, accumulate, add_sums, estimate, likelihood
from compute.simulation.philox import STREAM_STEPS, split_seed
from compute.simulation.polynomials import FLOATS, exp, expm1
from compute.simulation.revaluation import (
    GROUP,
    TILE,
    Book,
    add_product,
    first_block,
    horizon_returns,
    next_block,
    no_report,
)

SMALLEST = 1e-30  # stands in for a variance of zero


@njit(fastmath=FLOATS)
def _advance(x: Any, u: Any, gain: Any, step: Any, weights: Any) -> None:
    """Add the returns of a step to x (4, n); fill u with exposures, add gains of four factors to gain (n,)."""
    for k in range(GROUP):
        row, move, exposure, w = x[k], step[k], u[k], weights[k]
        for i in range(gain.size):
            row[i] += move[i]
            exposure[i] = w * exp(row[i])
            gain[i] += float64(w * expm1(row[i]))


@njit(fastmath=FLOATS)
def _add_squares(variance: Any, q: Any) -> None:
    q0, q1, q2, q3 = q[0], q[1], q[2], q[3]
    for i in range(variance.size):
        variance[i] += q0[i] * q0[i] + q1[i] * q1[i] + q2[i] * q2[i] + q3[i] * q3[i]


@njit(fastmath=FLOATS)
def _variances(variance: Any, q: Any, u: Any, turned: Any) -> None:
    """Fill variance (n,) of the profit over a step, exposures u (k4, n) held; turned is the root's transpose."""
    for i in range(variance.size):
        variance[i] = float32(0)
    for j in range(0, turned.shape[0], GROUP):
        for k in range(GROUP):
            q[k, :] = float32(0)
        for f in range(j, turned.shape[1], GROUP):
            add_product(q, u[f : f + GROUP], turned[j : j + GROUP, f : f + GROUP])
        _add_squares(variance, q)


@njit(fastmath=FLOATS)
def _cross(b: Any, before: Any, after: Any, variance: Any, later: Any, room: float) -> None:
    for i in range(b.size):
        spread = 0.5 * (float64(variance[i]) + float64(later[i])) + SMALLEST
        exponent = -2.0 * max(before[i] + room, 0.0) * max(after[i] + room, 0.0) / spread
        b[i] += (float32(1) - b[i]) * likelihood(float32(max(exponent, -1e30)))
        before[i] = after[i]
        variance[i] = later[i]


@njit(fastmath=FLOATS)
def _normals(e: Any, base: int, step: int, key_0: Any, key_1: Any) -> None:
    groups = e.shape[0] // GROUP
    for f in range(groups):
        at = f * GROUP
        fill_normals(e[at], e[at + 1], e[at + 2], e[at + 3], base, step * groups + f, STREAM_STEPS, key_0, key_1)


@njit(fastmath=FLOATS)
def _tile(
    out: Any, base: int, count: int, room: float, root: Any, turned: Any, weights: Any, key_0: Any, key_1: Any
) -> None:
    """Fill out (steps, 2) with the sums over the first `count` paths from `base`."""
    size, rank = root.shape
    x, u = np.zeros((size, TILE), np.float32), np.empty((size, TILE), np.float32)
    e, move = np.empty((rank, TILE), np.float32), np.empty((GROUP, TILE), np.float32)
    b, spare = np.zeros(TILE, np.float32), np.empty(TILE, np.float32)
    variance, later = np.empty(TILE, np.float32), np.empty(TILE, np.float32)
    before, after = np.zeros(TILE), np.empty(TILE)
    for f in range(size):
        u[f, :] = weights[f]
    _variances(variance, move, u, turned)
    for step in range(out.shape[0]):
        _normals(e, base, step, key_0, key_1)
        after[:] = 0.0
        for f in range(0, size, GROUP):
            horizon_returns(move, e, root, f)
            _advance(x[f : f + GROUP], u[f : f + GROUP], after, move, weights[f : f + GROUP])
        _variances(later, move, u, turned)
        _cross(b, before, after, variance, later, room)
        add_sums(out[step], b, spare, count)


@njit(parallel=True)
def _block(
    out: Any, start: int, stop: int, room: float, root: Any, turned: Any, weights: Any, key_0: Any, key_1: Any
) -> None:
    for k in prange(out.shape[0]):
        base = start + k * TILE
        _tile(out[k], base, min(TILE, stop - base), room, root, turned, weights, key_0, key_1)


def book_passage(
    priced: Book, room: float, *, steps: int, paths: int, seed: int, report: Callable[[int], None] = no_report
) -> Passage:
    """Return the probability that a book has lost `room` by the end of each step.

    Parameters
    ----------
    priced
        Its root is that of the covariance over one step.
    room
        Base currency, positive.
    """
    key = split_seed(seed)
    turned = np.ascontiguousarray(priced.root.T)
    total = np.zeros((steps, 2))
    done, size = 0, max(TILE, first_block(len(priced.weights)) // (2 * steps) // TILE * TILE)
    while done < paths:
        began = perf_counter()
        stop = min(paths, done + size)
        tiles = np.empty((-(-(stop - done) // TILE), steps, 2))
        with parallel_region():
            _block(tiles, done, stop, room / priced.scale, priced.root, turned, priced.weights, *key)
        accumulate(total, tiles)
        done = stop
        report(done)
        size = next_block(size, perf_counter() - began)
    return estimate(total, paths)
