import numpy as np
import pytest
from scipy import stats

from compute.errors import CancelledError
from compute.simulation import reference
from compute.simulation.components import components, historical_losses, simulated_losses
from compute.simulation.factorise import square_root
from compute.simulation.revaluation import book, profit_and_loss
from compute.simulation.tail import tails
from tests.unit.compute.simulation.test_revaluation import made_book

PATHS = 100_000
SUMS = 1e-8  # of the total: float32 factor losses against the path's own sum


def test_drawn_again_they_are_the_losses_of_those_paths() -> None:
    root, amounts, priced = made_book(7)
    chosen = np.array([3, 999, 1_000, 4_321, 77, 2**33], dtype=np.int64)
    shares = np.array([1.0, 0.5, 0.25, 2.0, 0.0, 1.0])
    found = simulated_losses(priced, seed=4)(chosen, shares)
    exact = np.zeros(7)
    for path, share in zip(chosen.tolist(), shares, strict=True):
        z = reference.factor_normals(path, path + 1, 7, 4)[0]
        exact -= share * amounts * np.expm1(root @ z)
    np.testing.assert_allclose(found, exact, atol=1e-6 * np.abs(exact).max())


@pytest.mark.parametrize("confidence", [0.95, 0.975, 0.9999])
def test_parts_sum_to_the_whole(confidence: float) -> None:
    _, _, priced = made_book(10)
    (tail,) = tails(-profit_and_loss(priced, start=0, stop=PATHS, seed=6), [confidence])
    parts = components(tail, simulated_losses(priced, seed=6))
    assert parts.var.sum() == pytest.approx(tail.var, rel=1e-12)
    assert parts.es.sum() == pytest.approx(tail.es, rel=SUMS)


def test_small_volatility_gives_the_normal_closed_form() -> None:
    root, amounts, _ = made_book(6)
    covariance = np.asarray(1e-4 * root @ root.T)
    sigma = np.sqrt(amounts @ covariance @ amounts)
    priced = book(square_root(covariance), amounts)
    (tail,) = tails(-profit_and_loss(priced, start=0, stop=2**20, seed=8), [0.99])
    parts = components(tail, simulated_losses(priced, seed=8))
    share = amounts * (covariance @ amounts) / sigma
    z = stats.norm.ppf(0.99)
    residual = np.sqrt(np.maximum(amounts**2 * np.diag(covariance) - share**2, 0))
    es_bound = 5 * (residual + np.abs(share)) / np.sqrt(tail.mass)
    var_bound = 5 * (residual + 0.1 * np.abs(share)) / np.sqrt(tail.around.size)
    assert (np.abs(parts.es - share * stats.norm.pdf(z) / 0.01) < es_bound).all()
    assert (np.abs(parts.var - share * z) < var_bound).all()


def test_a_hedge_has_a_negative_part() -> None:
    covariance = 1e-4 * np.array([[1.0, 0.9], [0.9, 1.0]])
    priced = book(square_root(covariance), np.array([1e6, -4e5]))
    (tail,) = tails(-profit_and_loss(priced, start=0, stop=PATHS, seed=1), [0.99])
    parts = components(tail, simulated_losses(priced, seed=1))
    assert parts.es[0] > tail.es > 0 > parts.es[1]
    assert parts.var[0] > tail.var > 0 > parts.var[1]


def test_historical_parts_are_the_scenarios_own() -> None:
    by_factor = np.random.default_rng(0).standard_normal((500, 3))
    losses = -by_factor.sum(axis=1)
    (tail,) = tails(losses, [0.95])
    parts = components(tail, historical_losses(by_factor))
    assert parts.var.sum() == pytest.approx(tail.var)
    worst = np.argsort(losses)[-25:]
    np.testing.assert_allclose(parts.es, -by_factor[worst].mean(axis=0))


def test_a_book_that_gains_in_its_tail_still_sums() -> None:
    by_factor = 5.0 + np.random.default_rng(0).standard_normal((500, 3))
    (tail,) = tails(-by_factor.sum(axis=1), [0.95])
    assert tail.var < 0
    parts = components(tail, historical_losses(by_factor))
    assert parts.var.sum() == pytest.approx(tail.var)


def test_report_may_stop() -> None:
    def stop() -> None:
        raise CancelledError("Stop.")

    with pytest.raises(CancelledError):
        simulated_losses(made_book(3)[2], seed=1, report=stop)(np.arange(5), np.ones(5))


def test_singular_covariance_gives_each_factor_its_own_part() -> None:
    move = 1e-4 * np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 9.0]])
    root = square_root(move)
    assert root.clipped
    assert root.order.tolist() != [0, 1, 2]
    priced = book(root, np.array([1e6, 1e6, 1e3]))
    (tail,) = tails(-profit_and_loss(priced, start=0, stop=PATHS, seed=1), [0.99])
    parts = components(tail, simulated_losses(priced, seed=1))
    assert parts.es[1] == pytest.approx(2 * parts.es[0], rel=0.05)
    assert abs(parts.es[2]) < 0.01 * parts.es[0]
    assert parts.es.sum() == pytest.approx(tail.es, rel=SUMS)
