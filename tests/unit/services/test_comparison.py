"""Two results side by side: every value counts, every difference has its path, bounds hold to the letter."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.comparison import Bound, Parts, compare, largest_number

NEXT_TO_ONE = float(np.nextafter(1.0, 2.0))


def parts(document: Any = None, **tables: Any) -> Parts:
    return document or {}, tables


def test_a_result_equals_itself_and_every_value_is_counted() -> None:
    one = parts({"a": 1.5, "b": {"c": [1, "x", None]}, "d": {}}, rows={"id": ["p", "q"], "v": np.array([1.0, -0.0])})
    found = compare(one, one, None)
    assert (found.values, found.differing, found.largest) == (9, 0, ())


@pytest.mark.parametrize(
    ("original", "replay", "path"),
    [
        (parts({"a": 1.0}), parts({"a": NEXT_TO_ONE}), "/a"),
        (parts({"a": 0.0}), parts({"a": -0.0}), "/a"),
        (parts({"a": [{"b": 1.0}]}), parts({"a": [{"b": 2.0}]}), "/a/0/b"),
        (parts({"a": None}), parts({"a": 0.0}), "/a"),
        (parts({"a": True}), parts({"a": 1}), "/a"),
        (parts({"a": 1.0}), parts({}), "/a"),
        (parts({}), parts({"a/b~c": 1.0}), "/a~1b~0c"),
        (parts(rows={"v": np.array([1.0, 2.0])}), parts(rows={"v": np.array([1.0, 2.5])}), "/rows/1/v"),
        (parts(rows={"v": np.array([0.0])}), parts(rows={"v": np.array([-0.0])}), "/rows/0/v"),
        (parts(rows={"v": np.array([1.0, 2.0])}), parts(rows={"v": np.array([1.0])}), "/rows/1/v"),
        (parts(rows={"v": ["x", "y"]}), parts(rows={"v": ["x", "z"]}), "/rows/1/v"),
        (parts(rows={"v": ["x"]}), parts(), "/rows/0/v"),
    ],
)
def test_every_difference_is_named_by_its_path(original: Parts, replay: Parts, path: str) -> None:
    found = compare(original, replay, None)
    assert [one.path for one in found.largest] == [path]
    assert (found.differing, found.beyond) == (1, 1)


def test_the_bound_is_of_the_larger_number_or_absolute() -> None:
    bound = Bound(relative=1e-9, absolute=1e-3)
    original = {"near": 1e9, "far": 1e9, "left": 0.0, "more": 0.0}
    replay = {"near": 1e9 + 0.9, "far": 1e9 + 1.1, "left": 1e-3, "more": 1.1e-3}
    found = compare(parts(original), parts(replay), bound)
    assert (found.differing, found.beyond) == (4, 2)


def test_what_is_no_number_is_beyond_every_bound() -> None:
    found = compare(parts({"v": "2.5"}), parts({"v": "2.6"}), Bound(relative=1.0, absolute=1e9))
    assert found.beyond == 1
    assert found.largest[0].relative is None


def test_the_largest_differences_come_first_and_the_list_is_bounded() -> None:
    original = np.full(1_000, 1.0)
    replay = original + np.linspace(0.0, 1.0, 1_000)
    found = compare(parts({"word": "a"}, t={"v": original}), parts({"word": "b"}, t={"v": replay}), None)
    assert found.differing == 1_000
    assert [one.path for one in found.largest[:3]] == ["/word", "/t/999/v", "/t/998/v"]
    assert len(found.largest) == 20


def test_the_largest_number_of_a_result() -> None:
    assert largest_number(parts({"a": -7, "b": "9", "c": True}, t={"v": np.array([1.0, -8.0]), "id": ["x"]})) == 8.0
    assert largest_number(parts({}, t={"v": np.array([])})) == 0.0


FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(st.lists(FLOATS, min_size=1, max_size=30), st.lists(FLOATS, min_size=1, max_size=30))
def test_columns_and_lists_are_compared_alike(one: list[float], other: list[float]) -> None:
    columns = compare(parts(t={"v": np.array(one)}), parts(t={"v": np.array(other)}), None)
    lists = compare(parts({"v": one}), parts({"v": other}), None)
    assert (columns.values, columns.differing) == (lists.values, lists.differing)
    same = sum(repr(a) == repr(b) for a, b in zip(one, other, strict=False))
    assert columns.differing == max(len(one), len(other)) - same
