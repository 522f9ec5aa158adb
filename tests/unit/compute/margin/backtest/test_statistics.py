import math

import numpy as np
import pytest
from scipy import stats

from compute.margin.backtest.movement import greatest_rise, movement
from compute.margin.backtest.statistics import (
    christoffersen,
    conditional_coverage,
    coverage_tests,
    kupiec,
    traffic_light,
)


@pytest.mark.parametrize(("count", "days"), [(0, 250), (1, 250), (3, 255), (8, 1000), (40, 1000), (250, 250)])
def test_kupiec_is_the_ratio_of_binomial_likelihoods(count: int, days: int) -> None:
    found = kupiec(count, days, 0.01)
    ratio = 2 * (stats.binom.logpmf(count, days, count / days) - stats.binom.logpmf(count, days, 0.01))
    assert found.statistic == pytest.approx(ratio, abs=1e-9)
    assert found.p_value == pytest.approx(stats.chi2.sf(ratio, 1), rel=1e-9)


def test_kupiec_regions_of_his_paper() -> None:
    """Kupiec (1995), table 3, 5 % test, rate 0.01: fewer than 7 in 255 days; more than 1 and fewer than 11 in 510."""
    accepted = [n for n in range(60) if kupiec(n, 255, 0.01).p_value >= 0.05]
    assert max(accepted) == 6
    accepted = [n for n in range(60) if kupiec(n, 510, 0.01).p_value >= 0.05]
    assert (min(accepted), max(accepted)) == (2, 10)


def test_christoffersen_by_transitions() -> None:
    exceeded = np.array([0, 0, 1, 1, 0, 0, 0, 1, 0, 0], dtype=bool)
    # pairs: 00 00->4, 01->2, 11->1, 10->2
    quiet, loud, both = 2 / 6, 1 / 3, 3 / 9
    free = 4 * math.log(1 - quiet) + 2 * math.log(quiet) + 2 * math.log(1 - loud) + math.log(loud)
    bound = 6 * math.log(1 - both) + 3 * math.log(both)
    found = christoffersen(exceeded)
    assert found is not None
    assert found.statistic == pytest.approx(max(0.0, 2 * (free - bound)), abs=1e-12)
    clustered = christoffersen(np.array([0] * 90 + [1] * 10, dtype=bool))
    assert clustered is not None
    assert clustered.p_value < 1e-6
    assert clustered.p_value == pytest.approx(stats.chi2.sf(clustered.statistic, 1), rel=1e-9)


@pytest.mark.parametrize("exceeded", [[False] * 20, [True] * 20, [False] * 19 + [True]])
def test_independence_says_nothing_without_both_kinds_of_days(exceeded: list[bool]) -> None:
    assert christoffersen(np.array(exceeded)) is None
    assert conditional_coverage(kupiec(1, 20, 0.05), None) is None


def test_conditional_coverage_adds_the_two() -> None:
    exceeded = np.random.default_rng(5).random(1_000) < 0.02
    one, other = kupiec(int(exceeded.sum()), 1_000, 0.01), christoffersen(exceeded)
    assert other is not None
    both = conditional_coverage(one, other)
    assert both is not None
    assert both.statistic == pytest.approx(one.statistic + other.statistic)
    assert both.p_value == pytest.approx(stats.chi2.sf(both.statistic, 2), rel=1e-9)


def test_traffic_light_of_basel() -> None:
    """The framework of 1996, table 2, 250 days at 99 %: green to 4 exceptions, yellow from 5, red from 10."""
    zones = [traffic_light(count, 250, 0.01)["zone"] for count in range(13)]
    assert zones == ["green"] * 5 + ["yellow"] * 5 + ["red"] * 3
    table = {0: 0.0811, 1: 0.2858, 2: 0.5432, 3: 0.7581, 4: 0.8922, 5: 0.9588, 6: 0.9863, 7: 0.9960, 8: 0.9989}
    for count, cumulative in table.items():
        found = traffic_light(count, 250, 0.01)["cumulative_probability"]
        assert found == pytest.approx(cumulative, abs=5e-5)
        assert found == pytest.approx(stats.binom.cdf(count, 250, 0.01), rel=1e-12)


def test_the_light_shows_the_last_250_days() -> None:
    exceeded = np.zeros(1_000, dtype=bool)
    exceeded[:20] = True
    found = coverage_tests(exceeded, 0.01)
    assert found["exceedances"] == 20
    assert found["traffic_light"]["zone"] == "green"
    assert found["traffic_light"]["observations"] == 250
    assert found["traffic_light_of_all"]["zone"] == "yellow"
    assert found["coverage"] == pytest.approx(0.98)


def test_movement_by_hand() -> None:
    margin = np.array([100.0, 110.0, 80.0, 120.0, 90.0, 160.0, 150.0])
    dates = [f"2020-01-0{day}" for day in range(1, 8)]
    found = movement(margin, dates)
    assert found is not None
    assert found["peak_to_trough"] == pytest.approx(2.0)
    assert (found["peak_date"], found["trough_date"]) == ("2020-01-06", "2020-01-03")
    one, five = found["greatest_rises"]  # thirty days are more than there are
    assert (one["days"], one["from"], one["to"]) == (1, "2020-01-05", "2020-01-06")
    assert one["rise"] == pytest.approx(160 / 90 - 1)
    assert one["amount"] == pytest.approx(70.0)
    assert (five["days"], five["to"]) == (5, "2020-01-06")
    assert five["rise"] == pytest.approx(0.6)
    end, rise = greatest_rise(margin, 2)
    assert end == 6
    assert rise == pytest.approx(150 / 90 - 1)


def test_a_margin_of_zero_has_no_ratio() -> None:
    assert movement(np.array([0.0, 1.0]), ["a", "b"]) is None
