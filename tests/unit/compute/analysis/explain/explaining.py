"""Run explain as a job would, and what every explanation must hold."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compute.market import Market
from compute.measures import Book, measure
from compute.result import Result, check_finite, no_checkpoint

CLOSED = 1e-9


def defaults(model: str, **given: Any) -> dict[str, Any]:
    """Return every parameter of the model's explanation."""
    spec = measure("explain").models[model]
    return {**{name: each.default for name, each in spec.parameters.items()}, "model": model, **given}


def explain(book: Book, model: str, market: Any = None, checkpoint: Any = no_checkpoint, **given: Any) -> Result:
    kernel = measure("explain").models[model].kernel
    return check_finite(kernel(book, market or Market(), defaults(model, **given), checkpoint))


def figure(book: Book, model: str, name: str, market: Any = None, **given: Any) -> float:
    """Return a figure by a direct call of the model."""
    spec = measure("margin").models[model]
    own = {**{key: each.default for key, each in spec.parameters.items()}, "model": model, **given}
    return float(spec.kernel(book, market or Market(), own, no_checkpoint).document[name])


def groups(result: Result, kind: str) -> dict[str, dict[str, Any]]:
    table = result.tables["groups"]
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    return {row["group"]: row for row in rows if row["kind"] == kind}


def steps_of(result: Result) -> dict[str, float]:
    """Return the amounts of the steps; the last row of a waterfall is the total, which adds nothing."""
    *steps, total = result.document["waterfall"]
    assert total == {"step": "total", "amount": 0.0, "running": result.document["total"]}
    return {step["step"]: step["amount"] for step in steps}


def contributions(result: Result) -> np.ndarray:
    return np.asarray(result.tables["positions"]["contribution"])


def holds_together(result: Result, total: float) -> None:
    """The steps, the positions and the groups of each kind sum to the figure, which is the model's own."""
    document, parts = result.document, contributions(result)
    scale = max(abs(total), float(np.abs(parts).sum()))
    assert document["total"] == total
    _sums(sum(steps_of(result).values()), total, scale)
    _sums(document["waterfall"][-2]["running"], total, scale)
    _sums(float(parts.sum()), total, scale)
    for kind in dict.fromkeys(result.tables["groups"]["kind"]):
        _sums(sum(row["contribution"] for row in groups(result, kind).values()), total, scale)
    shares: Mapping[str, Any] = result.tables["positions"]
    if total:
        np.testing.assert_allclose(np.asarray(shares["share"]) * total, parts, rtol=1e-12)
    else:
        assert set(shares["share"]) <= {None}


def _sums(parts: float, total: float, scale: float) -> None:
    assert abs(parts - total) <= CLOSED * max(scale, 1e-300), (parts, total)
