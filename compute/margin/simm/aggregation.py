"""The sums under SIMM's square roots, over segments: rows sorted by segment, a segment's rows beside each other."""

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.portfolio import Floats

Integers = NDArray[np.int64]


def starts_of(*keys: Integers) -> Integers:
    """Return where each run of equal keys starts, and the length behind the last; keys have shape (n,), sorted."""
    size = keys[0].size
    change = np.zeros(size, dtype=np.bool_)
    change[:1] = True
    for key in keys:
        change[1:] |= key[1:] != key[:-1]
    return np.append(np.flatnonzero(change), size)


def net(keys: tuple[Integers, ...], amount: Floats) -> tuple[list[Integers], Floats]:
    """Sum amounts over rows of equal keys; return the keys and sums, sorted by the keys in order."""
    order = np.lexsort(keys[::-1])
    ordered = [key[order] for key in keys]
    first = starts_of(*ordered)[:-1]
    return [key[first] for key in ordered], sums(amount[order], first)


def sums(values: Floats, first: Integers) -> Floats:
    """Return the sum of each run that starts at `first`; empty for no runs."""
    return np.add.reduceat(values, first) if first.size else np.zeros(0)


def spread_sums(keys: tuple[Integers, ...], values: Floats) -> Floats:
    """Return for every row the sum over its run of equal keys, shape (n,)."""
    starts = starts_of(*keys)
    return np.repeat(sums(values, starts[:-1]), np.diff(starts))


@njit()
def bucket_squares(
    starts: Integers,
    weighted: Floats,
    concentration: Floats,
    name: Integers,
    category: Integers,
    same: Floats,
    different: Floats,
    curvature: bool,
    out: Floats,
) -> None:
    """Write K² of each bucket: Σ_kl ρ_kl f_kl WS_k WS_l.

    Parameters
    ----------
    starts
        Shape (m + 1,): bucket i is rows starts[i] to starts[i + 1].
    weighted, concentration, name, category
        Shape (n,): weighted sensitivities, concentration factors, and what decides ρ.
    same, different
        Shapes (m,) and (m, c, c): ρ of two factors of one name, and of two categories otherwise.
    curvature
        True: ρ² in place of ρ, and no f = min(CR)/max(CR).
    out
        Shape (m,).
    """
    for bucket in range(starts.size - 1):
        total = 0.0
        for k in range(starts[bucket], starts[bucket + 1]):
            inner = 0.0
            for j in range(starts[bucket], k):
                rho = same[bucket] if name[k] == name[j] else different[bucket, category[k], category[j]]
                if curvature:
                    rho *= rho
                else:
                    low = min(concentration[k], concentration[j])
                    rho *= low / max(concentration[k], concentration[j])
                inner += rho * weighted[j]
            total += weighted[k] * (weighted[k] + 2.0 * inner)
        out[bucket] = max(total, 0.0)


@njit()
def curve_squares(
    starts: Integers,
    weighted: Floats,
    tenor: Integers,
    subcurve: Integers,
    correlation: Floats,
    between_subcurves: float,
    curvature: bool,
    out: Floats,
) -> None:
    """Write K² of each currency: Σ ρ_kl φ_ij WS WS; φ acts between two sub-curves, not on inflation or basis.

    `tenor` indexes `correlation` (14, 14); `curvature` squares the correlation. Other shapes as in `bucket_squares`.
    """
    yields = correlation.shape[0] - 2
    for bucket in range(starts.size - 1):
        total = 0.0
        for k in range(starts[bucket], starts[bucket + 1]):
            inner = 0.0
            for j in range(starts[bucket], k):
                rho = correlation[tenor[k], tenor[j]]
                if tenor[k] < yields and tenor[j] < yields and subcurve[k] != subcurve[j]:
                    rho *= between_subcurves
                inner += (rho * rho if curvature else rho) * weighted[j]
            total += weighted[k] * (weighted[k] + 2.0 * inner)
        out[bucket] = max(total, 0.0)


@njit()
def across_buckets(
    starts: Integers,
    squares: Floats,
    clipped: Floats,
    concentration: Floats,
    bucket: Integers,
    gamma: Floats,
    curvature: bool,
    out: Floats,
) -> None:
    """Write Σ_b K_b² + Σ_{b≠c} γ_bc g_bc S_b S_c of each segment of buckets, never below zero.

    g = min(CR)/max(CR) of the buckets' concentration factors (1 where a class has none); curvature takes γ² and no g.
    """
    for segment in range(starts.size - 1):
        total = 0.0
        for b in range(starts[segment], starts[segment + 1]):
            total += squares[b]
            for c in range(starts[segment], b):
                factor = gamma[bucket[b], bucket[c]]
                if curvature:
                    factor *= factor
                else:
                    factor *= min(concentration[b], concentration[c]) / max(concentration[b], concentration[c])
                total += 2.0 * factor * clipped[b] * clipped[c]
        out[segment] = max(total, 0.0)
