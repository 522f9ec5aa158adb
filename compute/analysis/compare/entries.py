"""What is compared, and the walk that it took part in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compute.analysis.figures import figures
from compute.errors import ComputeError
from compute.margin.backtest.walk import Walk
from compute.result import Result


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One of what is compared: what its model said, or the error with which it refused the book."""

    label: str
    model: str
    parameters: Mapping[str, Any]
    result: Result | None = None
    error: ComputeError | None = None

    def figure(self, name: str) -> float | None:
        """Return one of its figures, None where it has none."""
        return None if self.result is None else figures(self.result).get(name)


@dataclass(frozen=True, kw_only=True)
class Walked:
    """A walk, which of the entries took part in it, and what was taken for granted; without one, `problem` says why."""

    walk: Walk | None
    members: tuple[int, ...] = ()
    problem: str = ""
    assumptions: tuple[str, ...] = ()
