"""The services' errors: a code each, a sentence each, and what the problem handler needs."""

import inspect
from typing import Any

import pytest

from core.errors import Fault
from services import errors
from services.errors import InvalidInputError, NotFoundError, ServiceError, TooLargeError, UnparsableError

LEAVES = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, ServiceError)]


def test_every_error_has_its_own_code_and_stands_in_the_tree() -> None:
    codes = [leaf.code for leaf in LEAVES]
    assert len(set(codes)) == len(codes)
    for leaf in LEAVES:
        assert leaf.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("leaf", [leaf for leaf in LEAVES if leaf not in {InvalidInputError, NotFoundError}])
def test_every_error_says_a_sentence(leaf: type[ServiceError]) -> None:
    needs: dict[type[ServiceError], dict[str, Any]] = {
        TooLargeError: {"limit_bytes": 5},
        UnparsableError: {"detail": "It broke."},
    }
    assert leaf(**needs.get(leaf, {})).detail.endswith(".")


def test_one_fault_is_the_detail_and_many_are_counted() -> None:
    one = InvalidInputError.at("/a", "a is wrong.", remedy="Mend it.")
    assert (one.detail, one.remedy, one.faults[0].pointer) == ("a is wrong.", "Mend it.", "/a")
    many = InvalidInputError([Fault(detail="x."), Fault(detail="y.")], omitted=3)
    assert many.detail == "The input has 5 faults. The first 2 are listed, 3 more are not."


def test_what_is_not_found_is_named() -> None:
    error = NotFoundError("portfolio", "desk-7")
    assert (error.kind, error.name, error.detail) == ("portfolio", "desk-7", "There is no portfolio 'desk-7'.")
