"""The sensitivities of each margin with the rows that they come from, so that a margin can be traced back to its rows.

What each risk class nets, weights and counts as concentrated is stated in `compute.margin.simm.classes`; here it is
stated by row. The tests hold the margins of the two to each other for every class, margin and version.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.margin.simm.aggregation import Integers, starts_of
from compute.margin.simm.buckets import NO_RESIDUAL, Rules
from compute.margin.simm.calibration import INFLATION, XCCY_BASIS, Calibration
from compute.margin.simm.classes import (
    BASE_CORRELATION,
    CURVATURE,
    DELTA,
    VEGA,
    VOLATILITY_INDEX,
    canonical_pair,
    curvature_scaling,
    implied_scale,
    one_bucket,
)
from compute.margin.simm.rows import Rows
from compute.margin.simm.vocabulary import TENORS
from compute.portfolio import Floats


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Correlation within one currency, (14, 14), and what it is times between two sub-curves."""

    correlation: Floats
    subcurve: float


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One margin of one risk class, row by row; every array has shape (n,).

    Parameters
    ----------
    margin
        Delta, vega, curvature or base correlation.
    index
        The file's row of each.
    segment, bucket, name, category, other
        Rows that are equal in all of these are one risk factor; `name` and `category` decide its correlations.
    weighted
        What the row adds to its factor's weighted sensitivity, concentration applied.
    concentration
        Its factor's concentration factor; ones for curvature.
    rules, curve
        What correlates with what; `curve` for rates, where buckets are currencies.
    scale
        What the margin is multiplied by at the end.
    """

    margin: str
    index: Integers
    segment: Integers
    bucket: Integers
    name: Integers
    category: Integers
    other: Integers
    weighted: Floats
    concentration: Floats
    rules: Rules
    curve: Curve | None = None
    scale: float = 1.0

    @property
    def is_curvature(self) -> bool:
        """Whether ρ is squared and the sum bounded below as for curvature."""
        return self.margin == CURVATURE


Layers = Callable[[Rows, Calibration, str], Iterator[Layer]]


def runs(*keys: Integers) -> tuple[Integers, int]:
    """Return a number for each row, equal where all keys are, rising with the keys in order; and how many there are."""
    if not keys[0].size:
        return np.empty(0, np.int64), 0
    order = np.lexsort(keys[::-1])
    starts = starts_of(*(key[order] for key in keys))
    of = np.empty(order.size, np.int64)
    of[order] = np.repeat(np.arange(starts.size - 1), np.diff(starts))
    return of, starts.size - 1


def _concentration(counted: Floats, threshold: Floats, *keys: Integers) -> Floats:
    """Return max(1, √(|Σ counted| / threshold)) of each row, summed over rows of equal keys."""
    of, count = runs(*keys)
    sums = np.bincount(of, weights=counted, minlength=count)[of] if count else np.zeros(0)
    return np.asarray(np.maximum(1.0, np.sqrt(np.abs(sums) / threshold)))


def _layer(
    margin: str,
    rows: Rows,
    keys: tuple[Integers, ...],
    weighted: Floats,
    rules: Rules,
    *,
    concentration: Floats | None = None,
    scaled: NDArray[np.bool_] | None = None,
    curve: Curve | None = None,
    scale: float = 1.0,
) -> Layer:
    """Return a layer; keys are bucket, name, category and what else tells factors apart."""
    factor = np.ones(len(rows)) if concentration is None else concentration
    applied = factor if scaled is None else np.where(scaled, factor, 1.0)
    return Layer(
        margin=margin,
        index=rows.index,
        segment=rows.segment,
        bucket=keys[0],
        name=keys[1],
        category=keys[2],
        other=keys[3] if len(keys) > 3 else np.zeros(len(rows), np.int64),
        weighted=weighted * applied,
        concentration=factor,
        rules=rules,
        curve=curve,
        scale=scale,
    )


def interest_rate(rows: Rows, calibration: Calibration, _currency: str) -> Iterator[Layer]:
    """Yield the layers of rates, inflation and cross-currency basis."""
    section = calibration.table["interest_rate"]
    curve = Curve(correlation=calibration.curve_correlation(), subcurve=section["subcurve_correlation"])
    delta = rows.of("Risk_IRCurve", "Risk_Inflation", "Risk_XCcyBasis")
    vega = rows.of("Risk_IRVol", "Risk_InflationVol")
    if len(delta):
        yield _rates_delta(delta, calibration, curve)
    if len(vega):
        yield from _rates_vega(vega, calibration, curve)


def _between_currencies(calibration: Calibration, currencies: tuple[str, ...]) -> Rules:
    gamma = np.full((len(currencies),) * 2, calibration.table["interest_rate"]["currency_correlation"])
    return Rules(same=np.ones(1), different=np.ones((1, 1, 1)), gamma=gamma)


def _rates_delta(delta: Rows, calibration: Calibration, curve: Curve) -> Layer:
    currency, currencies = delta.numbered("qualifier")
    is_curve = delta.is_type("Risk_IRCurve")
    kind = np.where(delta.is_type("Risk_Inflation"), INFLATION, XCCY_BASIS)
    tenor = np.where(is_curve, delta.tenor, kind)
    subcurve = np.where(is_curve, delta.codes("label2"), -1)
    counts = tenor != XCCY_BASIS
    threshold = calibration.thresholds("interest_rate", "delta_threshold")[calibration.curve_groups(currencies)]
    return _layer(
        DELTA,
        delta,
        (currency, subcurve, tenor),
        calibration.curve_weights(currencies)[currency, tenor] * delta.amount,
        _between_currencies(calibration, currencies),
        concentration=_concentration(np.where(counts, delta.amount, 0.0), threshold[currency], delta.segment, currency),
        scaled=counts,
        curve=curve,
    )


def _rates_vega(vega: Rows, calibration: Calibration, curve: Curve) -> Iterator[Layer]:
    currency, currencies = vega.numbered("qualifier")
    tenor = np.where(vega.is_type("Risk_IRVol"), vega.tenor, INFLATION)
    keys = (currency, np.zeros_like(currency), tenor)
    rules = _between_currencies(calibration, currencies)
    threshold = calibration.thresholds("interest_rate", "vega_threshold")[calibration.curve_groups(currencies)]
    yield _layer(
        VEGA,
        vega,
        keys,
        calibration.weight("interest_rate", "vega") * vega.amount,
        rules,
        concentration=_concentration(vega.amount, threshold[currency], vega.segment, currency),
        curve=curve,
    )
    curved = vega.amount * curvature_scaling(calibration)[vega.tenor]
    ratio = float(calibration.weight("interest_rate", "historical_volatility_ratio"))
    yield _layer(CURVATURE, vega, keys, curved, rules, curve=curve, scale=1.0 / ratio**2)


def credit_qualifying(rows: Rows, calibration: Calibration, _currency: str) -> Iterator[Layer]:
    """Yield the layers of qualifying credit, base correlation among them."""
    yield from _credit("credit_qualifying", "Risk_CreditQ", "Risk_CreditVol", rows, calibration)
    base = rows.of("Risk_BaseCorr")
    if len(base):
        flat = np.zeros(len(base), np.int64)
        rho = calibration.array("credit_qualifying", "base_correlation_correlation").reshape(1, 1, 1)
        rules = Rules(same=np.ones(1), different=rho, gamma=np.ones((1, 1)))
        weighted = base.amount * calibration.weight("credit_qualifying", "base_correlation")
        yield _layer(BASE_CORRELATION, base, (flat, base.codes("qualifier"), flat), weighted, rules)


def credit_non_qualifying(rows: Rows, calibration: Calibration, _currency: str) -> Iterator[Layer]:
    """Yield the layers of non-qualifying credit."""
    yield from _credit("credit_non_qualifying", "Risk_CreditNonQ", "Risk_CreditVolNonQ", rows, calibration)


def _credit(section: str, delta_type: str, vega_type: str, rows: Rows, calibration: Calibration) -> Iterator[Layer]:
    table = calibration.table[section]
    gamma = calibration.array(section, "bucket_correlation")
    residual = gamma.shape[0]
    same, other = (
        np.append(np.full(residual, table[f"{which}_name_correlation"]), table[f"residual_{which}_name_correlation"])
        for which in ("same", "different")
    )
    rules = Rules(same=same, different=other.reshape(-1, 1, 1), gamma=gamma, residual=residual)

    def layer(margin: str, found: Rows, weighted: Floats, threshold: Floats | None) -> Layer:
        bucket, qualifier, label2 = found.bucket(residual), found.codes("qualifier"), found.codes("label2")
        name, beyond = (qualifier, label2) if section == "credit_qualifying" else (label2, qualifier)
        flat = np.zeros_like(bucket)
        factor = (
            None if threshold is None else _concentration(found.amount, threshold, found.segment, bucket, qualifier)
        )
        return _layer(
            margin,
            found,
            (bucket, name, flat, beyond * len(TENORS) + found.tenor),
            weighted,
            rules,
            concentration=factor,
        )

    delta, vega = rows.of(delta_type), rows.of(vega_type)
    if len(delta):
        bucket = delta.bucket(residual)
        threshold = calibration.thresholds(section, "delta_threshold")[bucket]
        yield layer(DELTA, delta, calibration.weight(section, "delta")[bucket] * delta.amount, threshold)
    if len(vega):
        threshold = np.broadcast_to(calibration.thresholds(section, "vega_threshold"), (len(vega),))
        yield layer(VEGA, vega, calibration.weight(section, "vega") * vega.amount, threshold)
        yield layer(CURVATURE, vega, vega.amount * curvature_scaling(calibration)[vega.tenor], None)


def equity(rows: Rows, calibration: Calibration, _currency: str) -> Iterator[Layer]:
    """Yield the layers of equity."""
    residual = calibration.array("equity", "bucket_correlation").shape[0]
    yield from _named("equity", rows.of("Risk_Equity"), rows.of("Risk_EquityVol"), calibration, residual)


def commodity(rows: Rows, calibration: Calibration, _currency: str) -> Iterator[Layer]:
    """Yield the layers of commodities."""
    yield from _named("commodity", rows.of("Risk_Commodity"), rows.of("Risk_CommodityVol"), calibration, NO_RESIDUAL)


def _named(section: str, delta: Rows, vega: Rows, calibration: Calibration, residual: int) -> Iterator[Layer]:
    different = calibration.array(section, "name_correlation").reshape(-1, 1, 1)
    gamma = calibration.array(section, "bucket_correlation")
    rules = Rules(same=np.ones(different.size), different=different, gamma=gamma, residual=residual)
    weight = calibration.weight(section, "delta")
    if len(delta):
        bucket, name = delta.bucket(residual), delta.codes("qualifier")
        threshold = calibration.thresholds(section, "delta_threshold")[bucket]
        factor = _concentration(delta.amount, threshold, delta.segment, bucket, name)
        keys = (bucket, name, np.zeros_like(name))
        yield _layer(DELTA, delta, keys, weight[bucket] * delta.amount, rules, concentration=factor)
    if len(vega):
        bucket, name = vega.bucket(residual), vega.codes("qualifier")
        keys = (bucket, name, np.zeros_like(name))
        volatility = weight[bucket] * implied_scale(calibration) * vega.amount
        risk = volatility * calibration.weight(section, "historical_volatility_ratio")
        threshold = calibration.thresholds(section, "vega_threshold")[bucket]
        factor = _concentration(risk, threshold, vega.segment, bucket, name)
        vega_weight = np.broadcast_to(calibration.weight(section, "vega"), weight.shape)[bucket]
        yield _layer(VEGA, vega, keys, vega_weight * risk, rules, concentration=factor)
        curved = np.where((section == "equity") & (bucket == VOLATILITY_INDEX), 0.0, volatility)
        yield _layer(CURVATURE, vega, keys, curved * curvature_scaling(calibration)[vega.tenor], rules)


def fx(rows: Rows, calibration: Calibration, currency: str) -> Iterator[Layer]:
    """Yield the layers of FX."""
    delta, vega = rows.of("Risk_FX"), rows.of("Risk_FXVol")
    base = int(calibration.fx_high([currency])[0])
    if currency in delta.values("qualifier"):
        delta = delta.where(delta.codes("qualifier") != delta.values("qualifier").index(currency))
    if len(delta):
        code, currencies = delta.numbered("qualifier")
        high = calibration.fx_high(currencies)[code]
        threshold = calibration.thresholds("fx", "delta_threshold")[calibration.fx_categories(currencies)[code]]
        correlation = calibration.array("fx", ("correlation_high", "correlation_regular")[base])
        yield _layer(
            DELTA,
            delta,
            (np.zeros_like(code), code, high),
            calibration.weight("fx", "delta")[base][high] * delta.amount,
            one_bucket(correlation),
            concentration=_concentration(delta.amount, threshold, delta.segment, code),
        )
    if len(vega):
        yield from _fx_vega(vega, calibration)


def _fx_vega(vega: Rows, calibration: Calibration) -> Iterator[Layer]:
    codes, texts = vega.numbered("qualifier")
    pairs = [canonical_pair(text) for text in texts]
    distinct = sorted(set(pairs))
    name = np.array([distinct.index(pair) for pair in pairs], dtype=np.int64)[codes]
    first, second = (calibration.fx_high([pair[side] for pair in distinct]) for side in (slice(3), slice(3, 6)))
    volatility = (calibration.weight("fx", "delta")[first, second] * implied_scale(calibration))[name] * vega.amount
    risk = volatility * calibration.weight("fx", "historical_volatility_ratio")
    threshold = calibration.thresholds("fx", "vega_threshold")[calibration.fx_pair_categories(distinct)[name]]
    rules = one_bucket(calibration.array("fx", "vega_correlation").reshape(1, 1))
    flat = np.zeros_like(name)
    factor = _concentration(risk, threshold, vega.segment, name)
    keys = (flat, name, flat)
    yield _layer(VEGA, vega, keys, calibration.weight("fx", "vega") * risk, rules, concentration=factor)
    yield _layer(CURVATURE, vega, keys, volatility * curvature_scaling(calibration)[vega.tenor], rules)


LAYERS: dict[str, Layers] = {
    "interest_rate": interest_rate,
    "credit_qualifying": credit_qualifying,
    "credit_non_qualifying": credit_non_qualifying,
    "equity": equity,
    "commodity": commodity,
    "fx": fx,
}
"""In the order of `compute.margin.simm.classes.RISK_CLASSES`."""
