import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.errors import InputError
from compute.portfolio import Floats
from compute.simulation.covariance import (
    FACTOR_MODELS,
    ewma,
    ewma_volatility,
    ewma_weights,
    factor_model,
    ledoit_wolf,
    sample,
)

EXACT = 1e-12  # relative


def returns(count: int, size: int, salt: int = 0) -> Floats:
    generator = np.random.default_rng(salt)
    mixing = generator.standard_normal((size, size))
    return np.asarray(0.01 * generator.standard_normal((count, size)) @ mixing + 0.001)


def test_ewma_equals_its_recursion() -> None:
    data = returns(300, 4)
    decay, covariance, mass = 0.94, np.zeros((4, 4)), 0.0
    for row in data:
        covariance = decay * covariance + (1 - decay) * np.outer(row, row)
        mass = decay * mass + (1 - decay)
    np.testing.assert_allclose(ewma(data), covariance / mass, rtol=EXACT)
    np.testing.assert_allclose(ewma_volatility(data) ** 2, np.diag(covariance) / mass, rtol=EXACT)


def test_ewma_weights_are_the_powers_of_the_decay() -> None:
    weights = ewma_weights(5, 0.5)
    np.testing.assert_allclose(weights, np.array([1, 2, 4, 8, 16]) / 31)


def test_sample_equals_numpy() -> None:
    data = returns(80, 6)
    np.testing.assert_allclose(sample(data), np.cov(data, rowvar=False), rtol=EXACT)


@pytest.mark.parametrize(("count", "size"), [(500, 20), (60, 120), (31, 1), (2500, 50)])
def test_ledoit_wolf_equals_scikit_learn(count: int, size: int) -> None:
    peer = pytest.importorskip("sklearn.covariance")
    data = returns(count, size, salt=count)
    expected, _ = peer.ledoit_wolf(data)
    np.testing.assert_allclose(ledoit_wolf(data), expected, rtol=EXACT, atol=EXACT * np.abs(expected).max())


def test_ledoit_wolf_equals_the_paper_written_as_loops() -> None:
    data = returns(40, 5)
    centred = data - data.mean(axis=0)
    count, size = centred.shape
    covariance = sum(np.outer(row, row) for row in centred) / count

    def norm(matrix: Floats) -> float:
        return float(np.trace(matrix @ matrix.T) / size)

    mean = np.trace(covariance) / size
    distance = norm(covariance - mean * np.eye(size))
    noise = min(distance, sum(norm(np.outer(row, row) - covariance) for row in centred) / count**2)
    expected = noise / distance * mean * np.eye(size) + (1 - noise / distance) * covariance
    np.testing.assert_allclose(ledoit_wolf(data), expected, rtol=EXACT)


def test_ledoit_wolf_makes_few_observations_invertible() -> None:
    data = returns(30, 100)
    assert np.linalg.eigvalsh(sample(data))[0] < 1e-15
    assert np.linalg.eigvalsh(ledoit_wolf(data))[0] > 1e-8


@settings(deadline=None)
@given(st.sampled_from(sorted(FACTOR_MODELS)), st.floats(0.1, 10.0), st.integers(0, 1000))
def test_scaling_and_permutation(name: str, scale: float, salt: int) -> None:
    data = returns(50, 4, salt)
    order = np.random.default_rng(salt).permutation(4)
    plain = factor_model(name)(data)
    np.testing.assert_allclose(factor_model(name)(scale * data), scale**2 * plain, rtol=1e-9)
    np.testing.assert_allclose(factor_model(name)(data[:, order]), plain[np.ix_(order, order)], rtol=1e-9, atol=1e-16)


def test_unknown_model_lists_the_known() -> None:
    with pytest.raises(InputError) as caught:
        factor_model("garch")
    assert caught.value.remedy == "Use one of: ewma, ledoit_wolf, sample."
