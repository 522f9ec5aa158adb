"""SIMM calibrations as data: one TOML a version, read once, checked, with the lookups that the formulas need."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.errors import InputError, ParameterSetError
from compute.margin.simm.vocabulary import TENORS
from compute.portfolio import Floats

FOLDER = Path(__file__).parent / "params"
MILLION = 1e6
ROUNDING = 1e-9
STANDARD_DAYS = 10
INFLATION, XCCY_BASIS = len(TENORS), len(TENORS) + 1  # rows behind the tenors in the matrix of one currency's curve
_VOLATILITIES = ("regular", "low", "high")
_PAIR = {(0, 0): 0, (0, 1): 1, (0, 2): 2, (1, 1): 3, (1, 2): 4, (2, 2): 5}


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """One version at one horizon: `weights` is the horizon's part of the table, `table` the rest.

    Thresholds come back in USD; at the one-day horizon there is no concentration (they are infinite), as ISDA's one-day
    calibration states none.
    """

    version: str
    mpor_days: int
    table: Mapping[str, Any]
    weights: Mapping[str, Any]

    def array(self, section: str, name: str) -> Floats:
        """Return a list or matrix of the version's table."""
        return np.asarray(self.table[section][name], dtype=np.float64)

    def weight(self, section: str, name: str) -> Floats:
        """Return the horizon's risk weights of a section, as an array of any shape."""
        return np.asarray(self.weights[section][name], dtype=np.float64)

    def thresholds(self, section: str, name: str) -> Floats:
        """Return concentration thresholds in USD."""
        unit = MILLION if self.mpor_days == STANDARD_DAYS else np.inf
        return np.atleast_1d(self.array(section, name)) * unit

    def curve_weights(self, currencies: Sequence[str]) -> Floats:
        """Return the rates weights of currencies: tenors, then inflation, then cross-currency basis; (m, 14)."""
        groups, weights = self.table["interest_rate"], self.weights["interest_rate"]
        others = [weights["inflation"], weights["xccy_basis"]]
        rows = np.array([[*weights[f"delta_{group}"], *others] for group in _VOLATILITIES], dtype=np.float64)
        named = dict.fromkeys(groups["currencies_regular"], 0)
        named |= dict.fromkeys(groups["currencies_low"], 1)
        found: Floats = rows[_looked_up(named, currencies, otherwise=2)]
        return found

    def curve_correlation(self) -> Floats:
        """Return the correlation of one currency's tenors, inflation and cross-currency basis, (14, 14)."""
        section = self.table["interest_rate"]
        matrix = np.ones((len(TENORS) + 2, len(TENORS) + 2))
        matrix[:INFLATION, :INFLATION] = section["tenor_correlation"]
        matrix[INFLATION, :INFLATION] = matrix[:INFLATION, INFLATION] = section["inflation_correlation"]
        matrix[XCCY_BASIS, :XCCY_BASIS] = matrix[:XCCY_BASIS, XCCY_BASIS] = section["xccy_basis_correlation"]
        return matrix

    def curve_groups(self, currencies: Sequence[str]) -> NDArray[np.int64]:
        """Return the concentration group of each currency for rates, from 0."""
        groups = [self.table["interest_rate"][f"concentration_group_{number}"] for number in range(1, 5)]
        named = {currency: index for index, members in enumerate(groups) for currency in members}
        return _looked_up(named, currencies, otherwise=named["Other"])

    def fx_high(self, currencies: Sequence[str]) -> NDArray[np.int64]:
        """Return 0 for currencies of high FX volatility and 1 for regular ones."""
        named = dict.fromkeys(self.table["fx"]["currencies_high"], 0)
        return _looked_up(named, currencies, otherwise=1)

    def fx_categories(self, currencies: Sequence[str]) -> NDArray[np.int64]:
        """Return the FX concentration category of each currency, from 0."""
        section = self.table["fx"]
        named = dict.fromkeys(section["category_2"], 1) | dict.fromkeys(section["category_1"], 0)
        return _looked_up(named, currencies, otherwise=2)

    def fx_pair_categories(self, pairs: Sequence[str]) -> NDArray[np.int64]:
        """Return the concentration category of each six-letter currency pair, from 0."""
        first = self.fx_categories([pair[:3] for pair in pairs]).tolist()
        second = self.fx_categories([pair[3:] for pair in pairs]).tolist()
        pairs_of = zip(first, second, strict=True)
        return np.array([_PAIR[min(a, b), max(a, b)] for a, b in pairs_of], np.int64)


def _looked_up(named: Mapping[str, int], words: Sequence[str], *, otherwise: int) -> NDArray[np.int64]:
    return np.fromiter((named.get(word, otherwise) for word in words), np.int64, len(words))


def versions() -> tuple[str, ...]:
    """Return the names of the calibrations that are packaged, oldest first."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def calibration(version: str, mpor_days: int) -> Calibration:
    """Return a packaged calibration by exact name; raise InputError for an unknown name or horizon."""
    if version not in versions():
        raise InputError(
            f"There is no SIMM version {version!r}.",
            pointer="/parameters/version",
            remedy=f"Use one of: {', '.join(versions())}.",
        )
    table = tomllib.loads((FOLDER / f"{version}.toml").read_text(encoding="utf-8"))
    try:
        weights = table.pop("horizon")[str(mpor_days)]
    except KeyError:
        raise InputError(
            f"SIMM {version} has no horizon of {mpor_days} days.",
            pointer="/parameters/mpor_days",
            remedy="Use 10 or 1.",
        ) from None
    found = Calibration(version=version, mpor_days=mpor_days, table=table, weights=weights)
    _check(found)
    return found


_SQUARE = {
    ("interest_rate", "tenor_correlation"): 12,
    ("credit_qualifying", "bucket_correlation"): 12,
    ("credit_non_qualifying", "bucket_correlation"): 2,
    ("equity", "bucket_correlation"): 12,
    ("commodity", "bucket_correlation"): 17,
    ("fx", "correlation_high"): 2,
    ("fx", "correlation_regular"): 2,
    ("risk_classes", "correlation"): 6,
}


def _check(found: Calibration) -> None:
    for (section, name), size in _SQUARE.items():
        matrix = found.array(section, name)
        if matrix.shape != (size, size) or not np.array_equal(matrix, matrix.T) or (np.abs(matrix) > 1).any():
            raise ParameterSetError(f"SIMM {found.version}: [{section}] {name} is no {size} by {size} correlation.")
        # FX states the correlation of two groups' different currencies: no matrix of correlations by itself.
        if section != "fx" and np.linalg.eigvalsh(matrix)[0] < -ROUNDING:
            raise ParameterSetError(f"SIMM {found.version}: [{section}] {name} is not positive semidefinite.")
