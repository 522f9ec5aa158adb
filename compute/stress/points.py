"""What a ladder or a grid asks for; nothing here needs a compiler."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from compute.errors import InputError
from compute.portfolio import Floats
from compute.structures import Structure

POINTER = "/parameters/grid"
MOST_POINTS = 10_000
MOST_MARGINS = 1_000
MOST_CELLS = 2_000_000_000
CLASSES = ("equity", "derivative", "commodity", "crypto")


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Relative moves of prices and of volatilities, all pairs of them; which classes move; whether margins too."""

    spot: tuple[float, ...]
    volatility: tuple[float, ...]
    classes: tuple[str, ...]
    margin: bool

    def __len__(self) -> int:
        return len(self.spot) * len(self.volatility)

    def points(self) -> tuple[Floats, Floats]:
        """Return spot and volatility of every point, spot the slower, shape (p,) each."""
        spot, volatility = np.meshgrid(self.spot, self.volatility, indexing="ij")
        return spot.ravel(), volatility.ravel()


def read_grid(given: Mapping[str, Any]) -> Grid | None:
    """Return the grid of a structure such as {"spot": [-0.2, 0, 0.2], "volatility": [0, 0.5]}; None where it is {}.

    Raises
    ------
    InputError
        Naming what is empty, no number, below -1, twice there, unknown, or more than may be asked for.
    """
    if not given:
        return None
    inner = Structure(given, POINTER)
    spot, volatility = _moves(inner, "spot", None), _moves(inner, "volatility", (0.0,))
    classes = inner.texts("asset_classes", CLASSES)
    if unknown := [each for each in classes if each not in {*CLASSES, "fx"}]:
        raise inner.fault("asset_classes", f"holds {unknown[0]!r}", f"Use some of: {', '.join((*CLASSES, 'fx'))}.")
    grid = Grid(spot=spot, volatility=volatility, classes=classes, margin=inner.flag("margin", default=True))
    inner.close()
    _bounded(inner, grid)
    return grid


def _bounded(inner: Structure, grid: Grid) -> None:
    if not grid.classes:
        raise inner.fault("asset_classes", "is empty: nothing would move", "Leave it out for the usual ones.")
    if len(grid) > MOST_POINTS:
        raise inner.fault("", f"has {len(grid):,} points, more than {MOST_POINTS:,}", "Ask for fewer.")
    if grid.margin and len(grid) > MOST_MARGINS:
        raise inner.fault(
            "margin",
            f"would be computed at {len(grid):,} points, more than {MOST_MARGINS:,}",
            'Ask for fewer points, or for profit and loss alone with "margin": false.',
        )


def _moves(inner: Structure, key: str, default: tuple[float, ...] | None) -> tuple[float, ...]:
    found = inner.value(key, default) if default is not None else inner.value(key)
    if not isinstance(found, list | tuple) or not found:
        raise inner.fault(key, "must be a list of one or more numbers", "Write [-0.2, -0.1, 0, 0.1, 0.2].")
    if len(found) > MOST_POINTS:
        raise inner.fault(key, f"has {len(found):,} numbers, more than {MOST_POINTS:,}", "Ask for fewer.")
    for place, value in enumerate(found):
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise inner.fault(f"{key}/{place}", "must be a number")
        if not -1.0 <= value <= 100.0:
            raise inner.fault(f"{key}/{place}", f"is {value:g}, and a relative move is from -1 to 100",
                              "Write -0.2 for 20 % down.")  # fmt: skip
    if len(set(found)) < len(found):
        raise inner.fault(key, "holds a number more than once", "Keep one of them.")
    return tuple(float(value) for value in found)


def judge_size(grid: Grid, positions: int) -> None:
    """Raise InputError for a grid of more cells than may be asked for."""
    cells = len(grid) * positions
    if cells > MOST_CELLS:
        raise InputError(
            f"{len(grid):,} points of {positions:,} positions are {cells:,} revaluations, more than {MOST_CELLS:,}.",
            pointer=POINTER,
            remedy="Ask for fewer points.",
        )
