"""The schedule against cases from outside, rounded there to whole units."""

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from compute.crif import Crif
from compute.margin.regulations import groups_of
from compute.margin.requests import SCHEDULE
from compute.margin.schedule.model import schedule
from compute.margin.schedule.tables import DEFAULT_VERSION, schedule_set
from compute.margin.schedule.trades import row_faults, trades_of
from compute.portfolio import Labels

DATA = Path(__file__).parents[4] / "data" / "schedule"
WHOLE_UNITS = 1.0
TABLE = schedule_set(DEFAULT_VERSION)
PARAMETERS = {name: one.default for name, one in SCHEDULE.items()}
_COLUMNS = {
    "netting_set": "PortfolioID",
    "trade": "TradeID",
    "product_class": "ProductClass",
    "risk_type": "RiskType",
    "valuation_date": "ValuationDate",
    "end_date": "EndDate",
}


def _read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _crif(rows: list[dict[str, str]]) -> Crif:
    return Crif(
        id="test",
        as_of=date(2018, 2, 1),
        labels={ours: Labels.of([row[theirs] or None for row in rows]) for ours, theirs in _COLUMNS.items()},
        amount=np.array([float(row["AmountUSD"]) for row in rows]),
    )


@pytest.mark.parametrize("side", ["call", "post"])
def test_every_published_case(side: str):
    given = _crif(_read("schedule_im_crif.csv"))
    assert list(row_faults(given, PARAMETERS)) == []
    found = schedule(trades_of(given, TABLE, groups_of(given, side)), TABLE, side=side)
    ours = dict(zip(given.netting_sets, found.initial_margin.tolist(), strict=True))
    expected = {row["portfolio_id"]: float(row[side]) for row in _read("schedule_im_expected.csv") if row[side]}
    assert expected
    for name, margin in expected.items():
        assert ours[name] == pytest.approx(margin, abs=WHOLE_UNITS)


def test_cells_that_cannot_be_used_are_named():
    row = _read("schedule_im_crif.csv")[0]
    changes = [{"RiskType": "Delta"}, {"ProductClass": "Weather"}, {"EndDate": "soon"}, {"EndDate": ""}]
    wrong = [row | {"TradeID": f"t{number}"} | change for number, change in enumerate(changes)]
    wrong += [row | {"TradeID": ""}, row | {"TradeID": "t5", "RiskType": "PV"}]
    found = [(fault.row, fault.column) for fault in row_faults(_crif(wrong), PARAMETERS)]
    # The first has no type of ours, and so no notional either.
    cells = ["risk_type", "product_class", "end_date", "end_date", "trade", "risk_type"]
    assert sorted(found) == sorted([(0, "risk_type"), *enumerate(cells)])


def test_a_trade_that_has_ended_is_named():
    rows = [row | {"EndDate": "2017-01-01"} for row in _read("schedule_im_crif.csv")[:2]]
    assert [(fault.row, fault.column) for fault in row_faults(_crif(rows), PARAMETERS)] == [
        (0, "end_date"),
        (1, "end_date"),
    ]


@pytest.mark.parametrize(("title", "column"), [("ProductClass", "product_class"), ("EndDate", "end_date")])
def test_a_trade_is_one_thing_in_every_row(title: str, column: str):
    notional, value = _read("schedule_im_crif.csv")[:2]
    other = {"ProductClass": "Credit", "EndDate": "2019-02-02"}[title]
    found = [(fault.row, fault.column) for fault in row_faults(_crif([notional, value | {title: other}]), PARAMETERS)]
    assert found == [(1, column)]
