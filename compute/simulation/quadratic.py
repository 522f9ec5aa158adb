"""A quadratic form in normals, L = b'z + z'Mz / 2, brought to a form whose characteristic function is cheap.

Of a book whose loss is -(d'x + x'Gx / 2) in factor returns x = B z: b = -B'd, M = -B'GB. A chain of Householder
reflections Q makes Q'b = n e1 and Q'MQ = T tridiagonal (G. H. Golub, C. F. Van Loan, "Matrix Computations", 4th ed.,
section 8.3.1, on M bordered by b): z stays standard normal, and det(I - sT) and e1'(I - sT)^-1 e1 are recurrences in K
steps, without eigenvalues. Our own elimination and not LAPACK's, so that the bits do not depend on threads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.jit import njit
from compute.portfolio import Floats
from compute.simulation.factorise import Root

CALL_PRODUCTS = 2**25  # multiplications in one call: tens of milliseconds
EXACT = {"contract"}  # fused multiply-add; no reassociation, so that bits are fixed


@dataclass(frozen=True, kw_only=True)
class Quadratic:
    """A loss n z1 + z'Tz / 2 of standard normals z, in units of its own deviation.

    Parameters
    ----------
    scale
        Base currency: standard deviation of the loss; 0 where nothing is at risk.
    mean
        Of the loss, in units of `scale`.
    linear
        n.
    diagonal, off
        Of T, shapes (r,) and (r - 1,).
    loadings
        Shape (k, r): row f makes the return of factor f, x_f = loadings[f] @ z.
    """

    scale: float
    mean: float
    linear: float
    diagonal: Floats
    off: Floats
    loadings: Floats


@njit(fastmath=EXACT)
def _add(row: Any, scale: Any, other: Any) -> None:
    for j in range(row.size):
        row[j] += scale * other[j]


@njit(fastmath=EXACT)
def _add_two(row: Any, scale: Any, other: Any, second_scale: Any, second: Any) -> None:
    for j in range(row.size):
        row[j] += scale * other[j] + second_scale * second[j]


@njit(fastmath=EXACT)
def _product(left: Any, right: Any) -> float:
    total = 0.0
    for i in range(left.size):
        total += left[i] * right[i]
    return total


@njit()
def _multiply(out: Any, left: Any, right: Any, first: int, last: int) -> None:
    """Add left[first:last]' @ right[first:last] to `out`; what is zero in `left` costs nothing."""
    for k in range(first, last):
        for i in range(left.shape[1]):
            if left[k, i] != 0.0:
                _add(out[i], left[k, i], right[k])


@njit()
def _reflect(a: Any, loadings: Any, off: Any, first: int, last: int) -> None:
    """Bring the columns [first, last) of a symmetric matrix to tridiagonal form; apply the same to `loadings`' rows."""
    size = len(a)
    for k in range(first, last):
        v = a[k, k + 1 :].copy()
        length = np.sqrt(_product(v, v))
        off[k] = -length if v[0] > 0.0 else length
        v[0] -= off[k]
        square = _product(v, v)
        if square == 0.0:
            continue
        beta, p, u = 2.0 / square, np.zeros(v.size), np.zeros(loadings.shape[1])
        for i in range(v.size):
            _add(p, beta * v[i], a[k + 1 + i, k + 1 :])
            _add(u, beta * v[i], loadings[k + 1 + i])
        _add(p, -0.5 * beta * _product(p, v), v)
        for i in range(v.size):
            _add_two(a[k + 1 + i, k + 1 : size], -v[i], p, -p[i], v)
            _add(loadings[k + 1 + i], -v[i], u)


def reduced(root: Root, deltas: Floats, gammas: Floats, report: Callable[[], None] = lambda: None) -> Quadratic:
    """Reduce a book to its quadratic form.

    Parameters
    ----------
    root
        Of the horizon covariance of the factors' returns: x = B z.
    deltas
        Shape (k,), base currency: change of value per unit of return.
    gammas
        Shape (k, k), symmetric, or (k,) where no two factors meet: second derivatives of value.
    report
        Called between steps; may raise to stop.
    """
    b = np.empty_like(root.matrix)
    b[root.order] = root.matrix
    size, rank = b.shape
    curved = gammas[:, None] * b if gammas.ndim == 1 else _transposed_product(gammas, b, report)
    bordered = np.zeros((rank + 1, rank + 1))
    bordered[1:, 1:] = -_transposed_product(b, curved, report)
    bordered[0, 1:] = bordered[1:, 0] = -_transposed_product(b, deltas[:, None], report)[:, 0]
    scale = float(np.sqrt((bordered[0, 1:] ** 2).sum() + 0.5 * (bordered[1:, 1:] ** 2).sum()))
    bordered /= scale or 1.0
    loadings, off = np.zeros((rank + 1, size)), np.zeros(rank)
    loadings[1:] = b.T
    columns = max(1, CALL_PRODUCTS // (rank * (rank + size)))
    for first in range(0, rank, columns):
        _reflect(bordered, loadings, off, first, min(first + columns, rank))
        report()
    diagonal = np.diag(bordered)[1:].copy()
    return Quadratic(
        scale=scale,
        mean=0.5 * float(diagonal.sum()),
        linear=float(off[0]),
        diagonal=diagonal,
        off=off[1:].copy(),
        loadings=loadings[1:].T.copy(),
    )


def _transposed_product(left: Floats, right: Floats, report: Callable[[], None]) -> Floats:
    """Return left' @ right, rows summed in order."""
    out = np.zeros((left.shape[1], right.shape[1]))
    rows = max(1, CALL_PRODUCTS // out.size)
    for first in range(0, len(left), rows):
        _multiply(out, left, right, first, min(first + rows, len(left)))
        report()
    return out
