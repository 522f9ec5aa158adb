"""Explain a margin figure: waterfall, contributions of positions and groups, marginal and stand-alone figures."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from compute.analysis.explain.context import standing_alone, with_memory
from compute.analysis.explain.groups import Grouping, groupings
from compute.analysis.explain.removal import Removal
from compute.analysis.explain.report import Parts, report
from compute.analysis.explain.request import OWN
from compute.margin.allocation import Allocation, check_closed
from compute.margin.models import MODELS
from compute.market import Market
from compute.measure import Book
from compute.portfolio import Floats, Portfolio
from compute.result import Checkpoint, Result

Allocator = Callable[[Book, Market, Mapping[str, Any], str, Checkpoint], Allocation]

ALLOCATIONS: dict[str, str] = {
    "house": "compute.margin.house_allocation",
    "simm": "compute.margin.simm.allocation",
    "schedule": "compute.margin.schedule.allocation",
    "reg_t": "compute.margin.reg_t.allocation",
    "portfolio_margin": "compute.margin.portfolio_margin.allocation",
    "fhs": "compute.margin.fhs.allocation",
    "span": "compute.margin.span.allocation",
}
"""Model to the module whose `allocation` takes its figures apart."""


def allocation(
    book: Book, market: Market, parameters: Mapping[str, Any], figure: str, checkpoint: Checkpoint
) -> Allocation:
    """Return a figure's steps and contributions under the model that the parameters name."""
    own = {name: value for name, value in parameters.items() if name not in OWN}
    allocate: Allocator = import_module(ALLOCATIONS[parameters["model"]]).allocation
    return allocate(book, market, own, figure, checkpoint)


def explain(book: Book, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return a figure of a margin explained.

    Parameters
    ----------
    book
        n positions, or rows of a CRIF.
    market
        As the model reads it.
    parameters
        `figure`, `group_by`, `top`, `top_groups`, and those of the model that `model` names.

    Returns
    -------
    Result
        The waterfall's amounts and the positions' contributions sum to the figure; so do the contributions of the
        groups of each kind.

    Raises
    ------
    InputError
        The model refuses the book, or nothing in it has what it is to be grouped by.
    """
    own = {name: value for name, value in parameters.items() if name not in OWN}
    model, figure = parameters["model"], parameters["figure"]
    market = with_memory(market)

    def begun(_done: int, _total: int) -> None:
        checkpoint(0, 1)  # the parts are most of the way, and how many there are is not known yet

    whole = MODELS[model].kernel(book, market, own, begun)
    total = float(whole.document[figure])
    begun(0, 1)
    found = allocation(book, market, parameters, figure, begun)
    check_closed(found, total)
    kinds = groupings(book, model, parameters["group_by"])
    chosen = largest(found.contributions, parameters["top"])
    counted = [largest(_by_group(kind, found), parameters["top_groups"]) for kind in kinds]
    removal = Removal(
        MODELS[model].kernel,
        standing_alone(book, model) if isinstance(book, Portfolio) else book,
        market,
        own,
        figure=figure,
        total=total,
        planned=2 * (len(chosen) + sum(map(len, counted))),
        checkpoint=checkpoint,
    )
    parts = Parts(
        total=total,
        figure=figure,
        allocation=found,
        positions={row: _both(removal, _one(row, len(book))) for row in chosen},
        groups=[
            (kind, _by_group(kind, found), {group: _both(removal, kind.members(group)) for group in groups})
            for kind, groups in zip(kinds, counted, strict=True)
        ],
        refusals=tuple(dict.fromkeys(removal.refusals)),
    )
    checkpoint(1, 1)
    return report(book, whole, parts, parameters)


def largest(contributions: Floats, count: int) -> list[int]:
    """Return where the contributions of the greatest size are, the first of equals first."""
    return [int(place) for place in np.argsort(-np.abs(contributions), kind="stable")[:count]]


def _by_group(kind: Grouping, found: Allocation) -> Floats:
    return np.asarray(np.bincount(kind.of, weights=found.contributions, minlength=len(kind.names)), dtype=np.float64)


def _one(row: int, count: int) -> np.ndarray:
    rows = np.zeros(count, np.bool_)
    rows[row] = True
    return rows


def _both(removal: Removal, rows: np.ndarray) -> tuple[float | None, float | None]:
    return removal.marginal(rows), removal.stand_alone(rows)
