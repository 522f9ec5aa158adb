"""An explanation in the words of the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.analysis.explain.groups import Grouping
from compute.crif import Crif
from compute.margin.allocation import Allocation, Step
from compute.measure import Book
from compute.portfolio import Floats
from compute.result import Result

IDENTITY = ("currency", "as_of", "model", "version", "parameter_set", "side", "regulation")
CRIF_COLUMNS = ("netting_set", "trade", "product_class", "risk_type", "qualifier", "bucket", "label1", "label2")

TOTAL = "total"

Pair = tuple[float | None, float | None]
"""Marginal and stand-alone figure; None where the model refuses the book without, or the part alone."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What was computed: for groups their kind, contributions, and by index the pairs that were computed."""

    total: float
    figure: str
    allocation: Allocation
    positions: Mapping[int, Pair]
    groups: Sequence[tuple[Grouping, Floats, Mapping[int, Pair]]]
    refusals: tuple[str, ...]


def report(book: Book, whole: Result, parts: Parts, parameters: Mapping[str, Any]) -> Result:
    """Return the result: waterfall and rule, and the tables `groups` and `positions`."""
    found = parts.allocation
    return Result(
        document={
            **{name: whole.document[name] for name in IDENTITY if name in whole.document},
            "figure": parts.figure,
            "total": parts.total,
            "waterfall": waterfall(found.steps, parts.total),
            "rule": found.rule,
            "differentiable": found.differentiable,
            "group_by": parameters["group_by"],
            "position_count": len(book),
            "not_computed": _not_computed(parts),
            "notes": [*found.notes, *_refused(parts.refusals)],
            "assumptions": whole.document.get("assumptions", []),
        },
        tables={"groups": _groups(parts), "positions": _positions(book, parts)},
        device=whole.device,
    )


def waterfall(steps: Sequence[Step], total: float) -> list[dict[str, Any]]:
    """Return the steps with what they have come to, and the figure, which adds nothing."""
    running, rows = 0.0, []
    for name, amount in steps:
        running += amount
        rows.append({"step": name, "amount": amount, "running": running})
    return [*rows, {"step": TOTAL, "amount": 0.0, "running": total}]


def _shares(contributions: Floats, total: float) -> list[float] | list[None]:
    """Return the shares of the figure; None each where it is zero."""
    return (contributions / total).tolist() if total != 0.0 else [None] * contributions.size


def _groups(parts: Parts) -> dict[str, Any]:
    """Return the groups, kind by kind, the largest contributions first."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("group", "kind", "positions", "contribution", "marginal", "stand_alone", "share")
    }
    for kind, contributions, computed in parts.groups:
        counts = np.bincount(kind.of, minlength=len(kind.names)).tolist()
        values, shares = contributions.tolist(), _shares(contributions, parts.total)
        for group in sorted(range(len(values)), key=lambda each: -abs(values[each])):
            marginal, alone = computed.get(group, (None, None))
            row = (kind.names[group], kind.kind, counts[group], values[group], marginal, alone, shares[group])
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
    return columns


def _positions(book: Book, parts: Parts) -> dict[str, Any]:
    count = len(book)
    marginal: list[float | None] = [None] * count
    alone: list[float | None] = [None] * count
    for row, (one, other) in parts.positions.items():
        marginal[row], alone[row] = one, other
    contributions = parts.allocation.contributions
    return {
        **_names(book),
        "contribution": contributions,
        "share": _shares(contributions, parts.total),
        "marginal": marginal,
        "stand_alone": alone,
    }


def _names(book: Book) -> dict[str, Any]:
    """Return what tells positions apart; rows of a CRIF by their place and what they are."""
    if not isinstance(book, Crif):
        return {"id": book.ids}
    known = [name for name in CRIF_COLUMNS if name in book.labels and book.labels[name].values]
    return {
        "id": [str(row + 1) for row in range(len(book))],
        **{name: book.labels[name].texts() for name in known},
    }


def _not_computed(parts: Parts) -> list[str]:
    """Say which marginal and stand-alone figures were left out: the smaller contributions."""
    left = [(kind.kind, len(kind.names) - len(computed)) for kind, _, computed in parts.groups]
    said = [f"marginal and stand_alone of {count} groups by {kind}" for kind, count in left if count]
    rest = parts.allocation.contributions.size - len(parts.positions)
    return [*said, *([f"marginal and stand_alone of {rest} positions"] if rest else [])]


def _refused(refusals: tuple[str, ...]) -> list[str]:
    return [f"A part of the book could not be computed by itself, its figures are null: {why}" for why in refusals[:5]]
