"""Structures as parameters: what can be stored passes as it is, everything else is named by its pointer."""

import math
from typing import Any

import pytest

from compute.measures import MEASURES, MeasureSpec
from compute.parameters import Kind, Parameter
from compute.result import Result
from services.errors import InvalidInputError
from services.intake.parameters import from_text, read_parameters
from services.intake.parse import parse

SPECS = {"file": Parameter(kind=Kind.STRUCTURE, default={}, doc="")}


@pytest.fixture(autouse=True)
def measure(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = MeasureSpec(kernel=lambda *_: Result(document={}), parameters=SPECS, work=lambda *_: 0.0)
    monkeypatch.setitem(MEASURES, "probe", spec)


@pytest.mark.parametrize("value", [{}, {"a": [1, 2.5, "x", "", None, True, {"b": {}}]}])
def test_any_object_passes_as_it_is(value: dict[str, Any]) -> None:
    assert read_parameters("probe", {"file": value})["file"] == value


def test_left_out_it_is_empty() -> None:
    assert read_parameters("probe", {})["file"] == {}


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ([1], ""),
        (from_text(SPECS["file"], "file.json"), ""),
        ({"a": {"b": [0, math.nan]}}, "/a/b/1"),
        ({"a": math.inf}, "/a"),
        ({"a": 10**400}, "/a"),
        ({"a/b": "x\u202ey"}, "/a~1b"),
        ({"a": "\x00"}, "/a"),
        ({"a": {"b\x00": 1}}, "/a"),
        (parse(b'{"a": NaN}'), "/a"),
        (parse(b'{"a": {"b": 1, "b": 2}}'), "/a"),
    ],
)
def test_what_cannot_be_stored_is_named(value: Any, pointer: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_parameters("probe", {"file": value})
    assert [fault.pointer for fault in caught.value.faults] == [f"/parameters/file{pointer}"]


def test_what_is_nested_too_deep_is_refused() -> None:
    value: dict[str, Any] = {}
    for _ in range(20):
        value = {"a": value}
    with pytest.raises(InvalidInputError, match="too deep"):
        read_parameters("probe", {"file": value})
