"""Portfolios held ready: by version, within the bound, the least recently used given up."""

from services.resident import Residents
from tests.unit.compute.analysis.books import random_book


def test_another_version_is_never_answered_and_replaces_the_one_held():
    residents = Residents(100)
    first = residents.keep("t", "a", 1, random_book(10, 1))
    assert residents.get("t", "a", 1) is first
    assert residents.get("t", "a", 2) is None
    assert residents.get("other", "a", 1) is None
    residents.keep("t", "a", 2, random_book(10, 2))
    assert residents.get("t", "a", 1) is None
    assert len(residents) == 1


def test_the_least_recently_used_makes_room():
    residents = Residents(25)
    for name in "ab":
        residents.keep("t", name, 1, random_book(10, 1))
    residents.get("t", "a", 1)
    residents.keep("t", "c", 1, random_book(10, 1))
    assert residents.get("t", "b", 1) is None
    assert residents.get("t", "a", 1) is not None
    assert residents.get("t", "c", 1) is not None


def test_what_is_larger_than_all_the_room_is_not_held_nor_pushes_out_others():
    residents = Residents(15)
    residents.keep("t", "a", 1, random_book(10, 1))
    assert residents.keep("t", "b", 1, random_book(16, 1)) is None
    assert residents.get("t", "a", 1) is not None
