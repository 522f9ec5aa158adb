import numpy as np
import pytest

from compute.errors import InputError
from compute.simulation.factorise import square_root


def test_definite_matrix_gives_its_cholesky_root() -> None:
    a = np.random.default_rng(0).standard_normal((6, 9))
    root = square_root(a @ a.T)
    assert not root.clipped
    np.testing.assert_allclose(root.matrix @ root.matrix.T, a @ a.T, rtol=1e-12, atol=1e-12)
    assert np.array_equal(root.matrix, np.tril(root.matrix))


def test_rounding_below_zero_is_clipped_and_said() -> None:
    a = np.random.default_rng(1).standard_normal((8, 3))
    covariance = a @ a.T
    covariance -= 1e-12 * np.trace(covariance) * np.eye(8)
    root = square_root(covariance)
    assert root.clipped
    np.testing.assert_allclose(root.matrix, np.tril(root.matrix), atol=1e-12)
    np.testing.assert_allclose(root.matrix @ root.matrix.T, a @ a.T, atol=1e-9)
    assert (np.diag(root.matrix) >= 0).all()


@pytest.mark.parametrize("matrix", [[[1.0, 1.1], [1.1, 1.0]], [[0.0, 0.0], [0.0, 0.0]], [[-1.0]]])
def test_matrix_that_is_no_covariance_is_refused(matrix: list[list[float]]) -> None:
    with pytest.raises(InputError, match="not positive semidefinite"):
        square_root(np.array(matrix))
