"""The grid of a schedule and the verdict about a tick."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.timing import EARLY_SECONDS, GRACE_SECONDS, Grid, Misfire, judge

HOUR = 3_600.0
intervals = st.integers(1_000, 86_400_000).map(lambda milliseconds: milliseconds / 1_000)
moments = st.floats(1.6e9, 1.9e9)


@given(every=intervals, now=moments)
def test_latest_moment_is_at_most_one_interval_ago(every: float, now: float) -> None:
    grid = Grid(every=every)
    assert -1e-5 <= now - grid.latest(now) <= every + 1e-5


def test_an_aligned_grid_lies_on_multiples_of_the_interval() -> None:
    assert Grid(every=300.0).latest(1_000_000_123.0) % 300.0 == 0.0


def test_an_anchored_grid_counts_from_its_creation() -> None:
    grid = Grid(every=60.0, anchor=1_000_000_007.0)
    assert grid.index(1_000_000_007.0) == 0
    assert grid.latest(1_000_000_130.0) == 1_000_000_127.0


@pytest.mark.parametrize("misfire", list(Misfire))
def test_a_tick_in_time_runs_under_every_policy(misfire: Misfire) -> None:
    verdict = judge(Grid(every=60.0), 600.2, misfire)
    assert (verdict.tick, verdict.runs) == (10, True)
    assert verdict.late == pytest.approx(0.2)


def test_a_late_tick_is_left_out_or_runs_once() -> None:
    late = 10 * HOUR + GRACE_SECONDS + 1.0
    assert not judge(Grid(every=HOUR), late, Misfire.SKIP).runs
    assert judge(Grid(every=HOUR), late, Misfire.RUN_ONCE).runs


def test_all_missed_ticks_collapse_into_one() -> None:
    grid = Grid(every=5.0)
    after_an_outage = {judge(grid, 1_000.0 + 60.0 + moment, Misfire.RUN_ONCE).tick for moment in (0.1, 0.2, 0.3)}
    assert len(after_an_outage) == 1


def test_a_scheduler_whose_clock_is_ahead_speaks_for_the_coming_tick() -> None:
    verdict = judge(Grid(every=60.0), 660.0 - EARLY_SECONDS / 2, Misfire.SKIP)
    assert (verdict.tick, verdict.late, verdict.runs) == (11, 0.0, True)


@given(every=intervals, index=st.integers(1, 10_000), first=st.floats(-0.1, 0.1), second=st.floats(-0.1, 0.1))
def test_two_schedulers_near_one_moment_mean_the_same_tick(
    every: float, index: int, first: float, second: float
) -> None:
    grid = Grid(every=every)
    moment = grid.moment(index)
    ticks = {judge(grid, moment + shift, Misfire.SKIP).tick for shift in (first, second)}
    assert ticks == {index}
