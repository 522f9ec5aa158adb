"""The six risk classes: what each nets, how it weights, where it is concentrated.

ISDA SIMM Methodology, sections C (structure) and D to I (parameters). Each function returns the margins of delta, vega,
curvature and base correlation by segment, shape (segments,), for the rows that it is given.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from compute.margin.simm.aggregation import Integers, net, spread_sums
from compute.margin.simm.buckets import NO_RESIDUAL, Factors, Rules, bucketed, curves
from compute.margin.simm.calibration import INFLATION, STANDARD_DAYS, XCCY_BASIS, Calibration
from compute.margin.simm.rows import Rows
from compute.portfolio import Floats

Margins = dict[str, Floats]
RiskClass = Callable[[Rows, Calibration, int, str], Margins]

DELTA, VEGA, CURVATURE, BASE_CORRELATION = "delta", "vega", "curvature", "base_correlation"
VOLATILITY_INDEX = 11  # equity bucket 12: its vega counts, its curvature does not

_NO_SUBCURVE = -1  # of inflation and cross-currency basis, whatever Label2 says
_YEAR = 365.0
_TENOR_DAYS = np.array([14.0, *(_YEAR * months / 12 for months in (1, 3, 6, 12, 24, 36, 60, 120, 180, 240, 360))])


def _horizon_days(calibration: Calibration) -> float:
    """Calendar days of the horizon: 14 for ten business days, in proportion for one."""
    return 14.0 * calibration.mpor_days / STANDARD_DAYS


def curvature_scaling(calibration: Calibration) -> Floats:
    """SF(t) = 0.5 min(1, 14 days / t) by tenor, shape (12,): vega to curvature."""
    return 0.5 * np.minimum(1.0, _horizon_days(calibration) / _TENOR_DAYS)


def implied_scale(calibration: Calibration) -> float:
    """σ of a risk weight: σ = RW √(365/14) / Φ⁻¹(0.99)."""
    return float(np.sqrt(_YEAR / _horizon_days(calibration)) / ndtri(0.99))


def _factor(amount: Floats, threshold: Floats) -> Floats:
    return np.maximum(1.0, np.sqrt(np.abs(amount) / threshold))


def interest_rate(rows: Rows, calibration: Calibration, segments: int, _currency: str) -> Margins:
    """Return the margins of rates, inflation and cross-currency basis."""
    delta = rows.of("Risk_IRCurve", "Risk_Inflation", "Risk_XCcyBasis")
    vega = rows.of("Risk_IRVol", "Risk_InflationVol")
    found: Margins = {}
    if len(delta):
        found[DELTA] = _rates_delta(delta, calibration, segments)
    if len(vega):
        found |= _rates_vega(vega, calibration, segments)
    return found


def _rates_delta(delta: Rows, calibration: Calibration, segments: int) -> Floats:
    currency, currencies = delta.numbered("qualifier")
    kind = np.where(delta.is_type("Risk_Inflation"), INFLATION, XCCY_BASIS)
    tenor = np.where(delta.is_type("Risk_IRCurve"), delta.tenor, kind)
    subcurve = np.where(delta.is_type("Risk_IRCurve"), delta.codes("label2"), _NO_SUBCURVE)
    keys, amount = net((delta.segment, currency, tenor, subcurve), delta.amount)
    # Basis is neither counted into the concentration of its currency nor scaled by it.
    basis = keys[2] == XCCY_BASIS
    threshold = calibration.thresholds("interest_rate", "delta_threshold")
    counted = spread_sums((keys[0], keys[1]), np.where(basis, 0.0, amount))
    concentration = _factor(counted, threshold[calibration.curve_groups(currencies)[keys[1]]])
    weight = calibration.curve_weights(currencies)[keys[1], keys[2]]
    weighted = weight * amount * np.where(basis, 1.0, concentration)
    factors = _factors(keys[0], keys[1], keys[3], keys[2], weighted, concentration)
    return _curves(factors, calibration, segments, curvature=False)


def _rates_vega(vega: Rows, calibration: Calibration, segments: int) -> Margins:
    tenor = np.where(vega.is_type("Risk_IRVol"), vega.tenor, INFLATION)
    currency, currencies = vega.numbered("qualifier")
    columns = (vega.segment, currency, tenor)
    keys, amount = net(columns, vega.amount)
    threshold = calibration.thresholds("interest_rate", "vega_threshold")[calibration.curve_groups(currencies)[keys[1]]]
    concentration = _factor(spread_sums((keys[0], keys[1]), amount), threshold)
    weighted = calibration.weight("interest_rate", "vega") * amount * concentration
    flat = np.zeros_like(keys[0])
    factors = _factors(keys[0], keys[1], flat, keys[2], weighted, concentration)
    margin = _curves(factors, calibration, segments, curvature=False)
    keys, amount = net(columns, vega.amount * curvature_scaling(calibration)[vega.tenor])
    factors = _factors(keys[0], keys[1], flat, keys[2], amount, np.ones_like(amount))
    ratio = calibration.weight("interest_rate", "historical_volatility_ratio")
    return {VEGA: margin, CURVATURE: _curves(factors, calibration, segments, curvature=True) / ratio**2}


def _curves(factors: Factors, calibration: Calibration, segments: int, *, curvature: bool) -> Floats:
    section = calibration.table["interest_rate"]
    return curves(
        factors,
        calibration.curve_correlation(),
        subcurve=section["subcurve_correlation"],
        currency=section["currency_correlation"],
        segments=segments,
        curvature=curvature,
    )


def _factors(
    segment: Integers, bucket: Integers, name: Integers, category: Integers, weighted: Floats, concentration: Floats
) -> Factors:
    return Factors(
        segment=segment, bucket=bucket, name=name, category=category, weighted=weighted, concentration=concentration
    )


def credit_qualifying(rows: Rows, calibration: Calibration, segments: int, _currency: str) -> Margins:
    """Return the margins of qualifying credit: names are issuers; base correlation is a class of its own."""
    delta, vega, base = rows.of("Risk_CreditQ"), rows.of("Risk_CreditVol"), rows.of("Risk_BaseCorr")
    found = _credit("credit_qualifying", "qualifier", delta, vega, calibration, segments)
    if len(base):
        keys, amount = net((base.segment, base.codes("qualifier")), base.amount)
        weighted = amount * calibration.weight("credit_qualifying", "base_correlation")
        flat = np.zeros_like(keys[0])
        factors = _factors(keys[0], flat, keys[1], flat, weighted, np.ones_like(weighted))
        rho = calibration.array("credit_qualifying", "base_correlation_correlation").reshape(1, 1, 1)
        rules = Rules(same=np.ones(1), different=rho, gamma=np.ones((1, 1)))
        found[BASE_CORRELATION] = bucketed(factors, rules, segments=segments, curvature=False)
    return found


def credit_non_qualifying(rows: Rows, calibration: Calibration, segments: int, _currency: str) -> Margins:
    """Return the margins of non-qualifying credit: tranches of one group of underlying names (Label2) are one name."""
    delta, vega = rows.of("Risk_CreditNonQ"), rows.of("Risk_CreditVolNonQ")
    return _credit("credit_non_qualifying", "label2", delta, vega, calibration, segments)


def _credit(section: str, name: str, delta: Rows, vega: Rows, calibration: Calibration, segments: int) -> Margins:
    table = calibration.table[section]
    gamma = calibration.array(section, "bucket_correlation")
    residual = gamma.shape[0]
    same = np.append(np.full(residual, table["same_name_correlation"]), table["residual_same_name_correlation"])
    other = np.append(
        np.full(residual, table["different_name_correlation"]), table["residual_different_name_correlation"]
    )
    rules = Rules(same=same, different=other.reshape(-1, 1, 1), gamma=gamma, residual=residual)
    names = 2 if name == "qualifier" else 4  # which of the netting keys below correlates

    def keyed(rows: Rows) -> tuple[Integers, ...]:
        return (rows.segment, rows.bucket(residual), rows.codes("qualifier"), rows.tenor, rows.codes("label2"))

    found: Margins = {}
    if len(delta):
        keys, amount = net(keyed(delta), delta.amount)
        threshold = calibration.thresholds(section, "delta_threshold")[keys[1]]
        concentration = _factor(spread_sums((keys[0], keys[1], keys[2]), amount), threshold)
        weighted = calibration.weight(section, "delta")[keys[1]] * amount * concentration
        factors = _factors(keys[0], keys[1], keys[names], np.zeros_like(keys[0]), weighted, concentration)
        found[DELTA] = bucketed(factors, rules, segments=segments, curvature=False)
    if len(vega):
        keys, amount = net(keyed(vega), vega.amount)
        flat = np.zeros_like(keys[0])
        threshold = calibration.thresholds(section, "vega_threshold")
        concentration = _factor(spread_sums((keys[0], keys[1], keys[2]), amount), threshold)
        weighted = calibration.weight(section, "vega") * amount * concentration
        factors = _factors(keys[0], keys[1], keys[names], flat, weighted, concentration)
        found[VEGA] = bucketed(factors, rules, segments=segments, curvature=False)
        curved = amount * curvature_scaling(calibration)[keys[3]]
        factors = _factors(keys[0], keys[1], keys[names], flat, curved, np.ones_like(curved))
        found[CURVATURE] = bucketed(factors, rules, segments=segments, curvature=True)
    return found


def equity(rows: Rows, calibration: Calibration, segments: int, _currency: str) -> Margins:
    """Return the margins of equity."""
    residual = calibration.array("equity", "bucket_correlation").shape[0]
    delta, vega = rows.of("Risk_Equity"), rows.of("Risk_EquityVol")
    return _named("equity", delta, vega, calibration, segments, residual)


def commodity(rows: Rows, calibration: Calibration, segments: int, _currency: str) -> Margins:
    """Return the margins of commodities; there is no residual bucket."""
    delta, vega = rows.of("Risk_Commodity"), rows.of("Risk_CommodityVol")
    return _named("commodity", delta, vega, calibration, segments, NO_RESIDUAL)


def _named(section: str, delta: Rows, vega: Rows, calibration: Calibration, segments: int, residual: int) -> Margins:
    different = calibration.array(section, "name_correlation").reshape(-1, 1, 1)
    gamma = calibration.array(section, "bucket_correlation")
    rules = Rules(same=np.ones(different.size), different=different, gamma=gamma, residual=residual)
    weight = calibration.weight(section, "delta")
    found: Margins = {}
    if len(delta):
        keys, amount = net((delta.segment, delta.bucket(residual), delta.codes("qualifier")), delta.amount)
        concentration = _factor(amount, calibration.thresholds(section, "delta_threshold")[keys[1]])
        factors = _single(keys, weight[keys[1]] * amount * concentration, concentration)
        found[DELTA] = bucketed(factors, rules, segments=segments, curvature=False)
    if len(vega):
        bucket = vega.bucket(residual)
        volatility = weight[bucket] * implied_scale(calibration) * vega.amount
        columns = (vega.segment, bucket, vega.codes("qualifier"))
        keys, amount = net(columns, volatility)
        amount = amount * calibration.weight(section, "historical_volatility_ratio")
        concentration = _factor(amount, calibration.thresholds(section, "vega_threshold")[keys[1]])
        vega_weight = np.broadcast_to(calibration.weight(section, "vega"), weight.shape)[keys[1]]
        factors = _single(keys, vega_weight * amount * concentration, concentration)
        found[VEGA] = bucketed(factors, rules, segments=segments, curvature=False)
        curved = np.where((section == "equity") & (bucket == VOLATILITY_INDEX), 0.0, volatility)
        keys, amount = net(columns, curved * curvature_scaling(calibration)[vega.tenor])
        found[CURVATURE] = bucketed(
            _single(keys, amount, np.ones_like(amount)), rules, segments=segments, curvature=True
        )
    return found


def _single(keys: list[Integers], weighted: Floats, concentration: Floats) -> Factors:
    return _factors(keys[0], keys[1], keys[2], np.zeros_like(keys[0]), weighted, concentration)


def fx(rows: Rows, calibration: Calibration, segments: int, currency: str) -> Margins:
    """Return the margins of FX; the calculation currency itself is no risk."""
    delta, vega = rows.of("Risk_FX"), rows.of("Risk_FXVol")
    base = int(calibration.fx_high([currency])[0])
    weights = calibration.weight("fx", "delta")
    found: Margins = {}
    if currency in delta.values("qualifier"):
        delta = delta.where(delta.codes("qualifier") != delta.values("qualifier").index(currency))
    if len(delta):
        code, currencies = delta.numbered("qualifier")
        keys, amount = net((delta.segment, code), delta.amount)
        high = calibration.fx_high(currencies)[keys[1]]
        threshold = calibration.thresholds("fx", "delta_threshold")[calibration.fx_categories(currencies)[keys[1]]]
        concentration = _factor(amount, threshold)
        flat = np.zeros_like(keys[0])
        factors = _factors(keys[0], flat, keys[1], high, weights[base][high] * amount * concentration, concentration)
        correlation = calibration.array("fx", ("correlation_high", "correlation_regular")[base])
        found[DELTA] = bucketed(factors, one_bucket(correlation), segments=segments, curvature=False)
    if len(vega):
        found |= _fx_vega(vega, calibration, segments)
    return found


def _fx_vega(vega: Rows, calibration: Calibration, segments: int) -> Margins:
    codes, texts = vega.numbered("qualifier")
    pairs = [canonical_pair(text) for text in texts]
    distinct = sorted(set(pairs))
    name = np.array([distinct.index(pair) for pair in pairs], dtype=np.int64)[codes]
    first, second = (calibration.fx_high([pair[side] for pair in distinct]) for side in (slice(3), slice(3, 6)))
    weight = calibration.weight("fx", "delta")[first, second] * implied_scale(calibration)
    columns = (vega.segment, name)
    rules = one_bucket(calibration.array("fx", "vega_correlation").reshape(1, 1))
    keys, amount = net(columns, vega.amount * weight[name])
    amount = amount * calibration.weight("fx", "historical_volatility_ratio")
    threshold = calibration.thresholds("fx", "vega_threshold")[calibration.fx_pair_categories(distinct)[keys[1]]]
    concentration = _factor(amount, threshold)
    weighted = calibration.weight("fx", "vega") * amount * concentration
    flat = np.zeros_like(keys[0])
    factors = _factors(keys[0], flat, keys[1], flat, weighted, concentration)
    margin = bucketed(factors, rules, segments=segments, curvature=False)
    keys, amount = net(columns, vega.amount * weight[name] * curvature_scaling(calibration)[vega.tenor])
    factors = _factors(keys[0], flat, keys[1], flat, amount, np.ones_like(amount))
    return {VEGA: margin, CURVATURE: bucketed(factors, rules, segments=segments, curvature=True)}


def canonical_pair(text: str) -> str:
    """EURUSD and USDEUR are one pair."""
    return "".join(sorted((text[:3], text[3:])))


def one_bucket(correlation: Floats) -> Rules:
    """Return the rules of a class whose names are all in one bucket."""
    return Rules(same=np.ones(1), different=correlation[np.newaxis], gamma=np.ones((1, 1)))


RISK_CLASSES: dict[str, RiskClass] = {
    "interest_rate": interest_rate,
    "credit_qualifying": credit_qualifying,
    "credit_non_qualifying": credit_non_qualifying,
    "equity": equity,
    "commodity": commodity,
    "fx": fx,
}
"""In the order of the calibration's `risk_classes.correlation`."""
