"""The schedule's parameter sets, read once."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from compute.errors import InputError, ParameterSetError
from compute.margin.chosen import chosen
from compute.margin.schema import TableReader
from compute.portfolio import Floats

FOLDER = Path(__file__).parent / "params"
DEFAULT_VERSION = "bcbs-iosco-2015"
CLASSES = ("Rates", "CrossCurrencySwap", "Credit", "FX", "Equity", "Commodity", "Other")


@dataclass(frozen=True, kw_only=True)
class ScheduleSet:
    """One version of the schedule.

    Parameters
    ----------
    classes
        Asset classes, in the order of the rows of `rates`.
    rates
        Shape (classes, buckets), as fractions of notional.
    bounds
        Shape (buckets - 1,), in years, rising.
    """

    version: str
    source: str
    status: str
    classes: tuple[str, ...]
    rates: Floats
    bounds: Floats
    net_share: float
    ngr_share: float

    @property
    def buckets(self) -> tuple[str, ...]:
        """Names of the maturity buckets: `0-2y`, `2-5y`, `5y+`."""
        bounds = [f"{bound:g}" for bound in (0.0, *self.bounds.tolist())]
        return (*(f"{low}-{high}y" for low, high in pairwise(bounds)), f"{bounds[-1]}y+")


def versions() -> tuple[str, ...]:
    """Return the names of the packaged versions."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def schedule_set(version: str) -> ScheduleSet:
    """Return a packaged version; raise InputError for an unknown one."""
    if version not in versions():
        raise InputError(
            f"There is no schedule version {version!r}.",
            pointer="/parameters/version",
            remedy=f"Use one of: {', '.join(versions())}.",
        )
    return read_set(version, tomllib.loads((FOLDER / f"{version}.toml").read_text(encoding="utf-8")))


def chosen_set(parameters: Mapping[str, Any]) -> ScheduleSet:
    """Return the set that the parameters `tables` or `version` stand for; raise InputError."""
    return chosen(parameters, schedule_set, read_set)


def read_set(name: str, values: Mapping[str, Any], faults: list[ParameterSetError] | None = None) -> ScheduleSet:
    """Return a set from its table; raise or collect ParameterSetError naming what does not fit."""
    reader = TableReader(name, "", values, faults)
    bounds, rates = reader.rising("maturity_bounds_years"), reader.table("rates_percent")
    found = ScheduleSet(
        version=reader.text("version"),
        source=reader.text("source"),
        status=reader.text("status"),
        classes=CLASSES,
        rates=np.array([rates.row(key, len(bounds) + 1, 0.0, 100.0) for key in CLASSES]) / 100.0,
        bounds=np.array(bounds, dtype=np.float64),
        net_share=reader.number("net_share"),
        ngr_share=reader.number("ngr_share"),
    )
    for table in (rates, reader):
        table.close()
    return found
