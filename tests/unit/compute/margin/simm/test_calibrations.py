"""The packaged calibrations: shapes, bounds and, by version, figures as ISDA's methodology papers print them."""

from typing import Any

import numpy as np
import pytest

from compute.errors import InputError, ParameterSetError
from compute.margin.simm import calibration as module
from compute.margin.simm.calibration import Calibration, calibration, versions

VERSIONS = ("2.2", "2.3", "2.4", "2.5", "2.6", "2.8+2506")
HORIZONS = (10, 1)
BUCKETS = {"credit_qualifying": 13, "credit_non_qualifying": 3, "equity": 13, "commodity": 17}

# Ten days: weight of regular 5y, of equity bucket 1, vega of rates, base correlation; ρ of two currencies; inflation.
PRINTED = {
    "2.2": (51.0, 22.0, 0.16, 7.0, 0.22, 47.0),
    "2.3": (51.0, 23.0, 0.16, 12.0, 0.20, 50.0),
    "2.4": (52.0, 25.0, 0.18, 11.0, 0.22, 64.0),
    "2.5": (52.0, 26.0, 0.18, 10.0, 0.24, 63.0),
    "2.6": (60.0, 30.0, 0.23, 10.0, 0.32, 61.0),
    "2.8+2506": (61.0, 29.0, 0.20, 9.6, 0.35, 51.0),
}


def test_every_version_is_there():
    assert versions() == VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_figures_as_printed(version: str):
    table = calibration(version, 10)
    found = (
        float(table.weight("interest_rate", "delta_regular")[7]),
        float(table.weight("equity", "delta")[0]),
        float(table.weight("interest_rate", "vega")),
        float(table.weight("credit_qualifying", "base_correlation")),
        float(table.table["interest_rate"]["currency_correlation"]),
        float(table.weight("interest_rate", "inflation")),
    )
    assert found == PRINTED[version]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("mpor_days", HORIZONS)
def test_weights_have_their_shapes_and_are_positive(version: str, mpor_days: int):
    table = calibration(version, mpor_days)
    for group in ("regular", "low", "high"):
        assert table.weight("interest_rate", f"delta_{group}").shape == (12,)
    for section, buckets in BUCKETS.items():
        weights = table.weight(section, "delta")
        assert weights.shape == (buckets,)
        assert (weights > 0).all()
        assert (table.weight(section, "vega") > 0).all()
    assert table.weight("fx", "delta").shape == (2, 2)
    for section in ("interest_rate", "equity", "commodity", "fx"):
        assert 0 < table.weight(section, "historical_volatility_ratio") <= 1


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("section", [*BUCKETS, "interest_rate", "fx"])
def test_a_ten_day_move_is_larger_than_a_days(version: str, section: str):
    ten, one = (calibration(version, days) for days in HORIZONS)
    names = [f"delta_{group}" for group in ("regular", "low", "high")] if section == "interest_rate" else ["delta"]
    for name in names:
        assert (ten.weight(section, name) > one.weight(section, name)).all()


@pytest.mark.parametrize("version", VERSIONS)
def test_correlations_are_correlations(version: str):
    table = calibration(version, 10)
    for section, size in (("credit_qualifying", 12), ("credit_non_qualifying", 2), ("equity", 12), ("commodity", 17)):
        _is_correlation(table.array(section, "bucket_correlation"), size)
    _is_correlation(table.array("risk_classes", "correlation"), 6)
    _is_correlation(table.curve_correlation(), 14)
    for name in ("correlation_high", "correlation_regular"):
        matrix = table.array("fx", name)  # of two different currencies: its diagonal is no 1
        assert matrix.shape == (2, 2)
        assert (matrix == matrix.T).all()
        assert (np.abs(matrix) <= 1).all()
    for section in ("equity", "commodity"):
        names = table.array(section, "name_correlation")
        assert names.shape == (BUCKETS[section],)
        assert ((names >= 0) & (names <= 1)).all()


def _is_correlation(matrix: np.ndarray, size: int) -> None:
    assert matrix.shape == (size, size)
    assert (matrix == matrix.T).all()
    assert (np.diag(matrix) == 1).all()
    assert (np.abs(matrix) <= 1).all()


@pytest.mark.parametrize("version", VERSIONS)
def test_one_curve_correlates_positive_semidefinitely(version: str):
    assert np.linalg.eigvalsh(calibration(version, 10).curve_correlation()).min() > 0


@pytest.mark.parametrize("version", VERSIONS)
def test_thresholds_are_in_usd_and_unlimited_at_one_day(version: str):
    ten, one = (calibration(version, days) for days in HORIZONS)
    for section, buckets in {**BUCKETS, "interest_rate": 4, "fx": 3}.items():
        thresholds = ten.thresholds(section, "delta_threshold")
        assert thresholds.shape == (buckets,)
        assert (thresholds >= 1e4).all()
        assert np.isfinite(thresholds).all()
        assert np.isinf(one.thresholds(section, "delta_threshold")).all()
    assert ten.thresholds("fx", "vega_threshold").shape == (6,)


@pytest.mark.parametrize("version", VERSIONS)
def test_currencies_have_one_group_each(version: str):
    table = calibration(version, 10)
    section = table.table["interest_rate"]
    assert not set(section["currencies_regular"]) & set(section["currencies_low"])
    assert "USD" in section["currencies_regular"]
    assert "JPY" in section["currencies_low"]
    listed = [currency for number in range(1, 5) for currency in section[f"concentration_group_{number}"]]
    assert len(listed) == len(set(listed))
    assert listed.count("Other") == 1
    unknown, other = table.curve_groups(["XYZ", "Other"])
    assert unknown == other
    assert not set(table.table["fx"]["category_1"]) & set(table.table["fx"]["category_2"])
    assert table.fx_categories(["USD", "XYZ"]).tolist() == [0, 2]
    assert table.fx_pair_categories(["USDXYZ", "XYZUSD"]).tolist() == [2, 2]


def test_an_unknown_version_or_horizon_is_named():
    with pytest.raises(InputError) as caught:
        calibration("2.1", 10)
    assert caught.value.pointer == "/parameters/version"
    with pytest.raises(InputError) as caught:
        calibration("2.6", 5)
    assert caught.value.pointer == "/parameters/mpor_days"


@pytest.mark.parametrize(
    "wrong", [[[1.0, 0.4], [0.3, 1.0]], [[1.0, 1.4], [1.4, 1.0]], [[1.0]]], ids=["lopsided", "above one", "small"]
)
def test_a_table_that_is_no_correlation_is_refused(wrong: list[list[float]]):
    good = calibration("2.6", 10)
    table: dict[str, Any] = {**good.table, "credit_non_qualifying": {"bucket_correlation": wrong}}
    with pytest.raises(ParameterSetError, match="credit_non_qualifying"):
        module._check(Calibration(version="made up", mpor_days=10, table=table, weights=good.weights))


def test_a_table_that_is_not_semidefinite_is_refused():
    good = calibration("2.6", 10)
    matrix = np.full((6, 6), -0.9)
    np.fill_diagonal(matrix, 1.0)
    table: dict[str, Any] = {**good.table, "risk_classes": {"correlation": matrix.tolist()}}
    with pytest.raises(ParameterSetError, match="semidefinite"):
        module._check(Calibration(version="made up", mpor_days=10, table=table, weights=good.weights))
