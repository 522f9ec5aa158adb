"""The multiple that covers exactly the target share: by hand, by construction, and where there is none."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute.analysis.compare.equal_coverage import Side, multiplier, rank, saving_interval
from compute.portfolio import Floats

TARGETS = (0.5, 0.9, 0.95, 0.99)
REASONABLE = st.floats(1e-3, 1e6)


@st.composite
def paths(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Margins that are positive, and losses of which at least the larger half is positive."""
    count = draw(st.integers(120, 300))
    generator = np.random.default_rng(draw(st.integers(0, 10_000)))
    scale = draw(REASONABLE)
    margins = scale * generator.uniform(0.5, 2.0, count)
    return margins, scale * generator.permutation(np.linspace(-1.0, 4.0, count) * generator.uniform(0.9, 1.1, count))


def test_by_hand() -> None:
    """Of a hundred losses from 1 to 100 against a margin of 50, a multiple of 1.98 covers 99."""
    found = multiplier(np.full(100, 50.0), np.arange(1.0, 101.0), 0.99)
    assert (found.value, found.covered) == (99.0 / 50.0, 99)
    found = multiplier(np.full(200, 50.0), np.arange(1.0, 201.0), 0.95)
    assert (found.value, found.covered) == (190.0 / 50.0, 190)


def test_the_margin_of_each_date_counts() -> None:
    """Losses of 1, 2, 3, 4 against margins of 1, 1, 1, 8: the ratio of the last is the least, and 2 covers three."""
    found = multiplier(np.array([1.0, 1.0, 1.0, 8.0]), np.array([1.0, 2.0, 3.0, 4.0]), 0.75)
    assert (found.value, found.covered) == (2.0, 3)


@given(paths(), st.sampled_from(TARGETS))
def test_it_covers_exactly_the_target_and_nothing_less_does(path: tuple[Floats, Floats], target: float) -> None:
    margins, losses = path
    found = multiplier(margins, losses, target)
    assert found.value is not None
    covered = int((losses <= found.value * margins).sum())
    assert covered == found.covered == rank(target, losses.size) == math.ceil(round(target * losses.size, 6))
    assert (losses <= found.value * (1.0 - 1e-9) * margins).sum() < covered


@given(paths(), st.sampled_from(TARGETS), REASONABLE)
def test_margins_times_anything_need_the_less_of_it(path: tuple[Floats, Floats], target: float, factor: float) -> None:
    margins, losses = path
    one, other = multiplier(margins, losses, target), multiplier(factor * margins, losses, target)
    assert one.value is not None
    assert other.value is not None
    assert one.covered == other.covered
    assert other.value * factor == pytest.approx(one.value, rel=1e-12)


@given(paths(), st.sampled_from(TARGETS), st.randoms(use_true_random=False))
def test_the_order_of_dates_does_not_matter(path: tuple[Floats, Floats], target: float, random: object) -> None:
    margins, losses = path
    order = np.random.default_rng(random.randint(0, 99)).permutation(losses.size)  # type: ignore[attr-defined]
    assert multiplier(margins[order], losses[order], target) == multiplier(margins, losses, target)


def test_too_few_dates_have_none() -> None:
    found = multiplier(np.ones(100)[:99], np.arange(99.0), 0.99)
    assert found.value is None
    assert found.problem == "99 dates say nothing about a coverage of 0.99: at least 100 are needed."
    assert multiplier(np.ones(100), np.arange(100.0), 0.99).value == 98.0


def test_where_the_book_lost_nothing_there_is_none() -> None:
    losses = np.full(200, -1.0)
    losses[0] = 5.0
    found = multiplier(np.ones(200), losses, 0.99)
    assert found.value is None
    assert "lost nothing" in found.problem


def test_where_the_margin_is_zero_there_is_none_but_a_gain_is_covered() -> None:
    margins, losses = np.zeros(200), np.ones(200)
    assert "zero or less" in multiplier(margins, losses, 0.99).problem
    margins[:] = 1.0
    margins[:50] = 0.0
    losses[:50] = -1.0
    assert multiplier(margins, losses, 0.99).value == 1.0


def test_proportional_margins_save_nothing_in_any_resample() -> None:
    draw = np.random.default_rng(1)
    margins, losses = draw.uniform(1.0, 2.0, 250), draw.standard_normal(250)
    found = saving_interval(Side(margins=margins, today=1.5), Side(margins=4.0 * margins, today=6.0), losses, 0.95)
    assert found == pytest.approx((0.0, 0.0), abs=1e-12)


def test_the_interval_of_a_saving_holds_what_was_put_in_and_repeats() -> None:
    """One margin knows the volatility of its date, the other does not: at equal coverage of calm days it saves."""
    draw = np.random.default_rng(2)
    volatility = np.where(np.arange(1_000) % 10 == 0, 5.0, 1.0)
    losses = volatility * draw.standard_normal(1_000)
    flat, knowing = Side(margins=np.ones(1_000), today=1.0), Side(margins=volatility, today=1.0)
    found = saving_interval(flat, knowing, losses, 0.99)
    assert found is not None
    low, high = found
    plain, better = (multiplier(side.margins, losses, 0.99).value for side in (flat, knowing))
    assert plain is not None
    assert better is not None
    assert 0.3 < low < 1.0 - better / plain < high < 1.0
    assert saving_interval(flat, knowing, losses, 0.99) == found


def test_no_interval_where_a_resample_has_no_multiple() -> None:
    losses = np.full(200, -1.0)
    losses[:3] = 1.0
    side = Side(margins=np.ones(200), today=1.0)
    assert saving_interval(side, side, losses, 0.99) is None
