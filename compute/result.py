"""What a kernel returns: scalars as a document, per-item figures as tables of columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from compute.errors import NonFiniteError

Checkpoint = Callable[[int, int], None]
"""Called by long kernels with (done, total) at least every 250 ms; raises CancelledError to stop the computation."""


def no_checkpoint(done: int, total: int) -> None:
    """Report to nobody and never stop."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A computed answer.

    Parameters
    ----------
    document
        JSON-safe scalars and small structures, under the wire's names; None where a figure is undefined.
    tables
        Table name to columns of equal length: float64 arrays or sequences of text. On the wire each table becomes a
        list of objects under its name. NaN in a table column is never allowed; leave the column out instead.
    device
        What computed it: `cpu`, `cpu-mlx`, `gpu`, `ane`.
    """

    document: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    device: str = "cpu"


def check_finite(result: Result) -> Result:
    """Return the result; raise NonFiniteError naming the first figure that is NaN or infinite."""
    _check_tree("", result.document)
    for table, columns in result.tables.items():
        for name, column in columns.items():
            if isinstance(column, np.ndarray) and not np.isfinite(column).all():
                raise NonFiniteError(f"The column {table}.{name} holds a value that is not finite.")
    return result


def _check_tree(path: str, value: object) -> None:
    if isinstance(value, float) and not np.isfinite(value):
        raise NonFiniteError(f"{path} is not finite.")
    if isinstance(value, Mapping):
        for name, item in value.items():
            _check_tree(f"{path}/{name}", item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            _check_tree(f"{path}/{index}", item)
