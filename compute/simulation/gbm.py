"""Geometric Brownian motion: terminal values S0 exp((mu - sigma^2 / 2) T + sigma sqrt(T) z) of one asset.

Path p lies in tile t = p // 4096 at lane l = (p % 4096) // 1024 and place j = p % 1024: it is made of normal l of the
counter t 1024 + j, whatever the thread or shard that computes it.
"""

from typing import Any

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from compute.errors import InputError
from compute.jit import njit, parallel_region, prange
from compute.simulation.normals import four_normals
from compute.simulation.philox import STREAM_GBM, split_seed
from compute.simulation.polynomials import FLOATS, exp

LANE = 1024  # places in a tile's lane: four lanes of float32 fill half of an L1 cache
TILE = 4 * LANE


@njit(fastmath=FLOATS)
def _tile(
    a: Any, b: Any, c: Any, d: Any, start: Any, key_0: Any, key_1: Any, spot: Any, drift: Any, deviation: Any
) -> None:
    low, high = uint32(start), uint32(uint64(start) >> uint64(32))
    for i in range(a.size):
        p, q, r, s = four_normals(uint32(low + uint32(i)), high, uint32(0), uint32(STREAM_GBM), key_0, key_1)
        a[i] = spot * exp(deviation * p + drift)
        b[i] = spot * exp(deviation * q + drift)
        c[i] = spot * exp(deviation * r + drift)
        d[i] = spot * exp(deviation * s + drift)


@njit(fastmath=FLOATS)
def _fill(out: Any, start: Any, tile: Any, key_0: Any, key_1: Any, spot: Any, drift: Any, deviation: Any) -> None:
    """Fill the part of a tile that lies in `out`, whose first path is `start`; a cut tile is made whole beside it."""
    base = tile * TILE - start
    whole = base >= 0 and base + TILE <= out.size
    target = out[base : base + TILE] if whole else np.empty(TILE, np.float32)
    a, b, c, d = target[:LANE], target[LANE : 2 * LANE], target[2 * LANE : 3 * LANE], target[3 * LANE :]
    _tile(a, b, c, d, tile * LANE, key_0, key_1, spot, drift, deviation)
    if not whole:
        for place in range(max(base, 0), min(base + TILE, out.size)):
            out[place] = target[place - base]


@njit(parallel=True)
def _terminal(start: int, out: Any, key_0: Any, key_1: Any, spot: Any, drift: Any, deviation: Any) -> None:
    """Fill `out` with the paths from `start` on."""
    first, last = start // TILE, -(-(start + out.size) // TILE)
    for k in prange(last - first):
        _fill(out, start, first + k, key_0, key_1, spot, drift, deviation)


def terminal(
    *,
    spot: float,
    drift: float,
    volatility: float,
    years: float,
    start: int,
    stop: int,
    seed: int,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return the terminal values of the paths [start, stop).

    Parameters
    ----------
    spot
        Positive.
    drift, volatility
        Decimals per year; the volatility not negative.
    years
        Horizon, not negative.
    seed
        Any 64-bit number.
    out
        Shape (stop - start,), float32, contiguous: filled and returned, for callers that allocate once.

    Returns
    -------
    Shape (stop - start,), float32, positive and finite.
    """
    _check(spot, volatility, years, start, stop)
    key = split_seed(seed)
    mean = (drift - 0.5 * volatility**2) * years
    scalars = np.float32(spot), np.float32(mean), np.float32(volatility * np.sqrt(years))
    out = np.empty(stop - start, np.float32) if out is None else out
    with parallel_region():
        _terminal(start, out, *key, *scalars)
    return out


def _check(spot: float, volatility: float, years: float, start: int, stop: int) -> None:
    if not (spot > 0 and volatility >= 0 and years >= 0):
        raise InputError("A lognormal path needs a positive spot, and a volatility and horizon that are not negative.")
    if not 0 <= start <= stop:
        raise InputError("A shard of paths needs 0 <= start <= stop.")
