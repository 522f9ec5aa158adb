"""A covariance as a product B B', with the edge rule for matrices that are not positive semidefinite.

Our own elimination and not LAPACK's: a result must be the same bits at any thread count, and OpenBLAS' factorisation
is not. Without pivoting first, so that a factor keeps its draws when the covariance changes a little; a singular matrix
is factorised again with diagonal pivoting (N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed.,
section 10.3), which stops at its rank.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.errors import InputError
from compute.jit import njit
from compute.portfolio import Floats

NEGATIVE_LIMIT = 1e-8  # of the largest eigenvalue: beyond, the matrix is refused; within, it is clipped
CALL_PRODUCTS = 2**25  # multiplications in one call: tens of milliseconds


@dataclass(frozen=True, kw_only=True)
class Root:
    """B with B B' = covariance.

    Parameters
    ----------
    matrix
        Shape (k, rank), float64, lower trapezoidal.
    order
        Shape (k,): row i belongs to factor order[i].
    clipped
        Whether the matrix was singular, and what rounding put below zero was raised to zero.
    """

    matrix: Floats
    order: NDArray[np.int64]
    clipped: bool


@njit(fastmath={"contract"})
def _subtract(row: Any, scale: Any, other: Any) -> None:
    for j in range(row.size):
        row[j] -= scale * other[j]


@njit(fastmath={"contract"})
def _divide(row: Any, other: Any, divisor: Any) -> None:
    for j in range(row.size):
        row[j] = other[j] / divisor


@njit()
def _bring_largest_forward(schur: Any, upper: Any, order: Any, k: Any) -> None:
    """Swap the factor with the largest remaining variance into place k."""
    p = k
    for i in range(k + 1, order.size):
        if schur[i, i] > schur[p, p]:
            p = i
    for j in range(order.size):
        schur[k, j], schur[p, j] = schur[p, j], schur[k, j]
        upper[j, k], upper[j, p] = upper[j, p], upper[j, k]
    for j in range(order.size):
        schur[j, k], schur[j, p] = schur[j, p], schur[j, k]
    order[k], order[p] = order[p], order[k]


@njit()
def _eliminate(schur: Any, upper: Any, order: Any, first: int, last: int, tolerance: float, pivoting: bool) -> int:
    """Compute rows [first, last) of the upper root; return the row at which no pivot above the tolerance is left."""
    for k in range(first, last):
        if pivoting:
            _bring_largest_forward(schur, upper, order, k)
        if not schur[k, k] > tolerance:
            return k
        row = upper[k]
        row[k] = np.sqrt(schur[k, k])
        _divide(row[k + 1 :], schur[k, k + 1 :], row[k])
        for i in range(k + 1, order.size):
            _subtract(schur[i, k + 1 :], row[i], row[k + 1 :])
    return last


def square_root(covariance: Floats, report: Callable[[], None] = lambda: None) -> Root:
    """Factorise a symmetric matrix.

    Parameters
    ----------
    covariance
        Shape (k, k), float64, finite.
    report
        Called between steps; may raise to stop.

    Raises
    ------
    InputError
        If its smallest eigenvalue is below -1e-8 of the largest.
    """
    root = _root(covariance, report, pivoting=False)
    if not root.clipped:
        return root
    _refuse_negative(covariance)
    return _root(covariance, report, pivoting=True)


def _root(covariance: Floats, report: Callable[[], None], *, pivoting: bool) -> Root:
    size = len(covariance)
    schur, upper, order = covariance.copy(), np.zeros((size, size)), np.arange(size)
    tolerance = size * np.finfo(float).eps * float(np.max(np.diag(covariance)))
    rows = max(1, CALL_PRODUCTS // size**2)
    rank = 0
    while rank < size:
        last = min(rank + rows, size)
        reached = _eliminate(schur, upper, order, rank, last, tolerance, pivoting)
        report()
        rank = reached
        if reached < last:
            break
    return Root(matrix=upper[:rank].T.copy(), order=order, clipped=rank < size)


def _refuse_negative(covariance: Floats) -> None:
    values = np.linalg.eigvalsh(covariance)
    smallest, largest = float(values[0]), float(values[-1])
    if smallest < -NEGATIVE_LIMIT * largest or largest <= 0:
        raise InputError(
            f"The covariance is not positive semidefinite: its smallest eigenvalue is {smallest:.3g}, "
            f"its largest {largest:.3g}.",
            pointer="/parameters/factor_model",
            remedy="Use factor_model ledoit_wolf, or a longer history.",
        )
