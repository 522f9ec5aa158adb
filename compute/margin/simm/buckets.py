"""From weighted sensitivities to the margin of one risk class: within buckets, across buckets, the residual apart.

ISDA SIMM Methodology, section C: delta and vega (paragraphs 8 to 10), curvature (paragraph 11).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from compute.margin.simm.aggregation import Integers, across_buckets, bucket_squares, curve_squares, starts_of, sums
from compute.portfolio import Floats

LAMBDA = ndtri(0.995) ** 2 - 1.0
NO_RESIDUAL = -1


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What correlates with what in a risk class.

    Parameters
    ----------
    same, different
        ρ by bucket, (m,), for two factors of one name; by bucket and two categories, (m, c, c), otherwise.
    gamma
        γ between buckets, (m, m); its diagonal is not read.
    residual
        The bucket that hedges nothing and is added at the end.
    """

    same: Floats
    different: Floats
    gamma: Floats
    residual: int = NO_RESIDUAL


@dataclass(frozen=True, kw_only=True)
class Factors:
    """Weighted sensitivities by risk factor, sorted by segment, bucket, name; every array has shape (n,).

    A segment is one netting set, regulation and product class. `concentration` is CR or VCR (ones for curvature).
    """

    segment: Integers
    bucket: Integers
    name: Integers
    category: Integers
    weighted: Floats
    concentration: Floats


def bucketed(factors: Factors, rules: Rules, *, segments: int, curvature: bool) -> Floats:
    """Return the margin of each segment, shape (segments,), for a class of names in buckets."""

    def squares(starts: Integers, bucket: Integers, out: Floats) -> None:
        bucket_squares(
            starts,
            factors.weighted,
            factors.concentration,
            factors.name,
            factors.category,
            rules.same[bucket],
            rules.different[bucket],
            curvature,
            out,
        )

    return _margin(factors, rules, squares, segments=segments, curvature=curvature, bucket_concentration=False)


def curves(
    factors: Factors, correlation: Floats, *, subcurve: float, currency: float, segments: int, curvature: bool
) -> Floats:
    """Return the margin of each segment for rates: buckets are currencies, names sub-curves, categories tenors."""

    def squares(starts: Integers, _bucket: Integers, out: Floats) -> None:
        curve_squares(starts, factors.weighted, factors.category, factors.name, correlation, subcurve, curvature, out)

    size = int(factors.bucket.max(initial=0)) + 1
    rules = Rules(same=np.ones(1), different=np.ones((1, 1, 1)), gamma=np.full((size, size), currency))
    return _margin(factors, rules, squares, segments=segments, curvature=curvature, bucket_concentration=True)


def _margin(
    factors: Factors,
    rules: Rules,
    squares: Callable[[Integers, Integers, Floats], None],
    *,
    segments: int,
    curvature: bool,
    bucket_concentration: bool,
) -> Floats:
    out = np.zeros(segments)
    if not factors.weighted.size:
        return out
    starts = starts_of(factors.segment, factors.bucket)
    first = starts[:-1]
    segment, bucket = factors.segment[first], factors.bucket[first]
    squared = np.empty(first.size)
    squares(starts, bucket, squared)
    total = sums(factors.weighted, first)
    root = np.sqrt(squared)
    table = _Buckets(
        segment=segment,
        bucket=bucket,
        squared=squared,
        clipped=np.clip(total, -root, root),
        concentration=factors.concentration[first] if bucket_concentration else np.ones(first.size),
        total=total,
        absolute=sums(np.abs(factors.weighted), first),
    )
    residual = bucket == rules.residual
    for part in (~residual, residual):
        if part.any():
            _add(out, table.where(part), rules.gamma, curvature=curvature)
    return out


@dataclass(frozen=True, kw_only=True)
class _Buckets:
    segment: Integers
    bucket: Integers
    squared: Floats
    clipped: Floats
    concentration: Floats
    total: Floats
    absolute: Floats

    def where(self, mask: np.ndarray) -> "_Buckets":
        return _Buckets(**{name: column[mask] for name, column in vars(self).items()})


def _add(out: Floats, table: _Buckets, gamma: Floats, *, curvature: bool) -> None:
    starts = starts_of(table.segment)
    first = starts[:-1]
    squared = np.empty(first.size)
    # The residual's segments hold one bucket each, so that γ, which has no row for it, is never read.
    across_buckets(starts, table.squared, table.clipped, table.concentration, table.bucket, gamma, curvature, squared)
    margin = np.sqrt(squared)
    if curvature:
        total, absolute = sums(table.total, first), sums(table.absolute, first)
        theta = np.minimum(np.divide(total, absolute, out=np.zeros_like(total), where=absolute > 0), 0.0)
        margin = np.maximum(total + (LAMBDA * (1.0 + theta) - theta) * margin, 0.0)
    out[table.segment[first]] += margin
