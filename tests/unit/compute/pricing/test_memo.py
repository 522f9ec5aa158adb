"""A memo gives back the very bits, computes only what is new, and forgets within its bound."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks._option_book import book
from compute.pricing.book import greeks, prepare, reprice
from compute.pricing.memo import PricingMemo, RowMemo, digests

POINTS = np.linspace(-0.15, 0.15, 5)


def _gains(portfolio, memo=None, **more):
    found = prepare(portfolio, memo=memo)
    return reprice(found, np.tile(POINTS, (len(found.underlyings), 1)), memo=memo, **more)


@pytest.mark.parametrize("exercise", ["american", "european"])
def test_the_same_bits_as_without_in_any_order_and_quantity(exercise):
    portfolio, memo = book(30, 1, exercise=exercise), PricingMemo()
    assert np.array_equal(_gains(portfolio, memo), _gains(portfolio))
    turned = portfolio.take(np.arange(29, -1, -2))
    turned.numbers["quantity"][:] *= 3.0
    assert np.array_equal(_gains(turned, memo), _gains(turned))


def test_other_scenarios_are_other_rows():
    portfolio, memo = book(5, 2), PricingMemo()
    _gains(portfolio, memo)
    shifted = _gains(portfolio, memo, rate_shift=np.full(5, 0.01), time_shift_days=3.0)
    assert np.array_equal(shifted, _gains(portfolio, rate_shift=np.full(5, 0.01), time_shift_days=3.0))


def test_implied_volatilities_are_solved_once():
    portfolio = book(6, 3)
    priced = replace(
        portfolio,
        numbers={name: column for name, column in portfolio.numbers.items() if name != "implied_volatility"}
        | {"price": greeks(prepare(portfolio)).price},
    )
    memo = PricingMemo()
    first = prepare(priced, memo=memo)
    assert len(memo.volatilities) == 6
    assert np.array_equal(prepare(priced, memo=memo).vol, first.vol)
    assert np.array_equal(prepare(priced).vol, first.vol)


def test_only_rows_that_are_new_are_computed():
    memo, asked = RowMemo(), []

    def compute(rows):
        asked.append(rows.tolist())
        return keys[rows] * 2.0

    keys = np.array([[1.0, 2.0], [3.0, 4.0]])
    memo.rows(keys, compute)
    keys = np.array([[3.0, 4.0], [5.0, 6.0], [1.0, 2.0]])
    assert memo.rows(keys, compute).tolist() == (keys * 2.0).tolist()
    assert asked == [[0, 1], [1]]


def test_rows_of_one_digest_are_told_apart_by_their_inputs():
    memo = RowMemo()
    memo.rows(np.array([[1.0]]), lambda rows: np.full((rows.size, 1), 7.0))
    memo._digests = digests(np.array([[2.0]]))  # as if both had it
    assert memo.rows(np.array([[2.0]]), lambda rows: np.full((rows.size, 1), 8.0)).tolist() == [[8.0]]


def test_it_stays_within_its_bound():
    memo = RowMemo(most=10)
    for start in range(0, 40, 4):
        keys = np.arange(start, start + 4, dtype=np.float64)[:, None]
        assert memo.rows(keys, keys.__getitem__).tolist() == keys.tolist()
        assert len(memo) <= 10
