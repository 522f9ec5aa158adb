"""The schedule explained: from trades of a CRIF and from positions, against its own derivative."""

from dataclasses import replace

import numpy as np
import pytest

from compute.analysis.explain.removal import taken
from compute.crif import Crif
from compute.portfolio import Labels, Portfolio
from tests.unit.compute.analysis.explain.explaining import (
    contributions,
    explain,
    figure,
    groups,
    holds_together,
    steps_of,
)
from tests.unit.compute.margin.books import book, row
from tests.unit.compute.margin.schedule.test_published import _crif, _read

STEP = 1e-6


def trade(name: str, product: str, notional: float, value: float, *, netting_set: str = "P") -> list[dict[str, str]]:
    common = {"PortfolioID": netting_set, "TradeID": name, "ProductClass": product}
    dates = {"ValuationDate": "2018-02-01", "EndDate": "2021-02-01"}
    return [
        {**common, **dates, "RiskType": kind, "AmountUSD": str(amount)}
        for kind, amount in (("Notional", notional), ("PV", value))
    ]


def file(*trades: list[dict[str, str]]) -> Crif:
    return _crif([line for one in trades for line in one])


@pytest.mark.parametrize("side", ["call", "post"])
def test_published_cases_sum_over_their_netting_sets(side: str) -> None:
    crif = _crif(_read("schedule_im_crif.csv"))
    given = {"side": side, "calculation_currency": "EUR", "fx": {"EUR/USD": 1.25}}
    result = explain(crif, "schedule", top=0, top_groups=0, **given)
    holds_together(result, figure(crif, "schedule", "initial_margin", **given))
    sets = groups(result, "netting_set")
    for index, name in enumerate(crif.netting_sets):
        rows = np.equal(crif.labels["netting_set"].codes, index)
        own = figure(taken(crif, rows), "schedule", "initial_margin", **given)
        assert sets[name]["contribution"] == pytest.approx(own, rel=1e-9, abs=1e-6)


def test_the_worked_case() -> None:
    # Charges 2 % and 15 % of 1e6; values +300 and -100: the ratio is 2/3, so 0.4 + 0.6 · 2/3 = 0.8 of 170,000.
    crif = file(trade("a", "Rates", 1e6, 300.0), trade("b", "Equity", -1e6, -100.0))
    result = explain(crif, "schedule")
    assert result.document["total"] == pytest.approx(0.8 * 170_000.0)
    holds_together(result, figure(crif, "schedule", "initial_margin"))
    steps = list(steps_of(result).items())
    assert [name for name, _ in steps] == ["gross", "net_to_gross_ratio"]
    assert [amount for _, amount in steps] == pytest.approx([170_000.0, -34_000.0])
    # The ratio's part: 0.6 · 170,000 / 300 = 340 for one of value, times 300 (1 - 2/3), and times -100.
    assert contributions(result) == pytest.approx([0.8 * 20_000.0, 34_000.0, 0.8 * 150_000.0, -34_000.0])


@pytest.mark.parametrize("side", ["call", "post"])
@pytest.mark.parametrize("seed", range(3))
def test_rows_are_amount_times_derivative(seed: int, side: str) -> None:
    draw = np.random.default_rng(seed)
    kinds = ("Rates", "Credit", "FX", "Equity", "Commodity", "Other")
    crif = file(
        *(
            trade(
                f"t{n}", kinds[n % 6], float(draw.normal(0, 1e6)), float(draw.normal(0, 1e5)), netting_set=f"P{n % 2}"
            )
            for n in range(20)
        )
    )
    result = explain(crif, "schedule", side=side, top=0, top_groups=0)
    for line, part in enumerate(contributions(result).tolist()):
        up, down = (
            figure(_scaled(crif, line, 1.0 + step), "schedule", "initial_margin", side=side) for step in (STEP, -STEP)
        )
        assert (up - down) / (2.0 * STEP) == pytest.approx(part, rel=1e-5, abs=1e-2)


def _scaled(crif: Crif, line: int, factor: float) -> Crif:
    amount = crif.amount.copy()
    amount[line] *= factor
    return replace(crif, amount=amount)


def test_only_the_worst_regulation_has_parts() -> None:
    crif = file(*(trade(name, "Rates", size, 0.0) for name, size in (("a", 1e6), ("b", 2e6), ("c", 9e6))))
    regulations = Labels.of(["SEC"] * 2 + ["ESA"] * 2 + ["Excluded"] * 2)
    crif = replace(crif, labels={**crif.labels, "collect_regulations": regulations})
    result = explain(crif, "schedule")
    holds_together(result, 40_000.0)
    assert contributions(result).tolist() == [0.0, 0.0, 40_000.0, 0.0, 0.0, 0.0]


def test_rows_of_one_trade_share_by_their_amounts() -> None:
    once = explain(file(trade("a", "Rates", 3e6, 10.0)), "schedule")
    lines = [*trade("a", "Rates", 2e6, 10.0), *trade("a", "Rates", 1e6, 0.0)]
    twice = contributions(explain(_crif(lines), "schedule"))
    assert twice[[0, 2]] == pytest.approx(contributions(once)[0] * np.array([2 / 3, 1 / 3]))


def test_no_value_at_all_has_a_ratio_of_one() -> None:
    result = explain(file(trade("a", "Rates", 1e6, 0.0)), "schedule")
    assert contributions(result) == pytest.approx([20_000.0, 0.0])
    assert list(steps_of(result)) == ["gross"]


def positions() -> Portfolio:
    return book(
        [
            row("A", "equity", 100.0, 50.0, settlement_price=40.0, sector="x"),
            row("B", "commodity", -30.0, 100.0, settlement_price=98.0, currency="EUR"),
            row("C", "crypto", -5.0, 300.0, settlement_price=350.0),
        ],
        fx={"EUR/USD": 1.2},
    )


@pytest.mark.parametrize("side", ["call", "post"])
def test_positions_are_trades_too(side: str) -> None:
    result = explain(positions(), "schedule", side=side)
    total = figure(positions(), "schedule", "initial_margin", side=side)
    holds_together(result, total)
    found = groups(result, "asset_class")["equity"]
    member = np.array([True, False, False])
    assert found["marginal"] == total - figure(positions().take(~member), "schedule", "initial_margin", side=side)
    assert found["stand_alone"] == figure(positions().take(member), "schedule", "initial_margin", side=side)


def test_an_empty_book_of_positions() -> None:
    holds_together(explain(book([]), "schedule"), 0.0)
