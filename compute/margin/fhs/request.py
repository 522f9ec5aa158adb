"""The parameters of the model `fhs` and of its backtest; nothing here needs a compiler."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from compute.margin.fhs.tables import DEFAULT_VERSION, FhsSet, chosen_set, fhs_set, versions
from compute.parameters import Kind, Parameter

LEAST_LOOKBACK = 250
"""Twelve months of daily closes: Delegated Regulation (EU) No 153/2013, Art. 25(1)."""
LEAST_COVERED = 225
"""Returns that a window of twelve months must hold after gaps: nine tenths."""
CUT_WEIGHT = 0.01
"""The exponential weights are cut where this share of the whole is left."""


class Tool(StrEnum):
    """What is done against procyclicality: Delegated Regulation (EU) No 153/2013, Art. 28(1)."""

    NONE = "none"  # the core margin as it is
    BUFFER = "buffer"  # (a): 25 % on top, used up while the core margin rises significantly
    STRESSED = "stressed"  # (b): 25 % of the weight on a stressed period
    FLOOR = "floor"  # (c): never below the margin at ten-year volatility


_SET = fhs_set(DEFAULT_VERSION)

PARAMETERS: dict[str, Parameter] = {
    "version": Parameter(
        kind=Kind.TEXT, default=DEFAULT_VERSION, doc="The version of the model's parameter set.", choices=versions()
    ),
    "risk_measure": Parameter(
        kind=Kind.TEXT, default="es", doc="es: expected shortfall; var: value at risk.", choices=("es", "var")
    ),
    "confidence": Parameter(
        kind=Kind.NUMBER, default=_SET.confidence, doc="Confidence of the core margin.", minimum=0.9, maximum=0.9999
    ),
    "mpor_days": Parameter(
        kind=Kind.INTEGER,
        default=_SET.mpor_days,
        doc="Margin period of risk in trading days of the history.",
        minimum=1,
        maximum=60,
    ),
    "horizon": Parameter(
        kind=Kind.TEXT,
        default="overlapping",
        doc="Scenarios over several days: overlapping runs of daily ones, or daily ones times the root of the days.",
        choices=("overlapping", "scaled"),
    ),
    "lookback": Parameter(
        kind=Kind.INTEGER,
        default=_SET.lookback_days,
        doc="Daily returns that scenarios are made of, of the history before the portfolio's date.",
        minimum=LEAST_LOOKBACK,
        maximum=20_000,
    ),
    "lambda": Parameter(
        kind=Kind.NUMBER,
        default=_SET.decay,
        doc="Decay of the exponentially weighted volatility, a day.",
        minimum=0.9,
        maximum=0.999,
    ),
    "revaluation": Parameter(
        kind=Kind.TEXT,
        default="full",
        doc="Options: full, by their model at the moved underlying; delta, linearly by their given delta.",
        choices=("full", "delta"),
    ),
    "apc": Parameter(
        kind=Kind.TEXT,
        default=Tool.NONE.value,
        doc="Tool against procyclicality: EMIR RTS 153/2013 Art. 28(1)(a) buffer, (b) stressed, (c) floor.",
        choices=tuple(Tool),
    ),
}

BACKTEST_PARAMETERS: dict[str, Parameter] = {
    **PARAMETERS,
    "days": Parameter(
        kind=Kind.INTEGER,
        default=20_000,
        doc="Most days to test, counted back from the portfolio's date; fewer where the history is shorter.",
        minimum=30,
        maximum=20_000,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """The parameters of one call; `decay` is the parameter `lambda`."""

    table: FhsSet
    risk_measure: str
    confidence: float
    mpor_days: int
    horizon: str
    lookback: int
    revaluation: str
    decay: float
    apc: Tool
    days: int = 0

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Request":
        """Read validated parameters; defaults stand in for what is not given."""
        given = {name: parameters.get(name, spec.default) for name, spec in BACKTEST_PARAMETERS.items()}
        return cls(
            table=chosen_set({**parameters, "version": given.pop("version")}),
            decay=float(given.pop("lambda")),
            confidence=float(given.pop("confidence")),
            apc=Tool(given.pop("apc")),
            **given,
        )

    @property
    def is_overlapping(self) -> bool:
        """Whether scenarios over several days are runs of consecutive ones."""
        return self.horizon == "overlapping"

    @property
    def volatility_days(self) -> int:
        """Returns behind one volatility: the exponential weights beyond hold less than one percent."""
        return math.ceil(math.log(CUT_WEIGHT) / math.log(self.decay))

    @property
    def reference_days(self) -> int:
        """Days of core margin before the first that the buffer is measured against."""
        return self.table.buffer_reference_days if self.apc is Tool.BUFFER else 0

    def scenarios(self, lookback: int) -> int:
        """Return how many scenarios that many daily returns give."""
        return lookback - (self.mpor_days - 1 if self.is_overlapping else 0)

    def document(self) -> dict[str, Any]:
        """Return the parameters under the wire's names."""
        return {
            "risk_measure": self.risk_measure,
            "confidence": self.confidence,
            "mpor_days": self.mpor_days,
            "horizon": self.horizon,
            "lambda": self.decay,
            "revaluation": self.revaluation,
            "apc": self.apc.value,
        }


BACKTEST_SAMPLE: dict[str, Any] = {"lookback": LEAST_LOOKBACK, "days": 1_000}
"""What a backtest is timed with, at this many days and at a tenth of them."""
LONGEST_HISTORY = 8_000
"""Days that a history is taken to have before it is read: about 33 years. A shorter one costs less than predicted."""


def work(positions: int, _parameters: Mapping[str, Any]) -> float:
    """Return the size of a call as its cost curve counts it."""
    return float(positions)


def backtest_work(factors: int, parameters: Mapping[str, Any]) -> float:
    """Return the most scenarios of all days that are revalued, in millions, by factor."""
    return 1e-6 * factors * float(min(parameters["days"], LONGEST_HISTORY) * parameters["lookback"])
