"""The scenarios and the composite delta's weights, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from compute.errors import ParameterSetError
from compute.margin.chosen import chosen
from compute.margin.packaged import Described, described, packaged_set, packaged_versions
from compute.margin.schema import TableReader, is_number
from compute.portfolio import Floats

FOLDER = Path(__file__).parent / "params"
DEFAULT_VERSION = "span-16"
SCENARIOS = 16
REGULAR = 14
MOVES = (0, 1, -1, 2, -2, 3, -3)
"""Price moves of the composite delta, in thirds of the range."""


@dataclass(frozen=True, kw_only=True)
class SpanSet(Described):
    """What every SPAN exchange shares.

    Parameters
    ----------
    price, volatility
        Shape (14,): moves of scenarios 1 to 14, in price and in volatility scan ranges.
    extreme_multiplier, extreme_fraction
        Of scenarios 15 and 16, where the exchange's file has none.
    weights
        Shape (7,): of the deltas at `MOVES`, adding up to 1.
    """

    price: Floats
    volatility: Floats
    extreme_multiplier: float
    extreme_fraction: float
    weights: Floats

    def scenarios(self, multiplier: float) -> tuple[Floats, Floats]:
        """Return price and volatility moves of all scenarios, shape (16,) each, in scan ranges."""
        price = np.concatenate((self.price, (multiplier, -multiplier)))
        return price, np.concatenate((self.volatility, (0.0, 0.0)))


def versions() -> tuple[str, ...]:
    """Return the names of the packaged versions."""
    return packaged_versions(FOLDER)


@cache
def span_set(version: str = DEFAULT_VERSION) -> SpanSet:
    """Return a packaged version; raise InputError for an unknown one."""
    return packaged_set(FOLDER, version, "SPAN", read_set)


def chosen_set(parameters: Mapping[str, Any]) -> SpanSet:
    """Return the set that the parameters `tables` or `version` stand for; raise InputError."""
    return chosen(parameters, span_set, read_set)


def read_set(name: str, values: Mapping[str, Any], faults: list[ParameterSetError] | None = None) -> SpanSet:
    """Return a set from its table; raise or collect ParameterSetError naming what does not fit."""
    reader = TableReader(name, "", values, faults)
    scenarios = _scenarios(reader)
    inner = reader.table("delta_weights")
    thirds = [inner.number(key) for key in ("unchanged", "one_third", "two_thirds", "full")]
    weights = np.array([thirds[abs(move)] for move in MOVES])
    if not weights.sum() > 0.0:
        inner.refuse("unchanged", "must be above zero, or another weight must")
        weights = np.ones(len(MOVES))
    found = SpanSet(
        **described(reader),
        price=scenarios[:, 0] / 3.0,
        volatility=scenarios[:, 1],
        extreme_multiplier=reader.number("extreme_multiplier", 0.0, 100.0),
        extreme_fraction=reader.number("extreme_fraction"),
        weights=weights / weights.sum(),
    )
    inner.close()
    reader.close()
    return found


def _scenarios(reader: TableReader) -> Floats:
    """Return price moves in thirds of the range and volatility moves in ranges, shape (14, 2)."""
    rows = reader.value("scenarios")
    pairs = rows if isinstance(rows, list) else []
    if len(pairs) == REGULAR and all(_is_pair(row) for row in pairs):
        found = np.array(pairs, dtype=np.float64)
        if np.array_equal(found[::2, 0], found[1::2, 0]):
            return found
    if rows is not None:
        reader.refuse("scenarios", "must be fourteen pairs, of equal price moves two by two", sound=False)
    return np.zeros((REGULAR, 2))


def _is_pair(row: object) -> bool:
    return isinstance(row, list) and len(row) == 2 and all(is_number(item) and abs(item) <= 100.0 for item in row)
