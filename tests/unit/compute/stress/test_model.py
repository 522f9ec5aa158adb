"""The stress test against closed forms, and its margins against calls of the margin model itself."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from compute.errors import InputError
from compute.market import Market
from compute.measures import MEASURES
from services.intake.parameters import read_parameters
from tests.unit.compute.stress.books import BOND, CALL, FUND, SHARE, book, gain, margin, only, rows, stress

CLOSE = 1e-9  # relative: the same formula by another route
PRICED = 1e-8  # relative: our Black-Scholes against scipy's normal distribution
YEARS = 182 / 365
MINE = {"mine": {"percent": {"SPX": -20, "XLF": -30}, "volatility": {"equity": 50}, "curves": {"USD": {"1": 100}}}}


def black_scholes(spot, vol, rate):
    root = vol * math.sqrt(YEARS)
    d1 = (math.log(spot / 600.0) + rate * YEARS) / root + 0.5 * root
    return spot * norm.cdf(d1) - 600.0 * math.exp(-rate * YEARS) * norm.cdf(d1 - root)


def test_each_position_by_its_own_formula():
    found = stress(book(), scenarios="mine", shocks=MINE)
    assert gain(found, "spy", "mine") == pytest.approx(-0.2 * 60_000, rel=CLOSE)
    assert gain(found, "jpm", "mine") == pytest.approx(0.3 * 10_000, rel=CLOSE)
    call = black_scholes(480.0, 0.3, 0.04) - black_scholes(600.0, 0.2, 0.03)
    assert gain(found, "call", "mine") == pytest.approx(-300.0 * call, rel=PRICED)


def test_a_bond_is_revalued_flow_by_flow_along_the_curve():
    curve = {"mine": {"curves": {"USD": {"1": 100, "5": 300}}}}
    found = stress(book(BOND), scenarios="mine", shocks=curve)
    days = ["2026-07-30", "2027-01-30", "2027-07-30", "2028-01-30", "2028-07-30", "2029-01-30", "2029-07-30",
            "2030-01-30", "2030-07-30", "2031-01-30"]  # fmt: skip
    times = np.array([(np.datetime64(day) - np.datetime64("2026-01-30")).astype(int) for day in days]) / 365
    amounts = np.array([2.0] * 9 + [102.0])
    low, high = -0.5, 0.5
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (amounts * np.exp(-middle * times)).sum() > 98.0 else (low, middle)
    shift = np.interp(times, [1.0, 5.0], [0.01, 0.03])
    change = (amounts * np.exp(-(low + shift) * times)).sum() - 98.0
    assert gain(found, "note", "mine") == pytest.approx(1_000 * change, rel=1e-7)


def test_a_bond_without_flows_goes_by_duration_and_spread():
    bond = {"id": "corp", "symbol": "CORP", "asset_class": "bond", "duration": 5.0, "convexity": 30.0, "rating": "Baa2",
            "quantity": 100.0, "price": 90.0}  # fmt: skip
    found = stress(book(bond), scenarios="mine", shocks={"mine": {"basis_points": {"IG_OAS": 200, "UST2": 100}}})
    shift = 0.02 + 0.01
    assert gain(found, "corp", "mine") == pytest.approx(9_000 * (0.5 * 30.0 * shift**2 - 5.0 * shift), rel=CLOSE)


@pytest.mark.parametrize("model", ["house", "portfolio_margin", "schedule"])
def test_the_margin_is_that_of_the_book_at_the_prices_after(model):
    call = 30.0 + black_scholes(480.0, 0.3, 0.04) - black_scholes(600.0, 0.2, 0.03)
    moved = book(
        {**FUND, "price": 480.0},
        {**SHARE, "price": 140.0, "instrument": "stock"},
        {**CALL, "price": call, "underlying_price": 480.0, "implied_volatility": 0.3},
        rates={"USD": 0.04},
    )
    held = book(FUND, {**SHARE, "instrument": "stock"}, CALL)
    found, wanted = only(stress(held, scenarios="mine", shocks=MINE, model=model)), margin(moved, model=model)
    assert found["initial_margin"] == pytest.approx(wanted["initial_margin"], rel=1e-6)
    if model == "schedule":
        assert found["maintenance_margin"] is None
    else:
        assert found["maintenance_margin"] == pytest.approx(wanted["maintenance_margin"], rel=1e-6)


def test_losses_are_owed_and_funds_are_what_is_left():
    held = book(FUND, available_cash=30_000.0)
    found = only(stress(held, scenarios="mine", shocks=MINE))
    assert found["profit_and_loss"] == pytest.approx(-12_000)
    assert found["initial_margin"] == pytest.approx(0.25 * 48_000)
    assert found["loss_owed"] == pytest.approx(12_000)
    assert found["available_funds"] == pytest.approx(30_000 - 12_000 - 12_000)
    assert found["breach"] is False
    poorer = stress(book(FUND, available_cash=23_999.0), scenarios="mine", shocks=MINE)
    assert only(poorer)["breach"] is True
    assert poorer.document["passed"] is False
    assert poorer.document["breaches"] == ["mine"]


def test_gains_make_up_for_losses_since_settlement_and_no_more():
    held = book({**FUND, "settlement_price": 650.0})
    up = {"up": {"percent": {"SPX": 5}}, "far": {"percent": {"SPX": 50}}}
    found = stress(held, scenarios=["up", "far"], shocks=up)
    assert found.document["base"]["loss_owed"] == pytest.approx(5_000)
    assert only(found, "up")["loss_owed"] == pytest.approx(2_000)
    assert only(found, "far")["loss_owed"] == 0.0


def test_conversion_moves_the_value_of_foreign_positions():
    share = {"id": "sap", "symbol": "SAP", "asset_class": "equity", "currency": "EUR", "quantity": 10.0, "price": 200.0}
    held = book(share, fx={"EUR/USD": 1.1})
    found = stress(held, scenarios="mine", shocks={"mine": {"percent": {"SPX": -10, "EURUSD": -20}}})
    assert gain(found, "sap", "mine") == pytest.approx(2_000 * 1.1 * (0.9 * 0.8 - 1.0), rel=CLOSE)


@pytest.mark.parametrize(
    ("symbol", "move"),
    [("EUR/USD", -0.1), ("USD/EUR", 1 / 0.9 - 1), ("EURJPY", 0.9 * 0.8 - 1), ("CHF/JPY", 0.8 / 1.25 - 1)],
)
def test_pairs_are_inverted_and_crossed(symbol, move):
    shocks = {"mine": {"percent": {"EURUSD": -10, "USDJPY": -20, "USDCHF": 25}}}
    pair = {"id": "fx", "symbol": symbol, "asset_class": "fx", "quantity": 1_000.0, "price": 2.0}
    found = stress(book(pair), scenarios="mine", shocks=shocks)
    assert gain(found, "fx", "mine") == pytest.approx(2_000 * move, rel=CLOSE)


def test_an_expiring_barrel_falls_by_its_dollars():
    barrel = {"id": "cl", "symbol": "CL", "asset_class": "commodity", "instrument": "future", "quantity": 1.0,
              "price": 18.27, "multiplier": 1_000.0}  # fmt: skip
    found = stress(book(barrel), scenarios="wti_negative_2020")
    assert gain(found, "cl", "wti_negative_2020") == pytest.approx(-55_900.0, rel=CLOSE)
    assert only(found)["market_value"] == pytest.approx(-55_900.0)


@pytest.mark.parametrize(
    ("fields", "by", "series", "move"),
    [
        ({"symbol": "XLF"}, "own", "XLF", -0.556),
        ({"sector": "Information Technology"}, "sector", "XLK", -0.3936),
        ({"sector": "nothing known", "beta": 1.5}, "beta", "SPX", 1.5 * -0.3989),
        ({}, "beta assumed to be 1", "SPX", -0.3989),
        ({"leverage": -1.0, "index_class": "broad"}, "beta assumed to be 1", "SPX", 0.3989),
        ({"leverage": 3.0}, "beta assumed to be 1", "SPX", -1.0),
    ],
)
def test_the_answer_says_what_moved_what(fields, by, series, move):
    found = stress(book({**FUND, "symbol": "XYZ", **fields}), scenarios="gfc_2008")
    assert gain(found, "spy", "gfc_2008") == pytest.approx(60_000 * move, rel=CLOSE)
    assert [(row["by"], row["series"], row["scenarios"]) for row in rows(found, "factors")] == [(by, series, "all")]
    floored = [said for said in found.document["assumptions"] if "price of zero" in said]
    assert len(floored) == (move == -1.0)


def test_industries_stand_in_before_there_were_funds():
    found = stress(book({**FUND, "symbol": "XYZ", "sector": "energy"}), scenarios=["crash_1987", "gfc_2008"])
    assert {row["series"]: row["scenarios"] for row in rows(found, "factors")} == {
        "XLE": "gfc_2008", "FF_Enrgy": "crash_1987",
    }  # fmt: skip


def test_what_could_not_be_moved_is_listed():
    held = book(
        {**FUND, "id": "wheat", "symbol": "WHEAT", "asset_class": "commodity"},
        {**FUND, "id": "btc", "symbol": "BTC", "asset_class": "crypto"},
        {"id": "bare", "symbol": "BARE", "asset_class": "bond", "quantity": 1.0, "price": 90.0},
        {**BOND, "id": "oat", "currency": "EUR", "sector": "bank"},
        {
            **CALL,
            "id": "fxc",
            "symbol": "EUR C",
            "asset_class": "fx",
            "underlying": "EUR/USD",
            "underlying_price": 600.0,
        },
        fx={"EUR/USD": 1.1},
        rates={},
    )
    listed = rows(stress(held, scenarios=["gfc_2008", "rates_2022"]), "not_moved")
    found = {(row["id"], row["factor"], row["scenarios"]) for row in listed}
    assert found == {
        ("wheat", "price", "all"),
        ("btc", "price", "gfc_2008"),
        ("bare", "yield", "all"),
        ("oat", "yield", "all"),
        ("oat", "credit spread", "all"),
        ("fxc", "volatility", "all"),
    }


def test_it_says_whether_a_beta_would_help():
    wheat = {**FUND, "id": "wheat", "symbol": "WHEAT", "asset_class": "commodity"}
    nickel = {row["id"]: row["why"] for row in rows(stress(book(FUND, wheat), scenarios="nickel_2022"), "not_moved")}
    assert nickel["spy"] == "The scenario has no figure of any series that stands for it."
    assert nickel["wheat"] == "No series stands for it; its `beta` would move it with the market."
    moved = stress(book({**wheat, "beta": 0.5}), scenarios="gfc_2008")
    assert gain(moved, "wheat", "gfc_2008") == pytest.approx(0.5 * -0.3989 * 60_000, rel=CLOSE)


def test_a_scenario_of_rates_alone_does_not_complain_of_shares():
    assert not rows(stress(book(FUND), scenarios="rates_up_200"), "not_moved")
    assert not rows(stress(book(BOND), scenarios="rates_up_200"), "not_moved")


def test_positions_at_risk_are_the_worst_and_lose():
    found = only(stress(book(), scenarios="mine", shocks=MINE, top=2))
    assert [each["id"] for each in found["positions_at_risk"]] == ["spy", "note"]
    assert all(each["profit_and_loss"] < 0 for each in found["positions_at_risk"])


def test_liquidation_pays_half_the_spread_and_the_root_of_size():
    held = book({**FUND, "bid_ask_bp": 10.0, "average_daily_volume": 400.0, "implied_volatility": 0.252})
    found = only(stress(held, scenarios="liquidity_crisis"))
    assert found["bid_ask_cost"] == pytest.approx(60_000 * 0.5 * 10e-4 * 3.0)
    assert found["depth_cost"] == pytest.approx(60_000 * 0.252 / math.sqrt(252) * math.sqrt(100 / 200))
    assert found["liquidation_value"] == pytest.approx(60_000 - found["bid_ask_cost"] - found["depth_cost"])
    assert found["days_to_liquidate"] == pytest.approx(100 / (200 * 0.2))
    assert stress(held, scenarios="liquidity_crisis").document["liquidity"] == {
        "positions_without_bid_ask": 0, "positions_without_volume": 0, "positions_without_volatility": 0,
    }  # fmt: skip


def test_a_short_position_is_bought_back_dearer():
    held = book({**FUND, "quantity": -100.0, "bid_ask_bp": 10.0})
    found = only(stress(held, scenarios="volatility_spike"))
    assert found["liquidation_value"] == pytest.approx(-60_000 - 60_000 * 0.5 * 10e-4)


def test_nothing_moves_nothing():
    still = {"still": {"percent": {"SPX": 0}, "volatility": {"equity": 0}, "curves": {"USD": {"1": 0}}}}
    found = stress(book(), scenarios="still", shocks=still)
    assert only(found)["profit_and_loss"] == 0.0
    assert only(found)["initial_margin"] == found.document["base"]["initial_margin"]
    assert only(found)["margin_increase"] == 0.0


@pytest.mark.parametrize("model", ["house", "reg_t", "portfolio_margin", "schedule"])
def test_every_scenario_of_every_model_on_an_empty_and_a_full_book(model):
    whole = book(FUND, {**SHARE, "instrument": "stock"}, CALL)
    for held in (whole.take(np.zeros(3, np.bool_)), whole):
        found = stress(held, model=model)
        assert len(found.document["scenarios"]) == 26
        assert found.document["model"] == model
        json_safe = [each["profit_and_loss"] for each in found.document["scenarios"]]
        assert np.isfinite(json_safe).all()


def test_positions_add_up_to_their_scenario():
    found = stress(book())
    for each in found.document["scenarios"]:
        total = float(np.sum(found.tables["profit_and_loss"][each["scenario"]]))
        assert each["profit_and_loss"] == pytest.approx(total, rel=1e-12, abs=1e-9)


def test_more_figures_than_are_kept_are_refused_by_the_limit(monkeypatch):
    monkeypatch.setattr("compute.stress.model.MOST_CELLS", 7)
    with pytest.raises(InputError, match="more than 7 figures") as caught:
        stress(book(), scenarios=["gfc_2008", "covid_2020"])
    assert "at most 1 scenarios" in caught.value.remedy


def test_the_cost_is_told_by_margins_and_revaluations():
    parameters = read_parameters("stress", {"scenarios": ["gfc_2008", "covid_2020"], "grid": {"spot": [-0.1, 0.1]}})
    spec = MEASURES["stress"].chosen(parameters)
    assert spec.parts is not None
    assert [(part.model, part.margins) for part in spec.parts(parameters, book())] == [
        ("house", 5.0), ("portfolio_margin", 1.4),
    ]  # fmt: skip
    assert "scenarios" not in spec.parts(parameters, book())[0].parameters


def test_progress_rises_to_its_end():
    told = []
    parameters = read_parameters("stress", {"grid": {"spot": [-0.1, 0.1], "volatility": [0, 1]}})
    MEASURES["stress"].chosen(parameters).kernel(book(), Market(), parameters, lambda *at: told.append(at))
    shares = [done / total for done, total in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len({total for _done, total in told}) == 1
