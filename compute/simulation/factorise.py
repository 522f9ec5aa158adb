"""A covariance as a product B B', with the edge rule for matrices that are not positive semidefinite."""

from dataclasses import dataclass

import numpy as np

from compute.errors import InputError
from compute.portfolio import Floats

NEGATIVE_LIMIT = 1e-8  # of the largest eigenvalue: beyond, the matrix is refused; within, it is clipped


@dataclass(frozen=True, kw_only=True)
class Root:
    """A lower triangular B with B B' = covariance, shape (k, k); `clipped` if an eigenvalue was raised to zero."""

    matrix: Floats
    clipped: bool


def square_root(covariance: Floats) -> Root:
    """Factorise a symmetric matrix (k, k); raise InputError if an eigenvalue is below -1e-8 of the largest."""
    try:
        return Root(matrix=np.asarray(np.linalg.cholesky(covariance), dtype=np.float64), clipped=False)
    except np.linalg.LinAlgError:
        return _clipped_root(covariance)


def _clipped_root(covariance: Floats) -> Root:
    values, vectors = np.linalg.eigh(covariance)
    smallest, largest = float(values[0]), float(values[-1])
    if smallest < -NEGATIVE_LIMIT * largest or largest <= 0:
        raise InputError(
            f"The covariance is not positive semidefinite: its smallest eigenvalue is {smallest:.3g}, "
            f"its largest {largest:.3g}.",
            pointer="/parameters/factor_model",
            remedy="Use factor_model ledoit_wolf, or a longer history.",
        )
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    upper: Floats = np.asarray(np.linalg.qr(root.T).R)
    signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
    return Root(matrix=(upper * signs[:, None]).T, clipped=True)
