"""Parameters from JSON values and from text, against specifications of every kind."""

import math
from typing import Any

import pytest

from compute.errors import InputError
from compute.measures import MEASURES, MeasureSpec
from compute.parameters import Kind, Parameter
from compute.result import Result
from services.errors import InvalidInputError
from services.intake.parameters import from_text, read_parameters

SPECS = {
    "model": Parameter(kind=Kind.TEXT, default="house", doc="", choices=("house", "SIMM")),
    "note": Parameter(kind=Kind.TEXT, default="", doc=""),
    "paths": Parameter(kind=Kind.INTEGER, default=10, doc="", minimum=1, maximum=1000),
    "seed": Parameter(kind=Kind.INTEGER, default=0, doc="", minimum=0, maximum=2**64 - 1),
    "decay": Parameter(kind=Kind.NUMBER, default=0.94, doc="", minimum=0.0, maximum=1.0),
    "fast": Parameter(kind=Kind.FLAG, default=True, doc=""),
    "confidence": Parameter(kind=Kind.NUMBERS, default=[0.99], doc="", minimum=0.5, maximum=0.999),
    "names": Parameter(kind=Kind.TEXTS, default=["all"], doc=""),
}


@pytest.fixture(autouse=True)
def measure(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = MeasureSpec(kernel=lambda *_: Result(document={}), parameters=SPECS, work=lambda *_: 0.0)
    monkeypatch.setitem(MEASURES, "probe", spec)


def test_defaults_are_filled_in() -> None:
    assert read_parameters("probe", {}) == {name: spec.default for name, spec in SPECS.items()}
    assert read_parameters("probe", {"paths": None})["paths"] == 10


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("model", "simm", "SIMM"),
        ("model", "House", "house"),
        ("note", "what I like", "what I like"),
        ("paths", 7, 7),
        ("paths", 7.0, 7),
        ("seed", 2**64 - 1, 2**64 - 1),
        ("decay", 1, 1.0),
        ("decay", 0.5, 0.5),
        ("fast", False, False),
        ("confidence", 0.95, [0.95]),
        ("confidence", [0.95, 0.99], [0.95, 0.99]),
        ("names", "one", ["one"]),
        ("names", ["one", "two"], ["one", "two"]),
    ],
)
def test_values_that_fit(name: str, value: Any, found: Any) -> None:
    read = read_parameters("probe", {name: value})[name]
    assert read == found
    assert type(read) is type(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "sim"),
        ("model", 1),
        ("note", "a\u202eb"),
        ("note", ["a"]),
        ("paths", 0),
        ("paths", 1001),
        ("paths", 7.5),
        ("paths", "7"),
        ("paths", True),
        ("paths", math.inf),
        ("paths", math.nan),
        ("seed", -1),
        ("seed", 2**64),
        ("decay", "0.5"),
        ("decay", math.nan),
        ("decay", -math.inf),
        ("decay", 1.0001),
        ("decay", 10**400),
        ("fast", 1),
        ("fast", "true"),
        ("confidence", []),
        ("confidence", [0.95, 0.95]),
        ("confidence", [0.95, "0.99"]),
        ("confidence", [0.95, 0.2]),
        ("confidence", [0.95, True]),
        ("confidence", {"a": 0.95}),
        ("confidence", [0.9] * 101),
        ("names", []),
        ("names", 3),
        ("names", ["one", 3]),
        ("names", ["one", "one"]),
        ("names", ["one", ""]),
        ("names", [f"n{index}" for index in range(201)]),
        ("modle", "house"),
    ],
)
def test_values_that_do_not_fit(name: str, value: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_parameters("probe", {name: value})
    (fault,) = caught.value.faults
    assert fault.pointer == f"/parameters/{name}"
    assert "number, and is a number" not in fault.detail


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999"])
def test_text_that_is_no_finite_number_is_refused_as_such(text: str) -> None:
    with pytest.raises(InvalidInputError, match="not a finite number"):
        read_parameters("probe", {"decay": from_text(SPECS["decay"], text)})


def test_all_that_do_not_fit_are_named_at_once_and_the_nearest_name_with_them() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_parameters("probe", {"modle": "house", "paths": "7", "decay": 2}, pointer="/p")
    assert [(fault.pointer, fault.remedy) for fault in caught.value.faults] == [
        ("/p/modle", "Did you mean model?"),
        ("/p/paths", "Send a whole number."),
        ("/p/decay", ""),
    ]


def test_an_unknown_measure_lists_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        read_parameters("magin", {})
    assert "margin" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("model", "SIMM", "SIMM"),
        ("note", "7", "7"),
        ("paths", "7", 7),
        ("decay", "0.5", 0.5),
        ("decay", "1e-2", 0.01),
        ("fast", "no", False),
        ("fast", "TRUE", True),
        ("confidence", "0.95", 0.95),
        ("confidence", "0.95, 0.99", [0.95, 0.99]),
        ("paths", "seven", "seven"),
        ("paths", "true", "true"),
        ("fast", "perhaps", "perhaps"),
        ("confidence", "0.95,", [0.95, ""]),
        ("names", "one, two", ["one", "two"]),
    ],
)
def test_text_is_what_it_stands_for_and_stays_text_where_it_fits_nothing(name: str, text: str, found: Any) -> None:
    assert from_text(SPECS[name], text) == found
    assert type(from_text(SPECS[name], text)) is type(found)


@pytest.mark.parametrize("name", ["margin", "optimise", "var", "noop"])
def test_the_defaults_of_every_measure_fit_their_own_specification(name: str) -> None:
    found = read_parameters(name, {})
    assert read_parameters(name, found) == found
