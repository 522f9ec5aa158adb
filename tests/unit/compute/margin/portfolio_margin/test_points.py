"""Valuation points, ranges, minimums and the overlay, against figures worked out by hand or by scipy."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from compute.errors import InputError
from tests.unit.compute.margin.portfolio_margin.accounts import calculate, option, requirement, stock

EXACT = 1e-12
CLOSED_FORM = 1e-9


def table(result, name: str, key: str) -> dict[str, dict]:
    columns = result.tables[name]
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return {row[key]: row for row in rows}


@pytest.mark.parametrize(
    ("more", "long", "short"),
    [
        ({}, 15.0, 15.0),
        ({"index_class": "narrow"}, 15.0, 15.0),
        ({"index_class": "broad"}, 10.0, 10.0),
        ({"instrument": "etf", "leverage": 3.0}, 45.0, 45.0),
        ({"instrument": "etf", "leverage": -2.0}, 30.0, 30.0),
        ({"symbol": "EUR/USD", "asset_class": "fx", "instrument": "fx"}, 20.0, 20.0),
    ],
)
def test_range_of_one_underlying(more: dict, long: float, short: float) -> None:
    assert requirement({**stock("A", 10.0, 10.0), **more}) == pytest.approx(long, rel=EXACT)
    assert requirement({**stock("A", -10.0, 10.0), **more}) == pytest.approx(short, rel=EXACT)


def test_a_high_cap_index_falls_by_eight_and_rises_by_six() -> None:
    file = {"class_groups": {"SPX": {"underlyings": ["SPY"], "range": "high_cap_broad_index"}}}
    assert requirement(stock("SPY", 10.0, 10.0), product_groups=file) == pytest.approx(8.0, rel=EXACT)
    assert requirement(stock("SPY", -10.0, 10.0), product_groups=file) == pytest.approx(6.0, rel=EXACT)


def test_ten_points_in_equal_steps() -> None:
    row = table(calculate(stock("A", 1.0, 100.0)), "groups", "group")["A"]
    assert [row[f"up_{k}"] for k in range(1, 6)] == pytest.approx([3.0, 6.0, 9.0, 12.0, 15.0], rel=EXACT)
    assert [row[f"down_{k}"] for k in range(1, 6)] == pytest.approx([-3.0, -6.0, -9.0, -12.0, -15.0], rel=EXACT)
    assert row["worst_point"] == "down_5"


def call(spot: float, strike: float, years: float, vol: float) -> float:
    spread = vol * math.sqrt(years)
    above = (math.log(spot / strike) + 0.5 * spread * spread) / spread
    return float(spot * norm.cdf(above) - strike * norm.cdf(above - spread))


def test_options_are_revalued_in_full_at_each_point() -> None:
    years = 90 / 365
    row = table(calculate(option("A", -2.0, 100.0, 98.0)), "groups", "group")["A"]
    for name, move in {"up_1": 0.03, "up_5": 0.15, "down_2": -0.06}.items():
        gain = -200.0 * (call(98.0 * (1 + move), 100.0, years, 0.25) - call(98.0, 100.0, years, 0.25))
        assert row[name] == pytest.approx(gain, rel=CLOSED_FORM)


def test_a_class_group_nets_in_full_and_the_minimum_stands_under_it() -> None:
    box = [
        option("A", sign * size, strike, 98.0, option_type=kind)
        for sign, kind in ((3.0, "call"), (-3.0, "put"))
        for size, strike in ((1.0, 90.0), (-1.0, 100.0))
    ]
    assert requirement(*box) == pytest.approx(12 * 37.5, rel=EXACT)
    assert requirement(option("A", 3.0, 100.0, 98.0), option("A", -3.0, 100.0, 98.0)) == 0.0


def test_the_minimum_is_of_contracts_alone_and_in_dollars() -> None:
    assert requirement(stock("A", 1.0, 100.0), stock("A", -1.0, 100.0)) == 0.0
    fields = {"currency": "EUR", "fx": {"EUR/USD": 1.25}}
    found = calculate(option("A", -2.0, 900.0, 98.0), fields=fields).document
    assert found["initial_margin"] == pytest.approx(2 * 37.5 / 1.25, rel=EXACT)


def test_product_groups_count_gains_by_their_offset() -> None:
    file = {
        "class_groups": {
            "SPX": {"underlyings": ["SPY"], "range": "high_cap_broad_index"},
            "NDX": {"underlyings": ["QQQ"], "range": "non_high_cap_broad_index"},
        },
        "product_groups": {"BROAD": {"class_groups": ["SPX", "NDX"], "offset_pct": 90}},
    }
    found = calculate(stock("SPY", 100.0, 10.0), stock("QQQ", -100.0, 10.0), product_groups=file)
    # Up: -100 + 0.9 * 60; down: -80 + 0.9 * 100.
    assert found.document["initial_margin"] == pytest.approx(46.0, rel=EXACT)
    assert found.document["breakdown"]["offsets"] == pytest.approx(180.0 - 46.0, rel=EXACT)
    row = table(found, "groups", "group")["BROAD"]
    assert (row["worst_point"], row["down_5"]) == ("up_5", pytest.approx(10.0, rel=EXACT))


def test_portfolio_groups_count_the_gains_of_product_groups() -> None:
    file = {
        "product_groups": {
            "ONE": {"class_groups": ["A"], "offset_pct": 90},
            "TWO": {"class_groups": ["B"], "offset_pct": 90},
        },
        "portfolio_groups": {"ALL": {"product_groups": ["ONE", "TWO"], "offset_pct": 50}},
    }
    found = requirement(stock("A", 10.0, 10.0), stock("B", -10.0, 10.0), product_groups=file)
    assert found == pytest.approx(15.0 - 0.5 * 0.9 * 15.0, rel=EXACT)


def test_a_fund_that_falls_where_others_rise_offsets_them() -> None:
    file = {"product_groups": {"P": {"class_groups": ["A", "INV"], "offset_pct": 80}}}
    inverse = stock("INV", 10.0, 10.0, leverage=-1.0, instrument="etf")
    assert requirement(stock("A", 10.0, 10.0), inverse, product_groups=file) == pytest.approx(3.0, rel=EXACT)


def test_the_overlay_takes_the_two_riskiest_names() -> None:
    legs = [stock(name, size, 1.0) for name, size in (("A", 100.0), ("B", -300.0), ("C", 200.0))]
    index = stock("I", 1000.0, 1.0, index_class="broad")
    found = calculate(*legs, index, concentration_range_pct=30.0)
    assert found.document["breakdown"]["concentrated_names"] == ["B", "C"]
    assert found.document["breakdown"]["concentration"] == pytest.approx(75.0, rel=EXACT)
    assert found.document["initial_margin"] == pytest.approx(15.0 + 90.0 + 60.0 + 100.0, rel=EXACT)


def test_positions_at_the_worst_point_add_up_to_the_loss() -> None:
    found = calculate(
        stock("A", -100.0, 98.0), option("A", 1.0, 95.0, 98.0), stock("B", 5.0, 10.0), concentration_range_pct=25.0
    )
    positions, groups = found.tables["positions"], table(found, "groups", "group")
    for name, row in groups.items():
        gain = sum(g for g, of in zip(positions["profit_and_loss"], positions["group"], strict=True) if of == name)
        assert -gain == pytest.approx(row["worst_loss"], rel=EXACT)


def test_minimum_equity() -> None:
    swap = {"symbol": "S", "asset_class": "equity", "instrument": "generic", "price": 1.0, "delta": 1.0}
    for legs, monitoring, amount in (
        ([stock("A", 1.0, 1.0)], "intraday", 100_000.0),
        ([stock("A", 1.0, 1.0)], "other", 150_000.0),
        ([swap], "intraday", 5_000_000.0),
    ):
        assert calculate(*legs, monitoring=monitoring).document["minimum_equity"] == amount


def test_open_figures_are_flagged() -> None:
    found = calculate(stock("A", 1.0, 1.0)).document["parameter_set"]
    assert "minimum_equity_usd.other" in found["unverified"]


def test_an_empty_account_needs_nothing() -> None:
    found = calculate(concentration_range_pct=30.0)
    assert found.document["initial_margin"] == 0.0
    assert len(found.tables["groups"]["group"]) == 0


@pytest.mark.parametrize(
    ("legs", "pointer"),
    [
        ([stock("A", 1.0, 1.0), {"symbol": "T", "asset_class": "bond"}], "/portfolio/positions/1/asset_class"),
        ([{"symbol": "BTC", "asset_class": "crypto", "price": 1.0}], "/portfolio/positions/0/asset_class"),
        ([stock("A", 1.0, 1.0, leverage=2.0), stock("A", 1.0, 1.0, leverage=3.0)], "/portfolio/positions/1/leverage"),
        (
            [stock("A", 1.0, 1.0, index_class="broad"), stock("A", 1.0, 1.0, index_class="narrow")],
            "/portfolio/positions/1/index_class",
        ),
        ([option("A", 1.0, 100.0, np.nan)], "/portfolio/positions/0/underlying_price"),
    ],
)
def test_what_will_not_do_is_named(legs: list, pointer: str) -> None:
    with pytest.raises(InputError) as caught:
        calculate(*legs)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    ("file", "pointer"),
    [
        ({"clas_groups": {}}, "/clas_groups"),
        ({"class_groups": []}, "/class_groups"),
        ({"class_groups": {"A": {}}}, "/class_groups/A/range"),
        ({"class_groups": {"A": {"range": "wide"}}}, "/class_groups/A/range"),
        ({"class_groups": {"A": {"range": "unlisted", "leverage": {"B": 2}}}}, "/class_groups/A/leverage/B"),
        ({"class_groups": {"A": {"range": "unlisted", "leverage": {"A": 0}}}}, "/class_groups/A/leverage/A"),
        ({"product_groups": {"P": {"class_groups": ["A"], "offset_pct": 91}}}, "/product_groups/P/offset_pct"),
        ({"product_groups": {"P": {"class_groups": ["A"]}}}, "/product_groups/P/offset_pct"),
        ({"product_groups": {"P": {"class_groups": "A", "offset_pct": 1}}}, "/product_groups/P/class_groups"),
        (
            {"portfolio_groups": {"X/Y": {"product_groups": ["P"], "offset_pct": 1}}},
            "/portfolio_groups/X~1Y",
        ),
        (
            {
                "product_groups": {
                    "P": {"class_groups": ["A"], "offset_pct": 1},
                    "Q": {"class_groups": ["A"], "offset_pct": 1},
                }
            },
            "/product_groups/Q/class_groups",
        ),
    ],
)
def test_a_file_that_will_not_do_is_answered_by_pointer(file: dict, pointer: str) -> None:
    with pytest.raises(InputError) as caught:
        calculate(stock("A", 1.0, 1.0), product_groups=file)
    assert caught.value.pointer == f"/parameters/product_groups{pointer}"
