"""The two ways across, on games whose answer is known; sums closed to the last bit."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute.analysis.bridge.sides import Steps
from compute.analysis.bridge.walk import ROUNDING, closed, sequential, shapley
from compute.analysis.figures import Figures

NAMES = ["margin"]


def glove(steps: Steps) -> Figures:
    """One left glove and two right ones: a pair is worth 1 (Shapley values 2/3, 1/6, 1/6)."""
    return {"margin": float("left" in steps and bool({"right", "spare"} & steps))}


def test_shapley_of_the_glove_game() -> None:
    found = shapley(glove, ["left", "right", "spare"], NAMES)
    assert {step: one["margin"] for step, one in found.items()} == {
        "left": pytest.approx(2 / 3),
        "right": pytest.approx(1 / 6),
        "spare": pytest.approx(1 / 6),
    }


def test_sequential_depends_on_the_order_and_shapley_does_not() -> None:
    assert sequential(glove, ["left", "right", "spare"], NAMES)["right"]["margin"] == 1.0
    assert sequential(glove, ["right", "left", "spare"], NAMES)["right"]["margin"] == 0.0
    one = shapley(glove, ["left", "right", "spare"], NAMES)
    assert shapley(glove, ["spare", "left", "right"], NAMES) == {step: one[step] for step in ("spare", "left", "right")}


def test_a_figure_that_is_undefined_on_the_way_has_no_step() -> None:
    def value(steps: Steps) -> Figures:
        return {"margin": None if steps == {"b"} else float(len(steps))}

    assert sequential(value, ["a", "b"], NAMES) == {"a": {"margin": 1.0}, "b": {"margin": 1.0}}
    assert sequential(value, ["b", "a"], NAMES) == {"b": {"margin": None}, "a": {"margin": None}}
    assert shapley(value, ["a", "b"], NAMES) == {"a": {"margin": None}, "b": {"margin": None}}


@given(st.lists(st.floats(-1e12, 1e12, allow_subnormal=False), min_size=1, max_size=12))
def test_differences_of_any_path_are_closed_exactly(path: list[float]) -> None:
    path = [0.1, *path]
    steps = {str(place): after - before for place, (before, after) in enumerate(pairwise(path))}
    total = path[-1] - path[0]
    found = closed(steps, total)
    assert math.fsum(found.values()) == total
    scale = max(map(abs, path))
    assert all(abs(found[step] - steps[step]) <= 1e-12 * scale for step in steps)
    assert abs(found.get(ROUNDING, 0.0)) <= 1e-15 * scale


def test_what_no_step_has_a_digit_for_stands_by_itself() -> None:
    found = closed({"a": 0.9, "b": -1.0}, -0.1)
    assert (found["a"], found["b"]) == (0.9, -1.0)
    assert 0.0 < abs(found[ROUNDING]) < 1e-16


def test_nothing_is_closed_by_nothing() -> None:
    assert closed({}, 0.0) == {}
