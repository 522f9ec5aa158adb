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


def test_definite_matrix_keeps_the_order_of_its_factors() -> None:
    root = square_root(np.diag([1.0, 4.0, 9.0]))
    np.testing.assert_array_equal(root.order, [0, 1, 2])
    np.testing.assert_allclose(root.matrix, np.diag([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("size", [8, 300])
def test_rounding_below_zero_is_clipped_and_said(size: int) -> None:
    a = np.random.default_rng(1).standard_normal((size, 3))
    covariance = a @ a.T
    covariance -= 1e-16 * np.trace(covariance) * np.eye(size)
    root = square_root(covariance)
    assert root.clipped
    assert root.matrix.shape == (size, 3)
    np.testing.assert_array_equal(root.matrix, np.tril(root.matrix))
    ordered = (a @ a.T)[np.ix_(root.order, root.order)]
    np.testing.assert_allclose(root.matrix @ root.matrix.T, ordered, atol=1e-9 * size)
    assert sorted(root.order.tolist()) == list(range(size))


def test_many_factors_report_between_steps() -> None:
    reports: list[None] = []
    a = np.random.default_rng(1).standard_normal((600, 700))
    root = square_root(a @ a.T, lambda: reports.append(None))
    assert len(reports) > 3
    np.testing.assert_allclose(root.matrix @ root.matrix.T, a @ a.T, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "matrix", [[[1.0, 1.1], [1.1, 1.0]], [[0.0, 1.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], [[-1.0]]]
)
def test_matrix_that_is_no_covariance_is_refused(matrix: list[list[float]]) -> None:
    with pytest.raises(InputError, match="not positive semidefinite"):
        square_root(np.array(matrix))
