"""Which dates a backtest by walking looks at, and what it may cost; nothing here needs a compiler."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.errors import HistoryError
from compute.margin.fhs.factors import conversion_pairs
from compute.parameters import Kind, Parameter
from compute.portfolio import Portfolio

LEAST_DATES = 30
FIGURES = ("initial_margin", "maintenance_margin")

PARAMETERS: dict[str, Parameter] = {
    "figure": Parameter(
        kind=Kind.TEXT, default=FIGURES[0], doc="Which figure is held against losses.", choices=FIGURES
    ),
    "confidence": Parameter(
        kind=Kind.NUMBER,
        default=0.99,
        doc="The share of dates on which the margin is to cover the loss that follows.",
        minimum=0.5,
        maximum=0.9999,
    ),
    "horizon_days": Parameter(
        kind=Kind.INTEGER,
        default=2,
        doc="Trading days of the history over which a loss is measured.",
        minimum=1,
        maximum=60,
    ),
    "step": Parameter(
        kind=Kind.INTEGER,
        default=2,
        doc="Trading days from one date to the next; fewer than `horizon_days` and losses overlap.",
        minimum=1,
        maximum=250,
    ),
    "days": Parameter(
        kind=Kind.INTEGER,
        default=500,
        doc="Trading days to walk back from the portfolio's date; fewer where the history is shorter.",
        minimum=LEAST_DATES,
        maximum=10_000,
    ),
    "seconds": Parameter(
        kind=Kind.NUMBER,
        default=20.0,
        doc="What the walk may take by a nominal cost of the models; beyond, all of them are asked on fewer dates.",
        minimum=0.1,
        maximum=3_600.0,
    ),
}

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked of a walk; `horizon`, `step` and `days` count days on which the whole book has a close."""

    figure: str
    confidence: float
    horizon: int
    step: int
    days: int
    seconds: float

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Plan":
        """Read validated parameters."""
        return cls(
            figure=str(parameters["figure"]),
            confidence=float(parameters["confidence"]),
            horizon=int(parameters["horizon_days"]),
            step=int(parameters["step"]),
            days=int(parameters["days"]),
            seconds=float(parameters["seconds"]),
        )

    @property
    def most_dates(self) -> int:
        """The dates that a history without end has."""
        return max(0, self.days - self.horizon) // self.step + 1

    def dates(self, closes: int, affordable: int) -> "Dates":
        """Return the rows of a calendar of so many closes on which margins are computed.

        Parameters
        ----------
        closes
            Days of the calendar.
        affordable
            Most dates that the cost allows; beyond, every second, third … date is looked at.

        Raises
        ------
        HistoryError
            Fewer than thirty dates have a loss after them.
        """
        last, first = closes - 1 - self.horizon, max(0, closes - 1 - self.days)
        wanted = np.arange(last, first - 1, -self.step, dtype=np.int64)
        if wanted.size < LEAST_DATES:
            raise HistoryError(
                f"The history leaves {wanted.size} dates to look at, fewer than {LEAST_DATES}.",
                pointer="/parameters/days",
                remedy="Upload a longer history, raise `days`, or lower `step`.",
            )
        every = math.ceil(wanted.size / max(affordable, LEAST_DATES))
        return Dates(rows=wanted[::every][::-1], wanted=wanted.size, step=self.step * every)


@dataclass(frozen=True, kw_only=True)
class Dates:
    """The rows of the calendar that a walk looks at, oldest first; `step` days apart; of so many wanted."""

    rows: Rows
    wanted: int
    step: int


def walked_symbols(portfolio: Portfolio) -> list[str]:
    """Return every name whose history a walk, or a model on the way, may read where it is stored."""
    labels = [portfolio.labels[name].values for name in ("symbol", "underlying") if name in portfolio.labels]
    return list(dict.fromkeys([*(name for values in labels for name in values), *conversion_pairs(portfolio)]))
