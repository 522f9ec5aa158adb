"""The verdict on two stored results: what allows a bound, and what does not."""

from dataclasses import replace
from typing import Any

import pytest

from core.names import JobState
from services.replay import Side, judged
from storage.columns import pack
from storage.jobs import Inputs, Stored
from tests.unit.services.test_wire import job

HERE = {"cpu": "A", "numpy": "2.2.0"}


def side(value: float = 1e6, *, environment: Any = HERE, parameters: Any = None, **facts: Any) -> Side:
    packed = pack({"currency": "USD", "initial_margin": value, "left": value - 1e6}, {})
    fields = {"state": JobState.DONE, "device": "cpu", "code_version": "1+a", "run_ms": 1.0}
    return Side(
        job=job(**{**fields, **facts}),
        stored=Stored(content_hash=packed.content_hash, columns=packed.data, environment=environment),
        inputs=Inputs(parameters=parameters or {"model": "house"}, market={}, content_hash="h", columns=None),
    )


def test_equal_digits_are_equal_whatever_else_differs() -> None:
    found = judged(side(), side(code_version="2+b", device="gpu", environment=None))
    assert found["verdict"] == "equal"
    assert [one["what"] for one in found["why"]] == ["code_version", "device", "environment.cpu", "environment.numpy"]


def test_a_digit_off_in_the_same_circumstances_is_different() -> None:
    found = judged(side(), side(1e6 + 1e-9))
    assert (found["verdict"], found["why"], found["bound"]) == ("different", [], None)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (side(1e6 + 1e-9, code_version="2+b"), "code_version"),
        (side(1e6 + 1e-9, environment={**HERE, "cpu": "B"}), "environment.cpu"),
        (side(1e6 + 1e-9, environment=None), "environment.cpu"),
        (side(1e6 + 1e-9, parameters={"model": "house", "version": "2"}), "parameters.version"),
    ],
)
def test_what_differs_is_named_and_allows_a_bound(other: Side, what: str) -> None:
    found = judged(side(), other)
    assert found["verdict"] == "equal_within"
    assert what in [one["what"] for one in found["why"]]
    assert found["bound"] == {"relative": 1e-9, "absolute": 1e-6}  # what is left of 1e6 - 1e6 has no share to speak of


def test_beyond_the_bound_is_different_and_says_why() -> None:
    found = judged(side(), side(1e6 + 1.0, code_version="2+b"))
    assert found["verdict"] == "different"
    assert "code_version" in found["reason"]
    assert [one["path"] for one in found["differences"]] == ["/left", "/initial_margin"]


def test_no_bound_is_made_up_for_devices_that_have_none() -> None:
    found = judged(side(), side(1e6 + 1e-9, device="gpu"))
    assert (found["verdict"], found["bound"]) == ("different", None)
    assert "no bound is stated" in found["reason"]


def test_both_sides_are_named() -> None:
    again = replace(side().job, code_version="2+b")
    found = judged(side(), replace(side(), job=again))
    assert (found["original"]["code_version"], found["replay"]["code_version"]) == ("1+a", "2+b")
    assert found["original"]["environment"] == HERE


@pytest.mark.parametrize("of", ["original", "replay"])
def test_a_result_without_its_hash_is_different_whatever_its_digits_are(of: str) -> None:
    changed = replace(side(), stored=replace(side().stored, content_hash="0" * 64))
    other = side(code_version="2+b")  # another code would allow a bound
    found = judged(changed, other) if of == "original" else judged(other, changed)
    assert (found["verdict"], found["bound"], found["differing"]) == ("different", None, 0)
    assert f"result of the {of} does not have the hash" in found["reason"]
