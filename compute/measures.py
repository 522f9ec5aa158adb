"""MEASURES: the one map from a job's measure to its numerics."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from compute import drill
from compute.errors import InputError
from compute.margin.tables import DEFAULT_VERSION, versions
from compute.market import Market
from compute.parameters import Kind, Parameter
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result
from compute.simulation import request as var_request
from compute.simulation.exposures import factor_names

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
        (parameters) → whether the kernel reads `market.history`.
    history_names
        Portfolio → for each position the symbol whose history stands for it, length n.
    needs_portfolio
        False only for drills.
    """

    kernel: Kernel
    parameters: Mapping[str, Parameter]
    work: Callable[[int, Mapping[str, Any]], float]
    needs_history: Callable[[Mapping[str, Any]], bool] = lambda _parameters: False
    history_names: Callable[[Portfolio], list[str]] = lambda portfolio: [
        str(symbol) for symbol in portfolio.labels["symbol"].texts()
    ]
    needs_portfolio: bool = True


def deferred(module: str, function: str) -> Kernel:
    """Return a kernel whose module is imported at its first call: naming a measure must not load its compiler."""

    def kernel(portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
        found: Kernel = getattr(import_module(module), function)
        return found(portfolio, market, parameters, checkpoint)

    return kernel


_HOUSE = {
    "model": Parameter(kind=Kind.TEXT, default="house", doc="The margin model.", choices=("house",)),
    "version": Parameter(
        kind=Kind.TEXT, default=DEFAULT_VERSION, doc="The version of the model's parameter set.", choices=versions()
    ),
    "volatility": Parameter(
        kind=Kind.TEXT,
        default="given",
        doc="Which volatility comes first: the position's own, then the set's; or that of stored prices to `as_of`.",
        choices=("given", "history"),
    ),
}


def _positions(count: int, _parameters: Mapping[str, Any]) -> float:
    return float(count)


def _reads_history(parameters: Mapping[str, Any]) -> bool:
    return bool(parameters["volatility"] == "history")


MEASURES: dict[str, MeasureSpec] = {
    "margin": MeasureSpec(
        kernel=deferred("compute.margin.house", "margin"),
        parameters=_HOUSE,
        work=_positions,
        needs_history=_reads_history,
    ),
    "optimise": MeasureSpec(
        kernel=deferred("compute.margin.optimise", "optimise"),
        parameters=_HOUSE,
        work=_positions,
        needs_history=_reads_history,
    ),
    "var": MeasureSpec(
        kernel=deferred("compute.simulation.var", "value_at_risk"),
        parameters=var_request.PARAMETERS,
        work=var_request.work,
        needs_history=lambda _parameters: True,
        history_names=factor_names,
    ),
    "noop": MeasureSpec(
        kernel=drill.drill,
        parameters=drill.PARAMETERS,
        work=drill.work,
        needs_portfolio=False,
    ),
}


def measure(name: str) -> MeasureSpec:
    """Return a measure by name; raise InputError listing the known ones."""
    try:
        return MEASURES[name]
    except KeyError:
        raise InputError(
            f"Unknown measure {name!r}.", pointer="/measure", remedy=f"Use one of: {', '.join(sorted(MEASURES))}."
        ) from None
