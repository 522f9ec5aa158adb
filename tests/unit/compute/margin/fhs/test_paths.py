import numpy as np
import pytest

from compute.jit import njit
from compute.margin.fhs.paths import EXPM1_ERROR, Scenarios, Stress, expm1, path
from compute.portfolio import Floats
from compute.simulation.tail import tails
from tests.unit.compute.margin.fhs.books import gaussian

KERNEL_ERROR = 1e-13  # relative: the kernel against sorted losses of numpy


@njit()
def _applied(x: Floats) -> Floats:
    found = np.empty_like(x)
    for i in range(x.size):
        found[i] = expm1(x[i])
    return found


def test_exponential_keeps_its_bound() -> None:
    x = np.concatenate([np.linspace(-6.0, 6.0, 20_000), np.geomspace(1e-12, 1.0, 2_000)])
    np.testing.assert_allclose(_applied(x), np.expm1(x), rtol=EXPM1_ERROR)
    assert _applied(np.zeros(1))[0] == 0.0


@pytest.mark.parametrize("confidence", [0.9, 0.975, 0.99, 0.995])
@pytest.mark.parametrize("count", [200, 250, 999])
def test_equal_weights_are_order_statistics(confidence: float, count: int) -> None:
    standard, amounts = np.ascontiguousarray(gaussian(1200, 3, volatility=1.0).T), np.array([1e5, -4e4, 2e4])
    days = np.array([1000, 1100, 1200])
    volatility = np.array([[0.01, 0.02, 0.03], [0.02, 0.01, 0.05], [0.1, 0.2, 0.1]])
    found = path(Scenarios(standard=standard, amounts=amounts), volatility, days, count=count, confidence=confidence)
    for row, day in enumerate(days.tolist()):
        losses = -np.expm1(standard[:, day - count : day].T * volatility[row]) @ amounts
        (tail,) = tails(losses, [confidence])
        assert found.var[row] == pytest.approx(tail.var, rel=KERNEL_ERROR)
        assert found.es[row] == pytest.approx(tail.es, rel=KERNEL_ERROR)


def test_weighted_sample_by_hand() -> None:
    """Ten losses 1..10 with 75 % of the weight, five stressed losses with 25 %: 7.5 % and 5 % each."""
    standard = np.log1p(np.arange(1.0, 11.0) / 100.0)[None, :]
    stress = Stress(
        worst=np.array([[12.0, 9.5, 3.0, 2.0, 1.0]]), period=np.zeros(1, dtype=np.int64), count=5, weight=0.25
    )
    scenarios = Scenarios(standard=standard, amounts=np.array([-100.0]))
    found = path(scenarios, np.ones((1, 1)), np.array([10]), count=10, confidence=0.8, stress=stress)
    # worst first: 12 (5 %), 10 (12.5 %), 9.5 (17.5 %), 9 (25 %): the fifth is reached at 9
    assert found.var[0] == pytest.approx(9.0, rel=1e-12)
    assert found.es[0] == pytest.approx((0.05 * 12 + 0.075 * 10 + 0.05 * 9.5 + 0.025 * 9) / 0.2, rel=1e-12)


def test_stressed_sample_against_sorting() -> None:
    generator = np.random.default_rng(3)
    standard, amounts = generator.standard_normal((2, 600)), np.array([1e5, 5e4])
    stressed = np.sort(generator.normal(0.0, 3_000.0, 250))[::-1]
    stress = Stress(worst=stressed[None, :].copy(), period=np.zeros(1, dtype=np.int64), count=250, weight=0.25)
    volatility = np.full((1, 2), 0.01)
    found = path(
        Scenarios(standard=standard, amounts=amounts),
        volatility,
        np.array([600]),
        count=500,
        confidence=0.99,
        stress=stress,
    )
    losses = np.concatenate([-np.expm1(standard[:, 100:].T * 0.01) @ amounts, stressed])
    weights = np.concatenate([np.full(500, 0.75 / 500), np.full(250, 0.25 / 250)])
    order = np.argsort(-losses)
    reached = np.cumsum(weights[order])
    at = int(np.searchsorted(reached, 0.01 * (1 + 1e-12), side="right"))
    before = reached[at - 1]
    mean = (weights[order][:at] @ losses[order][:at] + (0.01 - before) * losses[order][at]) / 0.01
    assert found.var[0] == pytest.approx(losses[order][at], rel=KERNEL_ERROR)
    assert found.es[0] == pytest.approx(mean, rel=1e-11)


def test_blocks_change_nothing_and_report() -> None:
    standard = np.ascontiguousarray(gaussian(9_000, 40, volatility=1.0).T)
    days = np.arange(8_000, 9_000)
    volatility, done = np.full((1_000, 40), 0.01), list[int]()
    scenarios = Scenarios(standard=standard, amounts=np.ones(40))
    whole = path(scenarios, volatility, days, count=5_000, confidence=0.99, report=done.append)
    assert done[-1] == 1_000
    assert len(done) > 1
    alone = path(scenarios, volatility[:1], days[777:778], count=5_000, confidence=0.99)
    assert alone.es[0] == whole.es[777]
