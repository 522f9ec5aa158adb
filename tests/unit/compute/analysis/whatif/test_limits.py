"""Limits pass or fail with a reason; what contradicts itself or names nothing is refused."""

import pytest

from compute.analysis.whatif.limits import judged, read_limits
from compute.errors import InputError


def test_bounds_are_inclusive_and_failures_say_by_how_much():
    limits = read_limits({"utilization": {"max": 0.5}, "initial_margin": {"min": 10, "max_change": 1}})
    passed, failed = judged(limits, {"utilization": 0.5, "initial_margin": 9.0}, {"initial_margin": 3.0})
    assert passed["passed"]
    assert not failed["passed"]
    assert "below 10 by 1." in failed["reason"]
    assert "above 1 by 2." in failed["reason"]


def test_an_undefined_figure_passes_nothing():
    (verdict,) = judged(read_limits({"utilization": {"max": 0.5}}), {"utilization": None}, {})
    assert not verdict["passed"]
    assert "undefined" in verdict["reason"]


@pytest.mark.parametrize(
    ("limits", "pointer"),
    [
        ({"utilisation": {"max": 1}}, "/parameters/limits/utilisation"),
        ({"utilization": {}}, "/parameters/limits/utilization"),
        ({"utilization": {"max": "1"}}, "/parameters/limits/utilization/max"),
        ({"utilization": {"max": 1, "mox": 2}}, "/parameters/limits/utilization/mox"),
        ({"utilization": {"min": 2, "max": 1}}, "/parameters/limits/utilization/min"),
        ({"utilization": {"min_change": 2, "max_change": 1}}, "/parameters/limits/utilization/min_change"),
        ({"utilization": 3}, "/parameters/limits/utilization"),
    ],
)
def test_what_makes_no_limit_is_named(limits, pointer):
    with pytest.raises(InputError) as caught:
        read_limits(limits)
    assert caught.value.pointer == pointer
