"""The schedule's parameter sets, read once."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from compute.errors import InputError, ParameterSetError
from compute.portfolio import Floats

FOLDER = Path(__file__).parent / "params"
DEFAULT_VERSION = "bcbs-iosco-2015"


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
    table = tomllib.loads((FOLDER / f"{version}.toml").read_text(encoding="utf-8"))
    found = ScheduleSet(
        version=table["version"],
        source=table["source"],
        status=table["status"],
        classes=tuple(table["rates_percent"]),
        rates=np.array(list(table["rates_percent"].values()), dtype=np.float64) / 100.0,
        bounds=np.array(table["maturity_bounds_years"], dtype=np.float64),
        net_share=float(table["net_share"]),
        ngr_share=float(table["ngr_share"]),
    )
    if found.rates.shape[1:] != (found.bounds.size + 1,) or (found.rates < 0).any():
        raise ParameterSetError(f"Schedule {version}: every class needs {found.bounds.size + 1} rates of zero or more.")
    return found
