import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from compute.errors import InputError
from compute.simulation.tail import PILOT, is_supported, tails

CONFIDENCES = [0.9, 0.95, 0.975, 0.99]


@settings(deadline=None)
@given(st.integers(101, 400), st.integers(0, 10_000), st.booleans())
def test_equals_the_sorted_definition(count: int, salt: int, ties: bool) -> None:
    losses = np.random.default_rng(salt).standard_normal(count)
    losses = np.round(losses, 1) if ties else losses
    ranked = np.sort(losses)
    for tail in tails(losses, CONFIDENCES):
        tail_mass = count * (1 - tail.confidence)
        rank = int(np.ceil(round(tail.confidence * count, 9)))
        assert tail.var == ranked[rank - 1]
        expected = (ranked[rank:].sum() + (rank - tail.confidence * count) * ranked[rank - 1]) / tail_mass
        assert tail.es == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert tail.es >= tail.var
        assert tail.mass == pytest.approx(tail_mass)
        assert losses[tail.at] == tail.var
        assert tail.at in tail.around


@pytest.mark.parametrize("order", ["random", "rising", "falling", "ties", "pilot sees only the worst"])
def test_many_losses_in_any_order(order: str) -> None:
    losses = np.random.default_rng(1).standard_normal(200_000)
    if order == "rising":
        losses.sort()
    elif order == "falling":
        losses = np.sort(losses)[::-1].copy()
    elif order == "ties":
        losses = np.round(losses)
    elif order == "pilot sees only the worst":
        stride = losses.size // PILOT
        losses.sort()
        seen = losses[::stride].size
        worst, rest = losses[-seen:].copy(), losses[:-seen].copy()
        losses[::stride] = worst
        losses[np.arange(losses.size) % stride != 0] = rest
    ranked = np.sort(losses)
    for tail in tails(losses, CONFIDENCES):
        rank = round(tail.confidence * losses.size)
        assert tail.var == ranked[rank - 1]
        assert tail.es == pytest.approx(ranked[rank:].mean(), rel=1e-12)
        assert len(set(tail.beyond.tolist())) == losses.size - rank
        assert ranked[rank - 1] == losses[tail.at]


def test_normal_quantile_and_shortfall_within_four_standard_errors() -> None:
    losses = np.random.default_rng(0).standard_normal(400_000)
    for tail in tails(losses, CONFIDENCES):
        quantile = stats.norm.ppf(tail.confidence)
        assert abs(tail.var - quantile) < 4 * tail.se_var
        assert abs(tail.es - stats.norm.pdf(quantile) / (1 - tail.confidence)) < 4 * tail.se_es


def test_standard_errors_are_the_spread_of_repeated_samples() -> None:
    found = [tails(np.random.default_rng(salt).standard_normal(5_000), [0.95])[0] for salt in range(300)]
    spread_of_spread = 4 / np.sqrt(2 * 300)
    assert np.mean([tail.se_var for tail in found]) == pytest.approx(
        np.std([tail.var for tail in found]), rel=spread_of_spread
    )
    assert np.mean([tail.se_es for tail in found]) == pytest.approx(
        np.std([tail.es for tail in found]), rel=spread_of_spread
    )


def test_fewer_independent_observations_widen_the_errors() -> None:
    losses = np.random.default_rng(5).standard_normal(1_000)
    (all_count,), (fewer,) = tails(losses, [0.95]), tails(losses, [0.95], independent=100)
    assert (fewer.var, fewer.es) == (all_count.var, all_count.es)
    assert fewer.se_var == pytest.approx(np.sqrt(10) * all_count.se_var)
    assert fewer.se_es == pytest.approx(np.sqrt(10) * all_count.se_es)


def test_confidence_is_the_decimal_that_was_written() -> None:
    losses = np.arange(1.0, 101.0)
    (tail,) = tails(losses, [0.99])
    assert tail.var == 99.0
    assert tail.es == 100.0
    (tail,) = tails(losses, [0.07 * 10])  # 0.7000000000000001 in binary
    assert tail.var == 71.0


def test_constant_losses() -> None:
    (tail,) = tails(np.full(200, 7.0), [0.95])
    assert (tail.var, tail.es, tail.se_var, tail.se_es) == (7.0, 7.0, 0.0, 0.0)


def test_too_few_losses_for_the_confidence() -> None:
    assert is_supported(0.99, 101)
    assert not is_supported(0.99, 99)
    with pytest.raises(InputError, match=r"99 losses say nothing about confidence 0\.99") as caught:
        tails(np.arange(99.0), [0.95, 0.99])
    assert caught.value.remedy == "Use at least 101."
