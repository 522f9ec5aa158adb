"""Every model has its bridge: over positions, over histories, over the rows of a CRIF."""

import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compute.analysis.bridge.rows import Crifs
from compute.crif import Crif
from compute.errors import InputError
from compute.market import PriceHistory
from compute.portfolio import Portfolio
from compute.result import Result
from services.intake.crif import read_crif
from services.intake.decode import decode_portfolio
from tests.unit.compute.analysis.bridge.cases import POSITIONS, book, bridge, defaults, earlier, steps_of

EXAMPLES = Path(__file__).resolve().parents[5] / "examples"


def closes(found: Result) -> Result:
    for name, change in found.document["change"].items():
        assert math.fsum(step["figures"][name] for step in found.document["steps"]) == change
    return found


def example(name: str) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads((EXAMPLES / name).read_text())
    found: dict[str, Any] = tree.get("portfolio", tree)
    return found


def read(tree: dict[str, Any]) -> Portfolio:
    return decode_portfolio(json.dumps(tree).encode())


def traded(tree: dict[str, Any], **head: Any) -> dict[str, Any]:
    """Return a book with one position less, one larger, every price a little higher."""
    positions = [
        {name: value * 1.01 if name in {"price", "underlying_price"} else value for name, value in one.items()}
        for one in tree["positions"][:-1]
    ]
    positions[0] |= {"quantity": 2 * positions[0]["quantity"]}
    return {**tree, **head, "positions": positions}


@pytest.mark.parametrize("method", ["sequential", "shapley"])
@pytest.mark.parametrize(
    ("model", "name", "parameters"),
    [
        ("portfolio_margin", "portfolio_margin_account.json", {}),
        ("span", "span_account.json", {"span_parameters": "span_parameters.json"}),
    ],
)
def test_positions(model: str, name: str, parameters: dict[str, Any], method: str) -> None:
    given = {key: json.loads((EXAMPLES / value).read_text()) for key, value in parameters.items()}
    today = read(traded(example(name), available_cash=1e6))
    before = earlier(read(example(name)), defaults(model, **given))
    found = closes(bridge(before, today, defaults(model, **given), method=method))
    assert {"trades", "prices", "cash_and_collateral"} <= set(steps_of(found))
    assert found.document["change"]["initial_margin"] != 0.0


def test_fhs_with_a_longer_history() -> None:
    draw = np.random.default_rng(5)
    symbols = ("AAPL", "GOLD")
    closes_of = 100.0 * np.exp(draw.normal(0.0, 0.01, (1_500, 2)).cumsum(axis=0))
    dates = np.datetime64("2020-01-01") + np.arange(1_500)
    whole = PriceHistory(symbols=symbols, dates=dates, closes=closes_of)
    short = PriceHistory(symbols=symbols, dates=dates[:-1], closes=closes_of[:-1])
    plain = [{**POSITIONS[0]}, {**POSITIONS[3], "quantity": 3.0}]
    then, now = date.fromisoformat(str(dates[-2])), date.fromisoformat(str(dates[-1]))
    before = earlier(book(plain, as_of=then), defaults("fhs"), history=short)
    today = book([{**plain[0], "price": 195.0}, plain[1]], as_of=now)
    found = closes(bridge(before, today, defaults("fhs"), history=whole))
    assert steps_of(found) == ["prices", "history", "time"]


HEAD = "PortfolioID,TradeID,ProductClass,RiskType,Qualifier,Bucket,Label1,Label2,ValuationDate,AmountUSD"
ROWS = (
    "P,t1,RatesFX,Risk_IRCurve,USD,1,5y,OIS,2024-05-30,10000",
    "P,t1,RatesFX,Risk_IRCurve,USD,1,10y,OIS,2024-05-30,-4000",
    "P,t2,Equity,Risk_Equity,ACME,1,,,2024-05-30,20000",
)
NEXT = (
    ROWS[0].replace("10000", "11000").replace("05-30", "05-31"),
    ROWS[1].replace("05-30", "05-31"),
    "P,t3,Equity,Risk_Equity,OTHER,2,,,2024-05-31,7000",
)


def crif(*rows: str, model: str = "simm") -> Crif:
    text = "\n".join((HEAD, *rows, ""))
    return read_crif(text.encode(), "margin", defaults(model), name="crif", as_of=date(2024, 5, 31))


def test_the_rows_of_a_crif() -> None:
    found = closes(bridge(earlier(crif(*ROWS), defaults("simm")), crif(*NEXT), defaults("simm")))
    assert steps_of(found) == ["trades", "sensitivities", "time"]
    trades = found.tables["trades"]
    assert list(zip(trades["trade"], trades["change"], strict=True)) == [("t3", "added"), ("t2", "removed")]
    other = found.tables["sensitivities"]
    assert list(zip(other["trade"], other["amount_earlier"], other["amount_today"], strict=True)) == [
        ("t1", 10_000.0, 11_000.0)
    ]


def test_every_other_difference_of_a_crif_is_a_step() -> None:
    before = earlier(crif(*ROWS), defaults("simm"))
    cases: list[tuple[Crif, dict[str, Any], str]] = [
        (crif(*ROWS), {"version": "2.6"}, "parameter_set"),
        (crif(*ROWS), {"mpor_days": 1}, "parameters"),
        (crif(*ROWS), {"side": "post"}, "parameters"),
        (crif(*ROWS), {"fx": {"EUR/USD": 1.1}}, "fx"),
        (replace(crif(*ROWS), fx={"EUR/USD": 1.1}), {}, "fx"),
        (crif(*(row.replace("05-30", "05-31") for row in ROWS)), {}, "time"),
        (crif(*ROWS[::-1]), {}, "sensitivities"),
        (crif(*ROWS[:2]), {}, "trades"),
        (crif(*ROWS), {}, ""),
    ]
    for today, parameters, step in cases:
        found = closes(bridge(before, today, defaults("simm", **parameters)))
        assert steps_of(found) == ([step] if step else []), step


def test_dates_of_rows_from_the_other_day_become_that_of_the_state() -> None:
    sides = Crifs(crif(*ROWS), crif(*NEXT))
    for steps, day in (({"trades"}, "2024-05-30"), ({"trades", "time"}, "2024-05-31")):
        mixed = sides.mixed(frozenset(steps))
        assert set(mixed.column("valuation_date").texts()) == {day}
        assert mixed.as_of.isoformat() == day


def test_schedule_reads_both_kinds() -> None:
    dated = [{**POSITIONS[0], "maturity": "2026-05-31"}, {**POSITIONS[1], "maturity": "2030-05-31"}]
    found = closes(bridge(earlier(book(dated), defaults("schedule")), book(dated[:1]), defaults("schedule")))
    assert steps_of(found) == ["trades"]
    with pytest.raises(InputError, match="is of positions, and this one is of rows of a CRIF"):
        bridge(earlier(book(dated), defaults("schedule")), crif(*ROWS), defaults("schedule"))


def test_reg_t() -> None:
    stocks = [POSITIONS[0], {**POSITIONS[0], "id": "m", "symbol": "MSFT", "quantity": -50.0, "price": 410.0}]
    option = {
        **POSITIONS[0], "id": "o", "symbol": "AAPL C200", "underlying": "AAPL", "instrument": "option", "price": 4.0,
        "option_type": "call", "strike": 200.0, "expiry": "2024-12-20", "underlying_price": 190.0, "quantity": -1.0,
    }  # fmt: skip
    today = book([{**stocks[0], "price": 195.0}, option], available_cash=2e6)
    found = closes(bridge(earlier(book(stocks), defaults("reg_t")), today, defaults("reg_t"), method="shapley"))
    assert steps_of(found) == ["trades", "prices", "cash_and_collateral"]


def test_another_netting_set_or_currency_is_refused() -> None:
    before = earlier(crif(*ROWS), defaults("simm"))
    with pytest.raises(InputError, match="netting set 'P', and this one is of 'Q'"):
        bridge(before, crif(*(row.replace("P,", "Q,", 1) for row in ROWS)), defaults("simm"))
    with pytest.raises(InputError, match="in USD, and this one is in EUR"):
        bridge(before, crif(*ROWS), defaults("simm", calculation_currency="EUR", fx={"EUR/USD": 1.1}))
