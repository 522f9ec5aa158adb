"""Derivatives of a SIMM margin by its rows, backwards through buckets and risk classes, concentration factors held.

Held, because the margin grows faster than its positions where a concentration factor exceeds one: with them held it is
homogeneous of degree one, and amount times derivative sums to the margin.

Kinks have the branch that the margin takes: a sum under a root below zero has derivative zero, as a curvature margin
at or below zero has; a bucket's sum is clipped to its K where it exceeds it.
"""

from dataclasses import dataclass, replace

import numpy as np

from compute.jit import njit
from compute.margin.simm.aggregation import Integers, across_buckets, bucket_squares, curve_squares, starts_of, sums
from compute.margin.simm.buckets import LAMBDA, Factors, bucketed, curves
from compute.margin.simm.layers import Layer, runs
from compute.portfolio import Floats


@njit()
def _bucket_inner(
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
    """Write Σ_j ρ_kj f_kj WS_j of each factor, itself included; arguments as in `aggregation.bucket_squares`."""
    for bucket in range(starts.size - 1):
        for k in range(starts[bucket], starts[bucket + 1]):
            out[k] = weighted[k]
        for k in range(starts[bucket], starts[bucket + 1]):
            for j in range(starts[bucket], k):
                rho = same[bucket] if name[k] == name[j] else different[bucket, category[k], category[j]]
                if curvature:
                    rho *= rho
                else:
                    low = min(concentration[k], concentration[j])
                    rho *= low / max(concentration[k], concentration[j])
                out[k] += rho * weighted[j]
                out[j] += rho * weighted[k]


@njit()
def _curve_inner(
    starts: Integers,
    weighted: Floats,
    tenor: Integers,
    subcurve: Integers,
    correlation: Floats,
    between_subcurves: float,
    curvature: bool,
    out: Floats,
) -> None:
    """Write Σ_j ρ_kj φ_kj WS_j of each factor, itself included; arguments as in `aggregation.curve_squares`."""
    yields = correlation.shape[0] - 2
    for bucket in range(starts.size - 1):
        for k in range(starts[bucket], starts[bucket + 1]):
            out[k] = weighted[k]
        for k in range(starts[bucket], starts[bucket + 1]):
            for j in range(starts[bucket], k):
                rho = correlation[tenor[k], tenor[j]]
                if tenor[k] < yields and tenor[j] < yields and subcurve[k] != subcurve[j]:
                    rho *= between_subcurves
                if curvature:
                    rho *= rho
                out[k] += rho * weighted[j]
                out[j] += rho * weighted[k]


@njit()
def _across_inner(
    starts: Integers,
    clipped: Floats,
    concentration: Floats,
    bucket: Integers,
    gamma: Floats,
    curvature: bool,
    out: Floats,
) -> None:
    """Write Σ_{c≠b} γ_bc g_bc S_c of each bucket; arguments as in `aggregation.across_buckets`."""
    out[:] = 0.0
    for segment in range(starts.size - 1):
        for b in range(starts[segment], starts[segment + 1]):
            for c in range(starts[segment], b):
                factor = gamma[bucket[b], bucket[c]]
                if curvature:
                    factor *= factor
                else:
                    factor *= min(concentration[b], concentration[c]) / max(concentration[b], concentration[c])
                out[b] += factor * clipped[c]
                out[c] += factor * clipped[b]


@dataclass(frozen=True, kw_only=True)
class Traced:
    """A layer's factors, and which of them each row is in, shape (n,)."""

    factors: Factors
    of: Integers


def traced(layer: Layer) -> Traced:
    """Return a layer's risk factors, sorted by segment and bucket, and the way back to its rows."""
    keys = (layer.segment, layer.bucket, layer.name, layer.category, layer.other)
    of, count = runs(*keys)
    first = np.zeros(count, np.int64)
    first[of[::-1]] = np.arange(of.size)[::-1]
    segment, bucket, name, category = (key[first] for key in keys[:4])
    weighted = np.asarray(np.bincount(of, weights=layer.weighted, minlength=count), dtype=np.float64)
    factors = Factors(
        segment=segment,
        bucket=bucket,
        name=name,
        category=category,
        weighted=weighted,
        concentration=layer.concentration[first],
    )
    return Traced(factors=factors, of=of)


def margins(layer: Layer, factors: Factors, segments: int) -> Floats:
    """Return the margin of each segment, shape (segments,), by the model's own functions."""
    if layer.curve is None:
        found = bucketed(factors, layer.rules, segments=segments, curvature=layer.is_curvature)
    else:
        found = curves(
            factors,
            layer.curve.correlation,
            subcurve=layer.curve.subcurve,
            currency=float(layer.rules.gamma.flat[0]),
            segments=segments,
            curvature=layer.is_curvature,
        )
    return found * layer.scale


def levels(layer: Layer, chain: Traced) -> tuple[Floats, Floats, Floats]:
    """Return the margins of rows, of factors and of buckets, each alone, summed by segment: shapes (rows or runs,).

    Concentration factors are those of the whole book.
    """
    rows = Factors(
        segment=np.arange(layer.index.size),
        bucket=layer.bucket,
        name=layer.name,
        category=layer.category,
        weighted=layer.weighted,
        concentration=layer.concentration,
    )
    alone = margins(layer, rows, layer.index.size)
    of_factors = replace(chain.factors, segment=np.arange(chain.factors.weighted.size))
    factors = margins(layer, of_factors, chain.factors.weighted.size)
    of_bucket, count = runs(chain.factors.segment, chain.factors.bucket)
    buckets = margins(layer, replace(chain.factors, segment=of_bucket), count)
    return alone, factors, buckets


def gradient(layer: Layer, chain: Traced) -> Floats:
    """Return the derivative of its segment's margin by each factor's weighted sensitivity, shape (factors,)."""
    out = np.zeros(chain.factors.weighted.size)
    residual = chain.factors.bucket == layer.rules.residual
    for part in (~residual, residual):
        if part.any():
            out[part] = _part(layer, _where(chain.factors, part))
    return out * layer.scale


def _where(factors: Factors, mask: np.ndarray) -> Factors:
    return Factors(**{name: column[mask] for name, column in vars(factors).items()})


def _part(layer: Layer, factors: Factors) -> Floats:
    """Return the derivative where every segment is of ordinary buckets, or of the residual one."""
    curvature = layer.is_curvature
    starts = starts_of(factors.segment, factors.bucket)
    first = starts[:-1]
    buckets = np.repeat(np.arange(first.size), np.diff(starts))
    bucket, squared, inner = factors.bucket[first], np.empty(first.size), np.empty(factors.weighted.size)
    _within(layer, factors, starts, bucket, squared, inner)
    total, root = sums(factors.weighted, first), np.sqrt(squared)
    clipped = np.clip(total, -root, root)
    concentration = np.ones(first.size) if layer.curve is None else factors.concentration[first]
    tops = starts_of(factors.segment[first])
    across, squares = np.empty(first.size), np.empty(tops.size - 1)
    across_buckets(tops, squared, clipped, concentration, bucket, layer.rules.gamma, curvature, squares)
    _across_inner(tops, clipped, concentration, bucket, layer.rules.gamma, curvature, across)
    segments = np.repeat(np.arange(tops.size - 1), np.diff(tops))
    by_square = np.divide(0.5, np.sqrt(squares), out=np.zeros_like(squares), where=squares > 0.0)[segments]
    # S_b follows the sum, or ±K_b where the sum is clipped: K_b² then acts through it as well.
    over = np.abs(total) > root
    by_clipped = 2.0 * by_square * across
    through = np.divide(np.sign(total), 2.0 * root, out=np.zeros_like(root), where=over & (root > 0.0))
    by_bucket = np.where(squared > 0.0, by_square + by_clipped * through, 0.0)
    by_sum = np.where(over, 0.0, by_clipped)
    found = 2.0 * by_bucket[buckets] * inner + by_sum[buckets]
    if not curvature:
        return np.asarray(found)
    return _curved(factors, found, first[tops[:-1]], np.sqrt(squares), segments[buckets])


def _within(layer: Layer, factors: Factors, starts: Integers, bucket: Integers, squared: Floats, inner: Floats) -> None:
    """Write K² of the buckets and what each factor meets in its bucket."""
    if layer.curve is not None:
        given = (factors.weighted, factors.category, factors.name, layer.curve.correlation, layer.curve.subcurve)
        curve_squares(starts, *given, layer.is_curvature, squared)
        _curve_inner(starts, *given, layer.is_curvature, inner)
        return
    rules = layer.rules
    named = (factors.weighted, factors.concentration, factors.name, factors.category)
    correlations = (rules.same[bucket], rules.different[bucket])
    bucket_squares(starts, *named, *correlations, layer.is_curvature, squared)
    _bucket_inner(starts, *named, *correlations, layer.is_curvature, inner)


def _curved(factors: Factors, by_root: Floats, first: Integers, root: Floats, segment: Integers) -> Floats:
    """Return the derivative of max(Σ + (λ(1 + θ) - θ) K, 0), θ = min(Σ / Σ|·|, 0), from that of K."""
    total, absolute = sums(factors.weighted, first), sums(np.abs(factors.weighted), first)
    theta = np.minimum(np.divide(total, absolute, out=np.zeros_like(total), where=absolute > 0), 0.0)
    width = LAMBDA * (1.0 + theta) - theta
    counts = (total + width * root > 0.0)[segment]
    falls = (total < 0.0)[segment]
    size = np.where(absolute > 0.0, absolute, 1.0)[segment]
    by_theta = np.where(falls, (1.0 - theta[segment] * np.sign(factors.weighted)) / size, 0.0)
    return np.where(counts, 1.0 + (LAMBDA - 1.0) * root[segment] * by_theta + width[segment] * by_root, 0.0)
