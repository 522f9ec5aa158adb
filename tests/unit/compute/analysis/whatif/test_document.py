"""The worked example of docs/whatif.md, computed; and its basket read."""

import json
import re
from pathlib import Path

import pytest

from compute.market import Market
from compute.measures import MEASURES
from compute.result import no_checkpoint
from services.inputs import opened, settled
from services.intake.parameters import read_parameters
from tests.unit.compute.analysis.books import portfolio

PAGE = (Path(__file__).parents[5] / "docs" / "whatif.md").read_text(encoding="utf-8")
BOOK = portfolio(
    [
        {"id": "p1", "symbol": "AAPL", "asset_class": "equity", "quantity": 1000.0, "price": 150.0},
        {"id": "p2", "symbol": "MSFT", "asset_class": "equity", "quantity": -400.0, "price": 300.0},
    ],
    available_cash=200_000.0,
)


def answer(basket, limits=None):
    parameters = read_parameters("whatif", {"basket": basket, "limits": limits or {}})
    spec = MEASURES["whatif"].chosen(parameters)
    given = settled(spec, parameters, BOOK, lambda _symbols: {})
    return spec.kernel(BOOK, Market(), opened(spec, given), no_checkpoint).document


def amount(text):
    return float(text.replace(",", "").replace("−", "-"))


def test_the_worked_example():
    basket = {
        "trades": [{"id": "p1", "quantity": -500}, {"close": "p2"}],
        "collateral": {"treasury_bills": 5_000},
    }
    found = answer(basket, {"excess_liquidity": {"min": 190_000}})
    rows = re.findall(r"^\| (\w+_\w+) \| (\S+) \| (\S+) \| (\S+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 6
    for figure, before, change, after in rows:
        assert found["before"][figure] == pytest.approx(amount(before), abs=1e-9)
        assert found["change"][figure] == pytest.approx(amount(change), abs=1e-9)
        assert found["after"][figure] == pytest.approx(amount(after), abs=1e-9)
    assert found["passed"] is False
    assert found["limits"][0]["reason"] in PAGE


def test_the_basket_and_the_limits_shown_are_read():
    basket, limits = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    found = answer(basket, limits)
    assert found["basket"]["added"] == 2
    assert [one["figure"] for one in found["limits"]] == list(limits)
