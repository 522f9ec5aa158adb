"""Columns as they were read, not yet judged: the meeting point of the fast and the careful reader."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Floats, Labels, Portfolio


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Positions whose JSON types are right, or whose wrong ones are already recorded as faults.

    Parameters
    ----------
    ids
        Length n.
    nameless
        The positions without a usable id, which is a fault already.
    labels
        Text columns under the wire's names, as written; only those that some position has.
    numbers
        Numeric columns under the wire's names, shape (n,), NaN where a position has none; only those that some has.
    """

    ids: list[str]
    nameless: frozenset[int] = frozenset()
    labels: dict[str, Labels] = field(default_factory=dict)
    numbers: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A portfolio that was judged while its file was read; positions without a price have NaN.

    Parameters
    ----------
    assumed
        Names of what was not given and taken from the clock, such as `as_of`.
    rows
        The row of the file of each position, shape (n,).
    """

    portfolio: Portfolio
    assumed: tuple[str, ...]
    rows: NDArray[np.int64]
