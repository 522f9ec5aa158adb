"""Ours, the peer and the reference of the margin benchmark compute the same margin."""

import pytest

from benchmarks._house_book import book
from benchmarks._house_polars import PolarsHouse
from benchmarks._house_reference import margins
from benchmarks.margin_compute import difference, of
from compute.margin.columns import prepare
from compute.margin.requirement import requirement
from compute.margin.tables import house_set
from compute.market import Market

ROUNDING = 1e-11  # relative: the same sums in another order


@pytest.mark.parametrize("positions", [50, 2_000])
def test_three_ways_to_one_margin(positions):
    table = house_set()
    portfolio = book(table, positions=positions, symbols=positions // 3)
    columns = prepare(portfolio, Market(), table, history_first=False)
    exact = margins(portfolio, table)
    assert difference(of(requirement(columns, table)), exact) < ROUNDING
    assert difference(PolarsHouse(columns, table).run(), exact) < ROUNDING
