"""Each factor's part in VaR and ES, summing to the total.

Euler's rule for a positively homogeneous measure: the component of factor k is E[L_k | L = VaR] for VaR and
E[L_k | L >= VaR] for ES (D. Tasche, "Risk contributions and performance measurement", 1999). The first is estimated on
the paths whose loss ranks within one binomial deviation of VaR, then shifted by a common factor to sum to VaR exactly;
the second is the mean over the tail that defines ES. The paths are drawn again from their counters: nothing was kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import float64
from numpy.typing import NDArray

from compute.jit import njit, parallel_region, prange
from compute.portfolio import Floats
from compute.simulation.normals import gather_normals
from compute.simulation.philox import STREAM_FACTORS, split_seed
from compute.simulation.polynomials import FLOATS, expm1
from compute.simulation.revaluation import GROUP, TILE, Book, first_block, horizon_returns
from compute.simulation.tail import Tail

FactorLosses = Callable[[NDArray[np.int64], Floats], Floats]
"""(paths, their weights) -> the weighted sum of each factor's loss, shape (k,)."""


@dataclass(frozen=True, kw_only=True)
class Components:
    """Parts of VaR and ES by factor, shape (k,) each, base currency, loss positive."""

    var: Floats
    es: Floats


@njit(fastmath=FLOATS)
def _weighted(x: Any, w: Any, share: Any) -> Any:
    total = 0.0
    for i in range(share.size):
        total += share[i] * float64(w * expm1(x[i]))
    return total


@njit(fastmath=FLOATS)
def _tile_sums(out: Any, index: Any, share: Any, key_0: Any, key_1: Any, root: Any, weights: Any) -> None:
    """Fill `out` (k4,) with the weighted sums over the paths of one tile."""
    size, rank = root.shape
    e, x = np.empty((rank, TILE), np.float32), np.empty((GROUP, TILE), np.float32)
    for f in range(0, rank, GROUP):
        gather_normals(e[f], e[f + 1], e[f + 2], e[f + 3], index, f // GROUP, STREAM_FACTORS, key_0, key_1)
    for f in range(0, size, GROUP):
        horizon_returns(x, e, root, f)
        for k in range(GROUP):
            out[f + k] = _weighted(x[k], weights[f + k], share)


@njit(parallel=True)
def _sums(out: Any, index: Any, share: Any, key_0: Any, key_1: Any, root: Any, weights: Any) -> None:
    """Fill row t of `out` (tiles, k4) with the sums over row t of `index` and `share` (tiles, TILE)."""
    for t in prange(out.shape[0]):
        _tile_sums(out[t], index[t], share[t], key_0, key_1, root, weights)


def simulated_losses(priced: Book, *, seed: int, report: Callable[[], None] = lambda: None) -> FactorLosses:
    """Return the factor losses of Monte Carlo paths, drawn again by number.

    Parameters
    ----------
    report
        Called between blocks; may raise to stop.
    """
    key = split_seed(seed)
    block = first_block(len(priced.weights))

    def losses(paths: NDArray[np.int64], shares: Floats) -> Floats:
        total = np.zeros(len(priced.weights))
        for begin in range(0, paths.size, block):
            index, share = paths[begin : begin + block], shares[begin : begin + block]
            tiles = _tiles(index.astype(np.uint64)), _tiles(share)
            out = np.empty((len(tiles[0]), len(priced.weights)))
            with parallel_region():
                _sums(out, *tiles, *key, priced.root, priced.weights)
            total += out.sum(axis=0)
            report()
        by_factor = np.empty(priced.order.size)
        by_factor[priced.order] = -priced.scale * total[: priced.order.size]
        return by_factor

    return losses


def _tiles(values: NDArray[Any]) -> NDArray[Any]:
    """Fill up values (n,) with zeros to whole tiles, shape (tiles, TILE)."""
    return np.pad(values, (0, -values.size % TILE)).reshape(-1, TILE)


def historical_losses(by_factor: Floats) -> FactorLosses:
    """Return the factor losses of historical scenarios, profit and loss by factor (t, k) given."""

    def losses(scenarios: NDArray[np.int64], shares: Floats) -> Floats:
        return np.asarray(-(shares @ by_factor[scenarios]))

    return losses


def components(tail: Tail, losses: FactorLosses) -> Components:
    """Return the parts of a tail's VaR and ES by factor."""
    members = np.append(tail.beyond, tail.at)
    shares = np.append(np.ones(tail.beyond.size), tail.weight_at) / tail.mass
    near = losses(tail.around, np.full(tail.around.size, 1.0 / tail.around.size))
    total = near.sum()
    return Components(
        var=near * (tail.var / total) if total > 0 else near + (tail.var - total) / near.size,
        es=losses(members, shares),
    )
