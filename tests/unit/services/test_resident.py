"""Portfolios held ready: by version, within the bound, the least recently used given up."""

from functools import partial

import numpy as np

from services.resident import Residents
from tests.unit.compute.analysis.books import random_book


def test_another_version_is_never_answered_and_replaces_the_one_held():
    residents = Residents(10_000)
    first = residents.keep("t", "a", 1, random_book(10, 1))
    assert residents.get("t", "a", 1) is first
    assert residents.get("t", "a", 2) is None
    assert residents.get("other", "a", 1) is None
    residents.keep("t", "a", 2, random_book(10, 2))
    assert residents.get("t", "a", 1) is None
    assert len(residents) == 1


def test_the_least_recently_used_makes_room():
    residents = Residents(2_500)
    for name in "ab":
        residents.keep("t", name, 1, random_book(10, 1))
    residents.get("t", "a", 1)
    residents.keep("t", "c", 1, random_book(10, 1))
    assert residents.get("t", "b", 1) is None
    assert residents.get("t", "a", 1) is not None
    assert residents.get("t", "c", 1) is not None


def test_what_is_larger_than_all_the_room_is_not_held_nor_pushes_out_others():
    residents = Residents(1_500)
    residents.keep("t", "a", 1, random_book(10, 1))
    assert residents.keep("t", "b", 1, random_book(1_600, 1)) is None
    assert residents.get("t", "a", 1) is not None


def test_books_without_positions_take_room_too_and_what_pricing_keeps_is_bounded():
    residents = Residents(3_000)
    for place in range(10):
        held = residents.keep("t", str(place), 1, random_book(1, 1))
    assert len(residents) == 3
    assert held is not None
    memo = held.known.pricing.gains
    for start in range(0, 5_000, 500):
        keys = np.arange(start, start + 500, dtype=np.float64)[:, None]
        assert memo.rows(keys, partial(np.take, keys, axis=0)).tolist() == keys.tolist()
        assert len(memo) <= 1_002
