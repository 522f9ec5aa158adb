"""Single strategies by hand, from the paragraphs of the rules."""

import pytest

from tests.unit.compute.margin.reg_t.accounts import FAR, LEAP, NEAR, calculate, call, names, put, stock

CENT = 0.005


def check(rows, **expected):
    document = calculate(rows)
    for name, value in expected.items():
        assert document[name] == pytest.approx(value, abs=CENT), name
    return document


def test_long_stock():
    check([stock(100)], initial_margin=5000, maintenance_margin=2500, net_deposit=5000, minimum_equity=2000)


def test_minimum_equity_is_the_price_of_a_small_purchase():
    check([stock(10, 50.0)], minimum_equity=500)
    check([stock(-10, 50.0)], minimum_equity=2000)
    check([], minimum_equity=0, initial_margin=0)


@pytest.mark.parametrize(
    ("price", "initial", "maintenance"),
    [(100.0, 150.0, 30.0), (10.0, 15.0, 5.0), (6.0, 11.0, 5.0), (4.0, 8.0, 4.0), (2.0, 4.5, 2.5)],
)
def test_short_stock(price, initial, maintenance):
    document = check([stock(-100, price)], initial_margin=100 * initial, maintenance_margin=100 * maintenance)
    assert document["short_sale_proceeds"] == pytest.approx(100 * price)


@pytest.mark.parametrize(
    ("leverage", "initial", "maintenance"), [(1.5, 50, 37.5), (2, 50, 50), (3, 75, 75), (5, 100, 100)]
)
def test_leveraged_long(leverage, initial, maintenance):
    check([stock(100, leverage=leverage)], initial_margin=100 * initial, maintenance_margin=100 * maintenance)


@pytest.mark.parametrize(("leverage", "maintenance"), [(1, 30), (2, 60), (3, 90), (-3, 90), (5, 150)])
def test_leveraged_short_has_no_cap(leverage, maintenance):
    check(
        [stock(-100, leverage=leverage)],
        maintenance_margin=100 * maintenance,
        initial_margin=max(15000, 10000 + 100 * maintenance),
    )


def test_long_option_within_nine_months_is_paid_in_full():
    check([call(2, 105, 4.0, expiry="2026-12-02")], initial_margin=800, maintenance_margin=800, net_deposit=800)
    check([call(2, 105, 4.0, expiry="2026-12-03")], initial_margin=600, maintenance_margin=600, net_deposit=600)


@pytest.mark.parametrize(("index_class", "share"), [(None, 20.0), ("narrow", 20.0), ("broad", 15.0)])
def test_uncovered_call_by_class(index_class, share):
    check([call(-1, 105, 2.0, index_class=index_class)], initial_margin=200 + 100 * max(share - 5, 10))


def test_straddle_is_the_greater_side_and_the_other_premium():
    document = check(
        [call(-2, 100, 3.0), put(-2, 100, 4.0)], initial_margin=2 * (2000 + 400 + 300), net_deposit=2 * 2000
    )
    assert names(document) == ["short_straddle"]


@pytest.mark.parametrize(
    ("rows", "name", "margin"),
    [
        ([call(1, 100, 5.0), call(-1, 105, 3.0)], "vertical_spread", 200),
        ([call(-1, 100, 5.0), call(1, 105, 3.0)], "vertical_spread", 300),
        ([put(1, 95, 2.0, expiry=FAR), put(-1, 95, 1.0)], "calendar_spread", 100),
        ([put(1, 90, 2.0, expiry=FAR), put(-1, 95, 1.0)], "diagonal_spread", 600),
        ([call(1, 95, 8.0), call(-2, 100, 4.0), call(1, 105, 2.0)], "long_butterfly", 200),
        ([call(-1, 95, 8.0), call(2, 100, 4.0), call(-1, 105, 2.0)], "short_butterfly", 300),
        ([call(1, 90, 12.0), call(-1, 95, 8.0), call(-1, 100, 5.0), call(1, 105, 2.0)], "long_condor", 100),
        ([call(-1, 90, 12.0), call(1, 95, 8.0), call(1, 100, 5.0), call(-1, 105, 2.0)], "short_condor", 400),
        ([put(1, 90, 1.0), put(-1, 95, 2.0), call(-1, 105, 2.5), call(1, 115, 0.5)], "iron_condor", 700),
        ([put(1, 90, 1.0), put(-1, 100, 4.0), call(-1, 100, 4.0), call(1, 110, 1.0)], "iron_butterfly", 400),
        ([put(-1, 90, 1.0), put(1, 95, 2.0), call(1, 105, 2.5), call(-1, 115, 0.5)], "reverse_iron_condor", 300),
        ([call(1, 95, 8.0), call(-1, 105, 3.0), put(1, 105, 8.0), put(-1, 95, 3.5)], "long_box", 950),
        ([call(-1, 95, 8.0), call(1, 105, 3.0), put(-1, 105, 8.0), put(1, 95, 3.5)], "short_box", 50),
        (
            [call(1, 95, 8.0), call(-2, 100, 4.0), call(1, 105, 3.0, expiry=FAR)],
            "calendar_long_butterfly",
            300,
        ),
    ],
)
def test_spreads_are_stated_net_at_their_maximum_loss(rows, name, margin):
    document = check(rows, initial_margin=margin, net_deposit=margin, maintenance_margin=margin)
    assert names(document) == [name]


def test_wide_spread_is_charged_as_uncovered():
    """The lesser of 2,000 + 4.00 uncovered and 50.00 wide; the long is paid, the proceeds are applied."""
    document = check([put(-1, 100, 4.0), put(1, 50, 0.2)], initial_margin=2000 + 20, net_deposit=2020)
    assert names(document) == ["vertical_spread"]


def test_long_that_expires_first_covers_nothing():
    document = calculate([call(1, 95, 7.0), call(-1, 100, 5.0, expiry=FAR)])
    assert names(document) == ["long_call", "short_call"]


def test_styles_do_not_mix_in_a_spread():
    document = calculate([call(1, 95, 7.0, exercise="european"), call(-1, 100, 5.0)])
    assert names(document) == ["long_call", "short_call"]


def test_long_european_box_has_loan_value():
    style = {"exercise": "european"}
    rows = [call(1, 95, 8.0), call(-1, 105, 3.0), put(1, 105, 8.0), put(-1, 95, 3.5)]
    document = check([{**row, **style} for row in rows], initial_margin=500, maintenance_margin=500, net_deposit=500)
    assert document["strategies"][0]["rule"] == "50 % of the difference in strikes"


def test_covered_call():
    document = check(
        [stock(200), call(-1, 90, 12.0)],
        initial_margin=10000,
        net_deposit=10000 - 1200,
        maintenance_margin=0.25 * 90 * 100 + 2500,
    )
    assert names(document) == ["covered_call", "long_stock"]


def test_covered_put():
    check(
        [stock(-100), put(-1, 105, 7.0)],
        initial_margin=15000 + 500,
        net_deposit=15500 - 700,
        maintenance_margin=3000 + 500,
    )


def test_protective_put():
    document = check([stock(100), put(1, 95, 2.0)], initial_margin=5200, net_deposit=5200, maintenance_margin=950 + 500)
    assert names(document) == ["protective_put"]


def test_long_call_and_short_stock():
    document = check([stock(-100), call(1, 105, 2.0)], initial_margin=15200, maintenance_margin=1050 + 500)
    assert names(document) == ["long_call_short_stock"]


def test_conversion_and_collar():
    document = check([stock(100), put(1, 100, 3.0), call(-1, 100, 4.0)], initial_margin=5300, maintenance_margin=1000)
    assert names(document) == ["conversion"]
    document = check(
        [stock(100), put(1, 95, 2.0), call(-1, 110, 1.0)], initial_margin=5200, maintenance_margin=950 + 500
    )
    assert names(document) == ["collar"]


def test_reverse_conversion():
    document = check(
        [stock(-100), call(1, 105, 2.0), put(-1, 105, 7.0)],
        initial_margin=15000 + 200 + 500,
        maintenance_margin=1050 + 500,
    )
    assert names(document) == ["reverse_conversion"]


def test_equal_series_are_netted_and_stock_bought_back_is_gone():
    check([call(2, 105, 4.0), call(-2, 105, 3.0), stock(50), stock(-50)], initial_margin=0, minimum_equity=0)


def test_the_pairing_is_not_greedy():
    """The nearest strike for the first short would leave the second uncovered."""
    rows = [call(-1, 100, 5.0), call(-1, 110, 2.0, expiry=FAR), call(1, 105, 4.0, expiry=FAR), call(1, 115, 0.5)]
    assert calculate(rows)["net_deposit"] == pytest.approx(1500 - 250)


def bond(quantity, price, **more):
    return {"symbol": "B", "asset_class": "bond", "instrument": "bond", "quantity": quantity, "price": price, **more}


@pytest.mark.parametrize(
    ("terms", "rate"),
    [
        ({"issuer": "US Treasury", "maturity": "2026-09-01"}, 0.01),
        ({"issuer": "US Treasury", "maturity": "2028-03-02"}, 0.02),
        ({"issuer": "US Treasury", "maturity": "2036-03-05"}, 0.05),
        ({"issuer": "US Treasury", "maturity": "2056-03-05"}, 0.06),
        ({"sector": "municipal"}, 0.07),
        ({"sector": "exempt"}, 0.07),
        ({"rating": "BBB-"}, 0.10),
        ({"rating": "BB+"}, 0.20),
        ({}, 0.20),
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_bonds(terms, rate, side):
    check([bond(side * 100, 98.0, **terms)], initial_margin=rate * 9800, maintenance_margin=rate * 9800)


def test_bonds_with_a_floor_on_principal():
    check([bond(100, 20.0, rating="CCC")], initial_margin=0.07 * 10000)
    zero = {"issuer": "US Treasury", "maturity": "2036-01-05", "coupon": 0.0}
    check([bond(100, 60.0, **zero)], initial_margin=0.03 * 10000)


def test_leap_on_stock_keeps_its_loan_value():
    check([stock(100), call(1, 110, 12.0, expiry=LEAP)], initial_margin=5000 + 900)


def test_amounts_are_in_the_base_currency():
    rows = [{**row, "currency": "EUR"} for row in (stock(100), call(-1, 105, 2.0), stock(-100, 2.0, symbol="LOW"))]
    document = calculate(rows, fx={"EUR/USD": 1.25})
    assert document["initial_margin"] == pytest.approx(1.25 * 5000 + 250 + 250 * 1.0, abs=CENT)


def test_mixed_currencies_do_not_pair():
    rows = [stock(100, currency="EUR"), call(-1, 105, 2.0, expiry=NEAR)]
    assert names(calculate(rows, fx={"EUR/USD": 1.25})) == ["long_stock", "short_call"]


def test_unlike_multipliers_do_not_pair():
    rows = [call(1, 95, 7.0), call(-10, 100, 5.0, multiplier=10.0), put(-10, 100, 5.0, multiplier=10.0)]
    assert names(calculate(rows)) == ["long_call", "short_straddle"]
    assert "short_call" in names(calculate([call(-1, 100, 5.0), put(-10, 100, 5.0, multiplier=10.0)]))


def test_an_adjusted_contract_is_covered_by_its_own_shares():
    assert names(calculate([stock(150), call(-1, 105, 2.0, multiplier=150.0)])) == ["covered_call"]
    assert names(calculate([stock(149), call(-1, 105, 2.0, multiplier=150.0)])) == ["long_stock", "short_call"]


def test_a_worthless_option_and_an_account_of_millions_of_contracts():
    assert calculate([call(1, 105, 0.0)])["net_deposit"] == 0.0
    rows = [call(9_000_000, 95, 7.0), call(-9_000_000, 100, 5.0)]
    found = calculate(rows)
    assert found["net_deposit"] == pytest.approx(9_000_000 * 200.0)
    assert found["pairing"]["optimal"]
    assert found["pairing"]["lower_bound"] == pytest.approx(found["net_deposit"])
