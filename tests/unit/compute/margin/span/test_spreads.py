"""Calendar charges, delivery, credits between commodities, minimums and option values, worked out by hand."""

import pytest

from compute.errors import InputError
from tests.unit.compute.margin.span.accounts import calculate, commodity, exchange, future, option, requirement

EXACT = 1e-12
POINT = 50.0
"""Value of one point of a future; a range of 30 points is 1,500 a contract."""
CALENDAR = [{"legs": [{"side": "A"}, {"side": "B"}], "charge": 100}]


def block(parameters, *positions, name="C"):
    return calculate(parameters, *positions).document["breakdown"]["combined_commodities"][name]


def test_a_calendar_spread_is_charged_for_each_pair_of_deltas() -> None:
    parameters = exchange(C=commodity("2024-03", "2024-05", "2024-07", calendar_spreads=CALENDAR))
    found = block(parameters, future("CH", 5.0, 400.0), future("CK", -3.0, 400.0), future("CN", -1.0, 400.0))
    assert found["scan_risk"] == pytest.approx(1_500.0, rel=EXACT)
    assert found["calendar_charge"] == pytest.approx(400.0, rel=EXACT)
    assert found["outright_deltas"] == {"2024-03": 1.0}
    assert found["maintenance_margin"] == pytest.approx(1_900.0, rel=EXACT)


def test_spreads_form_in_the_order_of_the_file() -> None:
    tiers = {"one": ["2024-03"], "two": ["2024-05"], "three": ["2024-07"]}
    pairs = [("one", "three", 70.0), ("one", "two", 40.0)]
    spreads = [
        {"legs": [{"tier": a, "side": "A"}, {"tier": b, "side": "B"}], "charge": charge} for a, b, charge in pairs
    ]
    parameters = exchange(C=commodity("2024-03", "2024-05", "2024-07", tiers=tiers, calendar_spreads=spreads))
    legs = (future("CH", -2.0, 400.0), future("CK", 2.0, 400.0), future("CN", 1.0, 400.0))
    found = block(parameters, *legs)
    assert [item["spreads"] for item in found["calendar_spreads"]] == [1.0, 1.0]
    assert found["calendar_charge"] == pytest.approx(110.0, rel=EXACT)


def test_a_butterfly_takes_two_deltas_of_its_middle() -> None:
    tiers = {"one": ["2024-03"], "two": ["2024-05"], "three": ["2024-07"]}
    legs = [
        {"tier": "one", "side": "A"},
        {"tier": "two", "side": "B", "deltas": 2},
        {"tier": "three", "side": "A"},
    ]
    parameters = exchange(
        C=commodity("2024-03", "2024-05", "2024-07", tiers=tiers, calendar_spreads=[{"legs": legs, "charge": 30}])
    )
    found = block(parameters, future("CH", 3.0, 400.0), future("CK", -5.0, 400.0), future("CN", 2.0, 400.0))
    assert found["calendar_spreads"][0]["spreads"] == 2.0
    assert found["outright_deltas"] == {"2024-03": 1.0, "2024-05": -1.0}


def test_delivery_counts_deltas_in_spreads_and_outright() -> None:
    spot = {"months": ["2024-03"], "per_spread": 7, "per_outright": 11}
    parameters = exchange(C=commodity("2024-03", "2024-05", calendar_spreads=CALENDAR, spot_month=spot))
    found = block(parameters, future("CH", 5.0, 400.0), future("CK", -3.0, 400.0))
    assert found["delivery_charge"] == pytest.approx(3 * 7 + 2 * 11, rel=EXACT)
    assert found["maintenance_margin"] == pytest.approx(3_000.0 + 300.0 + 43.0, rel=EXACT)


def test_credit_between_commodities() -> None:
    inter = [
        {
            "legs": [{"commodity": "C", "side": "A", "deltas": 2}, {"commodity": "S", "side": "B", "deltas": 1}],
            "credit_pct": 65,
        }
    ]
    parameters = exchange(inter=inter, C=commodity(), S=commodity(name="S", price_scan_range=80.0))
    found = calculate(parameters, future("CH", 5.0, 400.0), future("SH", -2.0, 900.0)).document["breakdown"]
    # Two spreads: 4 deltas of C at 1,500 and 2 of S at 4,000.
    assert found["inter_commodity_spreads"][0]["spreads"] == pytest.approx(2.0, rel=EXACT)
    assert found["combined_commodities"]["C"]["inter_commodity_credit"] == pytest.approx(3_900.0, rel=EXACT)
    assert found["combined_commodities"]["S"]["inter_commodity_credit"] == pytest.approx(5_200.0, rel=EXACT)
    assert found["risk"] == pytest.approx(7_500.0 + 8_000.0 - 9_100.0, rel=EXACT)
    same_way = (future("CH", 5.0, 400.0), future("SH", 2.0, 900.0))
    assert calculate(parameters, *same_way).document["breakdown"]["inter_commodity_credit"] == 0.0
    turned = (future("CH", -5.0, 400.0), future("SH", 2.0, 900.0))
    assert calculate(parameters, *turned).document["breakdown"]["inter_commodity_credit"] == pytest.approx(9_100.0)


def test_price_risk_leaves_volatility_and_time_out() -> None:
    inter = [{"legs": [{"commodity": "C", "side": "A"}, {"commodity": "S", "side": "B"}], "credit_pct": 50}]
    parameters = exchange(inter=inter, C=commodity(), S=commodity(name="S"))
    found = block(parameters, option("CH", -2.0, 410.0), future("SH", 1.0, 400.0))
    losses, active = found["scenario_losses"], found["active_scenario"] - 1
    assert active == 10
    price_risk = 0.5 * (losses[10] + losses[11]) - 0.5 * (losses[0] + losses[1])
    assert found["price_risk"] == pytest.approx(price_risk, rel=EXACT)
    assert found["price_risk"] < found["scan_risk"]
    assert found["inter_commodity_credit"] == pytest.approx(
        0.5 * price_risk / abs(found["net_delta"]) * min(1.0, abs(found["net_delta"])), rel=EXACT
    )


@pytest.mark.parametrize(("method", "minimum"), [("gross", 7 * 40.0), ("maximum", 5 * 40.0)])
def test_short_option_minimum(method: str, minimum: float) -> None:
    parameters = exchange(C=commodity(short_option_minimum=40, short_option_method=method))
    far = {"price": 0.0}
    low = {"price": 0.0, "option_type": "put"}
    found = requirement(
        parameters, option("CH", -6.0, 900.0, **far), option("CH", -2.0, 50.0, **low), option("CH", 1.0, 900.0, **far)
    )
    assert found == pytest.approx(minimum, rel=EXACT)


def test_short_option_minimum_as_a_share_of_the_underlying() -> None:
    parameters = exchange(C=commodity(short_option_minimum_pct=3.0))
    found = block(parameters, option("CH", -1.0, 900.0, price=0.0))
    assert found["short_option_minimum"] == pytest.approx(0.03 * 400.0 * POINT, rel=EXACT)


def test_the_value_of_options_stands_against_their_risk() -> None:
    parameters = exchange(C=commodity())
    long = block(parameters, option("CH", 1.0, 410.0, price=50.0))
    assert (long["net_option_value"], long["maintenance_margin"]) == (2_500.0, 0.0)
    short = block(parameters, option("CH", -1.0, 410.0, price=50.0))
    assert short["maintenance_margin"] == pytest.approx(short["risk"] + 2_500.0, rel=EXACT)
    margined = exchange(C=commodity(net_option_value=False))
    assert block(margined, option("CH", 1.0, 410.0))["net_option_value"] == 0.0


def test_amounts_in_another_currency_are_converted() -> None:
    spot = {"months": ["2024-03"], "per_outright": 11}
    parameters = exchange(C=commodity(currency="EUR", spot_month=spot))
    found = calculate(parameters, future("CH", 1.0, 400.0, currency="EUR"), fx={"EUR/USD": 2.0})
    assert found.document["initial_margin"] == pytest.approx(2.0 * 1_511.0, rel=EXACT)


def test_initial_margin_is_a_multiple_of_maintenance() -> None:
    found = calculate(exchange(C=commodity(), more={"initial_to_maintenance_ratio": 1.1}), future("CH", 1.0, 400.0))
    assert found.document["initial_margin"] == pytest.approx(1_650.0, rel=EXACT)
    assert found.document["maintenance_margin"] == pytest.approx(1_500.0, rel=EXACT)


def test_an_empty_account_needs_nothing() -> None:
    assert calculate(exchange(C=commodity())).document["initial_margin"] == 0.0


def test_open_figures_and_the_file_are_named() -> None:
    found = calculate(exchange(C=commodity(), more={"source": "x"}), future("CH", 1.0, 400.0)).document
    assert any("extreme_move of CME" in item for item in found["parameter_set"]["unverified"])
    assert found["parameter_set"]["exchange"]["source"] == "x"


ONE = {"CH": {"month": "2024-03"}}
ARRAY = {"values": [0] * 16}


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({}, ""),
        ({"combined_commodities": {}}, "/currency"),
        (exchange(C={"contracts": {}}), "/combined_commodities/C/contracts"),
        (exchange(C={"contracts": {"CH": {}}}), "/combined_commodities/C/contracts/CH/month"),
        (exchange(C={"contracts": ONE}), "/combined_commodities/C/price_scan_range"),
        (exchange(C={"contracts": ONE}, D={"contracts": ONE}), "/combined_commodities/D/contracts/CH"),
        (exchange(C=commodity(price_scan_pct=5)), "/combined_commodities/C/price_scan_pct"),
        (exchange(C=commodity(price_scan_range=-1)), "/combined_commodities/C/price_scan_range"),
        (exchange(C=commodity(price_scan_range=True)), "/combined_commodities/C/price_scan_range"),
        (exchange(C=commodity(extreme_fraction=1.5)), "/combined_commodities/C/extreme_fraction"),
        (exchange(C=commodity(volatility_scan=1)), "/combined_commodities/C/volatility_scan"),
        (exchange(C=commodity(net_option_value="no")), "/combined_commodities/C/net_option_value"),
        (exchange(C=commodity(short_option_method="net")), "/combined_commodities/C/short_option_method"),
        (exchange(C=commodity(tiers={"a": ["2024-04"]})), "/combined_commodities/C/tiers/a"),
        (exchange(C=commodity(tiers={"a": ["2024-03"], "b": ["2024-03"]})), "/combined_commodities/C/tiers/b"),
        (exchange(C=commodity(calendar_spreads=[{"charge": 1}])), "/combined_commodities/C/calendar_spreads/0/legs"),
        (
            exchange(C=commodity(calendar_spreads=[{"legs": [{"tier": "x", "side": "A"}], "charge": 1}])),
            "/combined_commodities/C/calendar_spreads/0/legs/0/tier",
        ),
        (exchange(C=commodity(spot_month={"months": ["2024-04"]})), "/combined_commodities/C/spot_month/months"),
        (
            exchange(C=commodity(), inter=[{"legs": [{"commodity": "X", "side": "A"}], "credit_pct": 1}]),
            "/inter_commodity_spreads/0/legs/0/commodity",
        ),
        (
            exchange(C=commodity(), inter=[{"legs": [{"commodity": "C", "side": s} for s in "AB"], "credit_pct": 1}]),
            "/inter_commodity_spreads/0/legs",
        ),
        (exchange(C=commodity(), more={"risk_arrays": {"A": ARRAY}}), "/risk_array_values"),
        (
            exchange(C=commodity(), more={"risk_array_values": "loss", "risk_arrays": {"A": {"values": [0] * 15}}}),
            "/risk_arrays/A/values",
        ),
        (
            exchange(
                C=commodity(), more={"risk_array_values": "loss", "risk_arrays": {"A": {"values": [0] * 15 + ["1"]}}}
            ),
            "/risk_arrays/A/values/15",
        ),
    ],
)
def test_a_file_that_will_not_do_is_answered_by_pointer(parameters, pointer: str) -> None:
    with pytest.raises(InputError) as caught:
        calculate(parameters, future("CH", 1.0, 400.0))
    assert caught.value.pointer == f"/parameters/span_parameters{pointer}"


@pytest.mark.parametrize(
    ("positions", "pointer"),
    [
        ([future("XX", 1.0, 1.0)], "/portfolio/positions/0/symbol"),
        ([option("XX", 1.0, 1.0)], "/portfolio/positions/0/underlying"),
        ([future("CH", 1.0, 1.0, currency="EUR")], "/portfolio/positions/0/currency"),
        ([future("CH", 1.0, 0.0)], "/portfolio/positions/0/price"),
        ([future("CH", 1.0, 400.0), option("CH", 1.0, 1.0, underlying_price=300.0)],
         "/portfolio/positions/1/underlying_price"),
        ([option("CH", 1.0, 410.0, price=float("nan"))], "/portfolio/positions/0/price"),
    ],
)  # fmt: skip
def test_a_position_that_will_not_do_is_named(positions: list, pointer: str) -> None:
    with pytest.raises(InputError) as caught:
        calculate(exchange(C=commodity()), *positions)
    assert caught.value.pointer == pointer


def test_an_option_needs_a_range_of_volatility_and_an_array_a_delta_where_spreads_count_them() -> None:
    bare = {"contracts": ONE, "price_scan_range": 30.0}
    with pytest.raises(InputError) as caught:
        calculate(exchange(C=bare), option("CH", 1.0, 410.0))
    assert caught.value.pointer == "/parameters/span_parameters/combined_commodities/C/volatility_scan_range"
    arrays = {"risk_array_values": "loss", "risk_arrays": {"CH C410": ARRAY}}
    assert calculate(exchange(C=bare, more=arrays), option("CH", 1.0, 410.0)).tables["positions"]["delta"] == [None]
    with pytest.raises(InputError) as caught:
        calculate(exchange(C={**bare, "calendar_spreads": CALENDAR}, more=arrays), option("CH", 1.0, 410.0))
    assert caught.value.pointer == "/parameters/span_parameters/risk_arrays/CH C410/delta"


def test_one_array_stands_for_one_contract() -> None:
    arrays = {"risk_array_values": "loss", "risk_arrays": {"O": ARRAY}}
    legs = [{**option("CH", 1.0, strike), "symbol": "O"} for strike in (400.0, 410.0)]
    with pytest.raises(InputError) as caught:
        calculate(exchange(C=commodity(), more=arrays), *legs)
    assert caught.value.pointer == "/portfolio/positions/1/symbol"
