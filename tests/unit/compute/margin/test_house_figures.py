"""The checked figures, currency, settlement, collateral and status of the house margin."""

import numpy as np
import pytest

from compute.errors import InputError, MissingRateError, NonFiniteError
from compute.margin.house import compute
from compute.market import Market
from tests.unit.compute.margin.books import PARAMETERS, book, calculate, row

EXACT = 1e-12  # relative; the figures are stated exactly, only binary rounding is allowed

CHECKED = [
    (row("AAPL", "equity", 1_000, 150), 37_500),
    (row("TSLA", "equity", 500, 200), 30_625),
    (row("SPY", "equity", 10_000, 400), 1_000_000),
    (row("JPM", "equity", 4_000, 140), 140_000),
    (row("UST2Y", "bond", 20_000, 100, duration=1.9), 138_000),
    (row("UST10Y", "bond", 20_000, 95, duration=8.5), 256_500),
    (row("EUR/USD", "fx", 1e6, 1.1), 22_000),
    (row("GBP/USD", "fx", -5e5, 1.25), 12_500),
    (row("GLD", "commodity", 3_000, 180), 162_000),
    (row("BTC", "crypto", 10, 60_000), 705_000),
    (row("SWAP", "derivative", 100, 5_000, delta=0.5, gamma=0.02, vega=0.1), 115_500),
]


@pytest.mark.parametrize(("position", "margin"), CHECKED, ids=[item["symbol"] for item, _ in CHECKED])
def test_checked_figure(position, margin):
    document, table = calculate(book([position]))
    assert document["gross_initial_margin"] == pytest.approx(margin, rel=EXACT)
    assert document["initial_margin"] == pytest.approx(margin, rel=EXACT)
    assert table["initial_margin"].tolist() == pytest.approx([margin], rel=EXACT)


def test_checked_figures_in_one_book():
    document, table = calculate(book([position for position, _ in CHECKED]))
    assert table["initial_margin"].tolist() == pytest.approx([margin for _, margin in CHECKED], rel=EXACT)
    assert document["gross_initial_margin"] == pytest.approx(sum(margin for _, margin in CHECKED), rel=EXACT)


def test_maintenance_is_the_same_with_its_own_rates():
    document, _ = calculate(book([row("TSLA", "equity", 500, 200)]))
    assert document["maintenance_margin"] == pytest.approx(100_000 * 0.15 * 1.225, rel=EXACT)


def test_concentration_starts_above_ten_million():
    at, _ = calculate(book([row("X", "equity", 100_000, 100)]))
    above, _ = calculate(book([row("X", "equity", 100_001, 100)]))
    assert at["initial_margin"] == pytest.approx(2_500_000, rel=EXACT)
    assert above["initial_margin"] == pytest.approx(10_000_100 * 0.25 * 1.1, rel=EXACT)


def test_multiplier_and_currency_scale_the_notional():
    portfolio = book([row("DAX", "derivative", 2, 100, currency="EUR", multiplier=25)], fx={"EUR/USD": 1.1})
    document, _ = calculate(portfolio)
    assert document["initial_margin"] == pytest.approx(2 * 100 * 25 * 1.1 * 0.15, rel=EXACT)


def test_inverse_rate_serves_and_a_missing_one_is_named():
    yen = row("7203", "equity", 100, 2_000, currency="JPY")
    document, _ = calculate(book([yen], fx={"USD/JPY": 160.0}))
    assert document["initial_margin"] == pytest.approx(200_000 / 160 * 0.25, rel=EXACT)
    with pytest.raises(MissingRateError, match="JPY/USD"):
        calculate(book([yen]))


@pytest.mark.parametrize(("quantity", "owed"), [(100, 500.0), (-100, -500.0)])
def test_variation_is_positive_when_owed(quantity, owed):
    document, table = calculate(book([row("X", "equity", quantity, 95, settlement_price=100)]))
    assert document["variation_margin"] == pytest.approx(owed, rel=EXACT)
    assert document["total_margin"] == pytest.approx(document["initial_margin"] + max(0.0, owed), rel=EXACT)
    assert table["variation_margin"].tolist() == pytest.approx([owed], rel=EXACT)


def test_variation_covers_the_positions_with_a_settlement_price_and_says_how_many_lack_one():
    document, table = calculate(book([row("X", "equity", 1, 90, settlement_price=100), row("Y", "equity", 1, 50)]))
    assert document["variation_margin"] == 10.0
    assert document["positions_without_settlement_price"] == 1
    assert table["variation_margin"] == [10.0, None]
    assert document["assumptions"] == ["1 of 2 positions have no settlement price and no variation margin."]


def test_variation_is_null_where_no_position_has_a_settlement_price():
    document, table = calculate(book([row("X", "equity", 1, 90)]))
    assert document["variation_margin"] is None
    assert table["variation_margin"] == [None]
    assert document["total_margin"] == document["initial_margin"]


def test_collateral_counts_after_its_haircut():
    collateral = {"cash_eur": 1_000.0, "equity": 10_000.0, "government_bonds": 500.0}
    document, _ = calculate(book([row("X", "equity", 100, 100)], available_cash=1_000.0, collateral=collateral))
    available = 1_000 + 980 + 8_500 + 480
    assert document["available_collateral"] == pytest.approx(available, rel=EXACT)
    assert document["equity"] == document["available_collateral"]
    assert document["utilization"] == pytest.approx(2_500 / available, rel=EXACT)
    assert document["excess_liquidity"] == pytest.approx(available - 2_500, rel=EXACT)
    assert document["available_funds"] == pytest.approx(available - 2_500, rel=EXACT)


def test_variation_owed_lowers_excess_liquidity_but_not_available_funds():
    document, _ = calculate(book([row("X", "equity", 100, 90, settlement_price=100)], available_cash=10_000.0))
    assert document["available_funds"] == pytest.approx(10_000 - 2_250, rel=EXACT)
    assert document["excess_liquidity"] == pytest.approx(10_000 - 2_250 - 1_000, rel=EXACT)


def test_unknown_collateral_type_is_named():
    with pytest.raises(InputError, match="'gold_teeth'") as caught:
        calculate(book([], collateral={"gold_teeth": 1.0}))
    assert caught.value.pointer == "/portfolio/collateral/gold_teeth"


@pytest.mark.parametrize(
    ("cash", "status"),
    [
        (10_000.0, "ok"),
        (3_125.0, "warning"),
        (2_500 / 0.92, "critical"),
        (2_500.0, "emergency"),
        (0.0, "emergency"),
        (-5.0, "emergency"),
    ],
)
def test_status_follows_utilisation(cash, status):
    document, _ = calculate(book([row("X", "equity", 100, 100)], available_cash=cash))
    assert document["status"] == status
    assert (document["utilization"] is None) == (cash <= 0.0)


def test_empty_portfolio():
    document, table = calculate(book([]))
    for name in ("gross_initial_margin", "initial_margin", "maintenance_margin", "variation_margin", "total_margin"):
        assert document[name] == 0.0
    assert document["utilization"] == 0.0
    assert document["status"] == "ok"
    assert document["breakdown"]["by_class"] == {}
    assert {name: len(column) for name, column in table.items()} == dict.fromkeys(table, 0)


def test_empty_portfolio_without_collateral():
    document, _ = calculate(book([], available_cash=0.0))
    assert document["utilization"] is None
    assert document["status"] == "ok"


def test_a_number_carries_model_version_and_day():
    document, _ = calculate(book([]))
    assert [document[name] for name in ("model", "version", "as_of", "currency")] == [
        "house",
        "1.0",
        "2025-01-02",
        "USD",
    ]


def test_bond_without_duration_is_said_so():
    document, table = calculate(book([row("B", "bond", 10, 100)]))
    assert table["initial_margin"].tolist() == [50.0]
    assert "1 bond positions have no duration" in document["assumptions"][1]


def test_negative_price_margins_its_size():
    document, _ = calculate(book([row("CL", "commodity", 10, -37.0)]))
    assert document["initial_margin"] == pytest.approx(370 * 0.3, rel=EXACT)


def test_unknown_class_is_named():
    with pytest.raises(InputError, match="'art'"):
        calculate(book([row("X", "art", 1, 1)]))


def test_overflow_is_no_number():
    with pytest.raises(NonFiniteError), np.errstate(over="ignore"):
        calculate(book([row("X", "equity", 1e300, 1e300)]))


def test_same_bits_every_time():
    portfolio = book([position for position, _ in CHECKED] * 50)
    first = compute(portfolio, Market(), PARAMETERS)[2]
    again = compute(portfolio, Market(), PARAMETERS)[2]
    assert first.initial.tobytes() == again.initial.tobytes()
    assert first.sides.tobytes() == again.sides.tobytes()
    assert first.offsets.total == again.offsets.total
