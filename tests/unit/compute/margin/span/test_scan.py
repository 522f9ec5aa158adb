"""Scan risk: the worked example of McMillan's book, the sixteen scenarios, full revaluation, extremes, deltas."""

import json
import math
from pathlib import Path

import pytest
from scipy.stats import norm

from compute.margin.span.tables import span_set
from tests.unit.compute.margin.span.accounts import calculate, commodity, exchange, future, option, requirement

EXAMPLE = json.loads((Path(__file__).parents[4] / "data" / "span" / "risk_arrays.json").read_text())
EXACT = 1e-12
CLOSED_FORM = 1e-9
DIFFERENCES = 1e-5
ARRAYS = exchange(
    C={"contracts": {"SPZ": {"month": "2024-12"}}, "extreme_multiplier": 2, "extreme_fraction": 0.35},
    more={
        "risk_array_values": "profit",
        "risk_arrays": {
            "SPZ": {"values": EXAMPLE["long_1_future_pnl"], "delta": 1.0},
            "DEC410C": {"values": EXAMPLE["long_1_dec410_call_pnl"], "delta": 0.4},
        },
    },
)
FUTURE = future("SPZ", 1.0, 400.0, multiplier=500.0)
CALL = {"symbol": "DEC410C", "underlying": "SPZ", "instrument": "option", "option_type": "call", "price": 0.0}


def scan_risk(parameters, *positions) -> float:
    return calculate(parameters, *positions).document["breakdown"]["scan_risk"]


def test_scan_risks_of_the_published_example() -> None:
    expected = EXAMPLE["expected_scan_risk"]
    assert scan_risk(ARRAYS, FUTURE) == expected["long_1_future"] == 10_000
    assert scan_risk(ARRAYS, CALL) == expected["long_1_dec410_call"] == 3_990
    assert scan_risk(ARRAYS, FUTURE, {**CALL, "quantity": -1.0}) == expected["covered_write"] == 6_620


def test_the_example_s_covered_write_scenario_by_scenario() -> None:
    found = calculate(ARRAYS, FUTURE, {**CALL, "quantity": -1.0}).document["breakdown"]["combined_commodities"]["C"]
    assert found["active_scenario"] == 13
    assert [-loss for loss in found["scenario_losses"]] == EXAMPLE["covered_write_pnl_printed"]


def test_losses_as_exchanges_publish_them_are_profits_turned() -> None:
    turned = json.loads(json.dumps(ARRAYS))
    turned["risk_array_values"] = "loss"
    for array in turned["risk_arrays"].values():
        array["values"] = [-value for value in array["values"]]
    assert scan_risk(turned, FUTURE, {**CALL, "quantity": -1.0}) == 6_620


def test_the_scenarios_are_the_example_s_in_order() -> None:
    price, volatility = span_set().scenarios(2.0)
    assert price == pytest.approx([item[0] for item in EXAMPLE["scenarios"]], abs=1e-6)
    assert volatility.tolist() == [item[1] for item in EXAMPLE["scenarios"]]
    assert span_set().extreme_fraction == EXAMPLE["scenarios"][14][2]


def test_a_future_s_computed_array_is_the_published_one() -> None:
    parameters = exchange(C={"contracts": {"SPZ": {"month": "2024-12"}}, "price_scan_range": 20.0})
    found = calculate(parameters, FUTURE)
    gains = [found.tables["positions"][f"scenario_{index}"][0] for index in range(1, 17)]
    assert gains == pytest.approx(EXAMPLE["long_1_future_pnl"], abs=4.0)  # printed to tens
    assert gains[10:] == pytest.approx([10_000, 10_000, -10_000, -10_000, 7_000, -7_000], rel=EXACT)
    assert found.tables["positions"]["delta"] == pytest.approx([1.0], rel=EXACT)


def black(price: float, vol: float, strike: float = 410.0, years: float = 90 / 365) -> float:
    spread = vol * math.sqrt(years)
    above = (math.log(price / strike) + 0.5 * spread * spread) / spread
    return float(price * norm.cdf(above) - strike * norm.cdf(above - spread))


@pytest.mark.parametrize("kind", ["absolute", "relative"])
def test_options_are_revalued_under_price_and_volatility(kind: str) -> None:
    parameters = exchange(C=commodity(), more={"volatility_scan_kind": kind})
    found = calculate(parameters, option("CH", -3.0, 410.0)).tables["positions"]
    step = 0.05 if kind == "absolute" else 0.3 * 0.05
    price, twist = span_set().scenarios(2.0)
    for index in range(16):
        fraction = 0.35 if index >= 14 else 1.0
        moved = black(400.0 + 30.0 * price[index], 0.3 + step * twist[index])
        gain = -3.0 * 50.0 * fraction * (moved - black(400.0, 0.3))
        assert found[f"scenario_{index + 1}"][0] == pytest.approx(gain, rel=CLOSED_FORM)


def test_the_composite_delta_is_the_weighted_mean_of_deltas() -> None:
    found = calculate(exchange(C=commodity()), option("CH", 2.0, 410.0)).tables["positions"]["delta"][0]
    spread = 0.3 * math.sqrt(90 / 365)
    weights = {0: 0.27, 1: 0.217, -1: 0.217, 2: 0.11, -2: 0.11, 3: 0.037, -3: 0.037}
    deltas = {move: norm.cdf((math.log((400.0 + 10.0 * move) / 410.0) + 0.5 * spread**2) / spread) for move in weights}
    mean = sum(weights[move] * deltas[move] for move in weights) / sum(weights.values())
    assert found == pytest.approx(2.0 * mean, rel=DIFFERENCES)


def test_an_option_of_another_size_counts_in_futures() -> None:
    parameters = exchange(C=commodity())
    parameters["combined_commodities"]["C"]["contracts"]["CH"] |= {"multiplier": 50.0, "delta_scale": 2.0}
    deltas = calculate(
        parameters, option("CH", 1.0, 410.0), option("CH", 1.0, 410.0, multiplier=5.0), future("CH", 1.0, 400.0)
    ).tables["positions"]["delta"]
    assert deltas[1] == pytest.approx(0.1 * deltas[0], rel=CLOSED_FORM)
    assert deltas[2] == pytest.approx(2.0, rel=CLOSED_FORM)


def test_the_range_as_a_share_of_the_price() -> None:
    parameters = exchange(C={"contracts": {"CH": {"month": "2024-03"}}, "price_scan_pct": 7.5})
    assert requirement(parameters, future("CH", -2.0, 400.0)) == pytest.approx(2 * 50 * 30.0, rel=EXACT)


def test_the_extreme_move_is_the_file_s() -> None:
    parameters = exchange(C=commodity(extreme_multiplier=3.0, extreme_fraction=0.4))
    assert requirement(parameters, future("CH", 1.0, 400.0)) == pytest.approx(50 * 30.0 * 3 * 0.4, rel=EXACT)


def test_time_that_goes_by_until_the_next_day() -> None:
    parameters = exchange(C=commodity(), more={"look_ahead_days": 1.0})
    found = calculate(parameters, option("CH", 1.0, 410.0)).tables["positions"]["scenario_15"][0]
    gain = 0.35 * 50.0 * (black(460.0, 0.3, years=89 / 365) - black(400.0, 0.3))
    assert found == pytest.approx(gain, rel=CLOSED_FORM)
