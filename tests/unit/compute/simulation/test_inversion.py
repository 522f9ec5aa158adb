import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from compute.errors import CancelledError, InputError
from compute.portfolio import Floats
from compute.simulation import inversion
from compute.simulation.factorise import square_root
from compute.simulation.inversion import inverted, parts
from compute.simulation.quadratic import Quadratic, reduced
from compute.simulation.tail import tails

CLOSED = 1e-9  # against closed forms, of the loss' deviation
SUMS = 1e-9  # of the parts, of the loss' deviation
CONFIDENCES = [0.5, 0.95, 0.99, 0.9999]
PATHS = 400_000


def nothing() -> None:
    """Report to nobody."""


def made(size: int, salt: int = 0, *, full: bool = False) -> tuple[Floats, Floats, Floats]:
    """Return a covariance, deltas, and gammas: a diagonal, or a full matrix."""
    generator = np.random.default_rng(salt)
    a = 0.01 * generator.standard_normal((size, size + 3)) / np.sqrt(size)
    deltas = 1e6 * generator.standard_normal(size)
    half = 1e8 * generator.standard_normal((size, size))
    return a @ a.T, deltas, (half + half.T) / 2 if full else 1e8 * generator.standard_normal(size)


def single(delta: float, gamma: float, volatility: float = 0.02) -> Quadratic:
    return reduced(square_root(np.array([[volatility**2]])), np.array([delta]), np.array([gamma]))


@pytest.mark.parametrize("size", [1, 2, 5, 40])
@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_without_curvature_it_is_normal(size: int, confidence: float) -> None:
    covariance, deltas, _ = made(size)
    form = reduced(square_root(covariance), deltas, np.zeros(size))
    found = inverted(form, confidence)
    z = stats.norm.ppf(confidence)
    assert form.scale == pytest.approx(np.sqrt(deltas @ covariance @ deltas), rel=1e-12)
    assert found.var == pytest.approx(z, abs=CLOSED)
    assert found.es == pytest.approx(stats.norm.pdf(z) / (1 - confidence), abs=CLOSED)


@pytest.mark.parametrize("confidence", [0.95, 0.99, 0.9999])
def test_short_gamma_of_one_hedged_factor_is_chi_square(confidence: float) -> None:
    form, gamma = single(0.0, -1e8), 0.5e8 * 0.02**2
    found = inverted(form, confidence)
    quantile = stats.chi2.ppf(confidence, 1)
    beyond = stats.chi2.sf(quantile, 3) / (1 - confidence)  # E[X 1(X > q)] = P(chi-square of 3 > q)
    assert form.scale * found.var == pytest.approx(gamma * quantile, abs=CLOSED * form.scale)
    assert form.scale * found.es == pytest.approx(gamma * beyond, abs=CLOSED * form.scale)


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_long_gamma_of_one_hedged_factor_is_a_bounded_chi_square(confidence: float) -> None:
    form, gamma = single(0.0, 1e8), 0.5e8 * 0.02**2
    found = inverted(form, confidence)
    quantile = stats.chi2.ppf(1 - confidence, 1)
    below = stats.chi2.cdf(quantile, 3) / (1 - confidence)
    assert form.scale * found.var == pytest.approx(-gamma * quantile, rel=1e-6, abs=CLOSED * form.scale)
    assert form.scale * found.es == pytest.approx(-gamma * below, rel=1e-6, abs=CLOSED * form.scale)


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_equal_curvatures_are_a_non_central_chi_square(confidence: float) -> None:
    size, volatility, deltas = 6, 0.01, np.linspace(-1e6, 2e6, 6)
    covariance, gamma = volatility**2 * np.eye(size), -2e8
    form = reduced(square_root(covariance), deltas, np.full(size, gamma))
    found = inverted(form, confidence)
    curvature = 0.5 * -gamma * volatility**2
    centre = (deltas / gamma / volatility) ** 2
    peer = stats.ncx2(size, centre.sum())
    offset = -curvature * centre.sum()
    assert form.scale * found.var == pytest.approx(curvature * peer.ppf(confidence) + offset, abs=1e-7 * form.scale)


@pytest.mark.parametrize("size", [3, 8, 32])
@pytest.mark.parametrize("full", [False, True])
def test_monte_carlo_comes_within_its_errors(size: int, *, full: bool) -> None:
    covariance, deltas, gammas = made(size, salt=size, full=full)
    form = reduced(square_root(covariance), deltas, gammas)
    matrix = gammas if full else np.diag(gammas)
    x = np.random.default_rng(1).standard_normal((PATHS, size)) @ np.linalg.cholesky(covariance).T
    for tail in tails(-(x @ deltas + 0.5 * np.einsum("ni,ij,nj->n", x, matrix, x)), [0.95, 0.999]):
        found = inverted(form, tail.confidence)
        assert abs(form.scale * found.var - tail.var) < 4 * tail.se_var
        assert abs(form.scale * found.es - tail.es) < 4 * tail.se_es


def test_the_form_keeps_the_moments() -> None:
    covariance, deltas, gammas = made(7, full=True)
    form = reduced(square_root(covariance), deltas, gammas)
    product = gammas @ covariance
    assert form.scale * form.mean == pytest.approx(-0.5 * np.trace(product), rel=1e-10)
    assert form.scale**2 == pytest.approx(deltas @ covariance @ deltas + 0.5 * np.trace(product @ product), rel=1e-10)
    tridiagonal = np.diag(form.diagonal) + np.diag(form.off, 1) + np.diag(form.off, -1)
    np.testing.assert_allclose(form.loadings @ form.loadings.T, covariance, atol=1e-12 * np.abs(covariance).max())
    back = form.scale * np.linalg.pinv(form.loadings).T @ tridiagonal @ np.linalg.pinv(form.loadings)
    np.testing.assert_allclose(back, -gammas, atol=1e-6 * np.abs(gammas).max())


def test_a_singular_covariance_keeps_them_too() -> None:
    a = np.random.default_rng(0).standard_normal((5, 2))
    covariance = 1e-4 * a @ a.T
    _, deltas, gammas = made(5)
    form = reduced(square_root(covariance), deltas, gammas)
    product = np.diag(gammas) @ covariance
    assert form.diagonal.size == 2
    assert form.scale**2 == pytest.approx(deltas @ covariance @ deltas + 0.5 * np.trace(product @ product), rel=1e-9)


@pytest.mark.parametrize("confidence", [0.95, 0.99, 0.9999])
@pytest.mark.parametrize("size", [1, 6, 33])
def test_parts_sum_to_the_whole(size: int, confidence: float) -> None:
    covariance, deltas, gammas = made(size, salt=3)
    form = reduced(square_root(covariance), deltas, gammas)
    found = inverted(form, confidence)
    var, es = parts(form, found, deltas, gammas, nothing)
    assert var.sum() == pytest.approx(form.scale * found.var, abs=SUMS * form.scale)
    assert es.sum() == pytest.approx(form.scale * found.es, abs=SUMS * form.scale)


def test_parts_are_the_derivatives_by_size() -> None:
    covariance, deltas, gammas = made(5, salt=9)
    form = reduced(square_root(covariance), deltas, gammas)
    var, es = parts(form, inverted(form, 0.99), deltas, gammas, nothing)
    for factor in range(5):
        scaled = [np.ones(5), np.ones(5)]
        scaled[0][factor], scaled[1][factor] = 1 + 1e-4, 1 - 1e-4
        forms = [reduced(square_root(covariance), scale * deltas, scale * gammas) for scale in scaled]
        up, down = [inverted(each, 0.99) for each in forms]
        slope = (forms[0].scale * up.var - forms[1].scale * down.var) / 2e-4
        assert var[factor] == pytest.approx(slope, abs=1e-6 * form.scale)
        slope = (forms[0].scale * up.es - forms[1].scale * down.es) / 2e-4
        assert es[factor] == pytest.approx(slope, abs=1e-6 * form.scale)


@settings(max_examples=25, deadline=None)
@given(st.integers(5, 30), st.integers(0, 10_000), st.floats(1e-6, 1e6))
def test_scale_and_order_change_nothing(size: int, salt: int, scale: float) -> None:
    covariance, deltas, gammas = made(size, salt)
    order = np.random.default_rng(salt).permutation(size)
    one = reduced(square_root(covariance), deltas, gammas)
    other = reduced(square_root(covariance[np.ix_(order, order)]), scale * deltas[order], scale * gammas[order])
    assert inverted(other, 0.99).var == pytest.approx(inverted(one, 0.99).var, abs=1e-8)
    assert other.scale == pytest.approx(scale * one.scale, rel=1e-9)


def test_a_density_with_a_pole_at_the_quantile() -> None:
    form = reduced(square_root(1e-4 * np.eye(2)), np.zeros(2), np.array([1e8, -1e8]))
    assert inverted(form, 0.5).var == pytest.approx(0.0, abs=1e-6)


def test_paths_that_differ_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inversion, "TOLERANCE", -1.0)
    with pytest.raises(InputError, match="does not converge") as caught:
        inverted(single(1.0, 1.0), 0.95)
    assert caught.value.pointer == "/parameters/method"


def test_report_may_stop() -> None:
    def stop() -> None:
        raise CancelledError("Stop.")

    covariance, deltas, gammas = made(4)
    with pytest.raises(CancelledError):
        reduced(square_root(covariance), deltas, gammas, stop)
