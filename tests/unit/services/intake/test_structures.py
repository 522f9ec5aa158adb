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


SPREADS = {"ONE": {"contracts": {"A": {"month": "2025-03"}}, "price_scan_range": 1.0, "calender_spreads": []}}

ARRAYS = {"risk_array_values": "profit", "risk_arrays": {"A/B": {"values": [1]}}}
PRODUCT = {"class_groups": ["A"], "offset_pct": 95}


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"model": "span"}, "/parameters/span_parameters"),
        ({"model": "span", "span_parameters": {"currency": "USD"}}, ""),
        (
            {"model": "span", "span_parameters": {"currency": "USD", "combined_commodities": SPREADS}},
            "/parameters/span_parameters/combined_commodities/ONE/calender_spreads",
        ),
        (
            {"model": "span", "span_parameters": {"currency": "USD", **ARRAYS}},
            "/parameters/span_parameters/risk_arrays/A~1B/values",
        ),
        (
            {"model": "portfolio_margin", "product_groups": {"product_groups": {"P": PRODUCT}}},
            "/parameters/product_groups/product_groups/P/offset_pct",
        ),
    ],
)
def test_what_a_model_cannot_use_is_refused_at_intake(given: dict[str, Any], pointer: str) -> None:
    if not pointer:
        assert read_parameters("margin", given)["span_parameters"] == given["span_parameters"]
        return
    with pytest.raises(InvalidInputError) as caught:
        read_parameters("margin", given)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]
    assert caught.value.faults[0].detail
