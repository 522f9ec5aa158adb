"""The schedule by hand, from the text: the grid, its maturity bounds, the net-to-gross ratio, regulations."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from compute.margin.requests import SCHEDULE
from compute.margin.schedule.margin import margin
from compute.margin.schedule.model import remaining_years
from compute.margin.schedule.trades import row_faults
from compute.market import Market
from compute.result import no_checkpoint
from services.intake.crif import decode_crif
from tests.unit.compute.margin.books import book, row

PARAMETERS: dict[str, Any] = {"model": "schedule", **{name: one.default for name, one in SCHEDULE.items()}}
HEADER = "TradeID,PortfolioID,ProductClass,RiskType,ValuationDate,EndDate,AmountUSD,collect_regulations\n"
GRID = {
    "Rates": (1, 2, 4),
    "CrossCurrencySwap": (1, 2, 4),
    "Credit": (2, 5, 10),
    "FX": (6, 6, 6),
    "Equity": (15, 15, 15),
    "Commodity": (15, 15, 15),
    "Other": (15, 15, 15),
}
ENDS = {"0-2y": "2025-06-01", "2-5y": "2028-06-01", "5y+": "2035-06-01"}


def trade(
    name: str, product: str, notional: float, value: float | None, *, end: str = "2025-06-01", **cells: str
) -> list[str]:
    netting_set, regulation = cells.get("netting_set", "P"), cells.get("regulation", "")
    kinds = {"Notional": notional} | ({} if value is None else {"PV": value})
    return [
        f'{name},{netting_set},{product},{kind},2024-02-01,{end},{amount},"{regulation}"'
        for kind, amount in kinds.items()
    ]


def computed(*rows: list[str], **given: Any) -> Mapping[str, Any]:
    text = HEADER + "\n".join(line for lines in rows for line in lines)
    parameters = {**PARAMETERS, **given}
    crif = decode_crif(
        text.encode(),
        name="book",
        as_of=date(2026, 11, 23),
        model="schedule",
        check=lambda crif: row_faults(crif, parameters),
    )
    return margin(crif, Market(), parameters, no_checkpoint).document


@pytest.mark.parametrize("product", list(GRID))
@pytest.mark.parametrize("number", range(3))
def test_every_cell_of_the_grid(product: str, number: int):
    bucket, end = list(ENDS.items())[number]
    found = computed(trade("t", product, -1e6, None, end=end))
    gross = 1e6 * GRID[product][number] / 100
    assert found["initial_margin"] == found["gross_initial_margin"] == pytest.approx(gross, rel=1e-12)
    assert found["breakdown"] == pytest.approx(dict.fromkeys(GRID, 0.0) | {product: gross})
    assert found["grid"][product] == pytest.approx(dict.fromkeys(ENDS, 0.0) | {bucket: gross})
    assert found["input"]["trades_without_present_value"] == 1


@pytest.mark.parametrize(
    ("start", "end", "bucket"),
    [
        ("2024-02-01", "2026-02-01", "0-2y"),  # 731 days, for 2024 is a leap year
        ("2024-02-01", "2026-02-02", "2-5y"),
        ("2024-02-01", "2029-02-01", "2-5y"),
        ("2024-02-01", "2029-02-02", "5y+"),
        ("2024-02-29", "2026-02-28", "0-2y"),
        ("2024-02-29", "2026-03-01", "2-5y"),
        ("2024-02-01", "9999-12-31", "5y+"),
    ],
)
def test_an_anniversary_belongs_to_the_bucket_below(start: str, end: str, bucket: str):
    rows = [line.replace("2024-02-01", start, 1) for line in trade("t", "Rates", 1e6, None, end=end)]
    assert computed(rows)["grid"]["Rates"][bucket] > 0.0


def test_remaining_years():
    assert remaining_years(date(2024, 2, 1), date(2024, 2, 1)) == 0.0
    assert remaining_years(date(2024, 2, 1), date(2024, 1, 31)) < 0.0
    assert 0.99 < remaining_years(date(2024, 2, 1), date(2025, 1, 31)) < 1.0


def test_the_net_to_gross_ratio_of_each_side():
    rows = (trade("a", "Equity", 1e6, 300.0), trade("b", "Rates", -1e6, -100.0), trade("c", "FX", 1e6, -50.0))
    gross = 150_000.0 + 10_000.0 + 60_000.0
    call, post = computed(*rows), computed(*rows, side="post")
    assert call["net_to_gross_ratio"] == pytest.approx(150 / 300, rel=1e-12)
    assert call["initial_margin"] == pytest.approx((0.4 + 0.6 * 0.5) * gross, rel=1e-12)
    assert post["net_to_gross_ratio"] == 0.0
    assert post["initial_margin"] == pytest.approx(0.4 * gross, rel=1e-12)


def test_values_of_one_trade_net_before_they_count():
    found = computed(trade("a", "Equity", 1e6, 1000.0), trade("a", "Equity", 0.0, -1000.0))
    assert found["net_to_gross_ratio"] == 1.0
    assert found["initial_margin"] == pytest.approx(150_000.0, rel=1e-12)


def test_the_worst_regulation_counts():
    rows = (
        trade("a", "Equity", 1e6, 10.0, regulation="CFTC,ESA"),
        trade("b", "FX", 1e6, 10.0, regulation="ESA"),
        trade("c", "FX", 1e6, 10.0, regulation="Excluded"),
        trade("d", "FX", 1e6, 10.0, netting_set="Q", regulation="Excluded"),
    )
    first, second = computed(*rows)["netting_sets"]
    assert first["by_regulation"] == pytest.approx({"CFTC": 150_000.0, "ESA": 210_000.0}, rel=1e-12)
    assert (first["regulation"], first["initial_margin"]) == ("ESA", pytest.approx(210_000.0, rel=1e-12))
    assert first["breakdown"]["FX"] == pytest.approx(60_000.0, rel=1e-12)
    assert (second["portfolio_id"], second["regulation"], second["initial_margin"]) == ("Q", None, 0.0)
    assert computed(*rows)["input"]["rows_excluded"] == 4
    assert computed(*rows, side="post")["netting_sets"][1]["initial_margin"] == pytest.approx(60_000.0, rel=1e-12)


def test_the_answer_is_in_the_calculation_currency():
    found = computed(trade("a", "FX", 1e6, 0.0), calculation_currency="EUR", fx={"EUR/USD": 1.25})
    assert (found["currency"], found["initial_margin"]) == ("EUR", pytest.approx(48_000.0, rel=1e-12))
    assert found["grid"]["FX"]["0-2y"] == pytest.approx(48_000.0, rel=1e-12)


def test_positions_are_graded_like_trades():
    share = row("S", "equity", 10.0, 100.0, settlement_price=90.0)
    bond = row("B", "bond", -100.0, 50.0, settlement_price=51.0, maturity="2031-11-23")
    positions = book([share, bond])
    found = margin(positions, Market(), PARAMETERS, no_checkpoint).document
    assert remaining_years(positions.as_of, date(2031, 11, 23)) > 5.0
    assert found["breakdown"]["Equity"] == pytest.approx(150.0, rel=1e-12)
    assert found["grid"]["Credit"]["5y+"] == pytest.approx(500.0, rel=1e-12)
    assert found["net_to_gross_ratio"] == 1.0  # both have gained 100
    assert found["initial_margin"] == pytest.approx(650.0, rel=1e-12)
