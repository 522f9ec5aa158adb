"""MEASURES: the one map from a job's measure to its numerics."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from compute.errors import InputError
from compute.market import Market
from compute.parameters import Parameter
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result

Kernel = Callable[[Portfolio, Market, Mapping[str, Any], Checkpoint], Result]


@dataclass(frozen=True, kw_only=True)
class MeasureSpec:
    """A measure: its kernel, its parameters, and how much work a call is.

    Parameters
    ----------
    kernel
        Called with validated columns, the market, every parameter filled in, and a checkpoint.
    parameters
        Name to specification.
    work
        (positions, parameters) → work units; a worker's cost curve turns them into milliseconds.
    needs_history
        (parameters) → whether the kernel reads `market.history` for the portfolio's symbols.
    needs_portfolio
        False only for drills.
    """

    kernel: Kernel
    parameters: Mapping[str, Parameter]
    work: Callable[[int, Mapping[str, Any]], float]
    needs_history: Callable[[Mapping[str, Any]], bool] = lambda _parameters: False
    needs_portfolio: bool = True


MEASURES: dict[str, MeasureSpec] = {}


def measure(name: str) -> MeasureSpec:
    """Return a measure by name; raise InputError listing the known ones."""
    try:
        return MEASURES[name]
    except KeyError:
        raise InputError(
            f"Unknown measure {name!r}.", pointer="/measure", remedy=f"Use one of: {', '.join(sorted(MEASURES))}."
        ) from None
