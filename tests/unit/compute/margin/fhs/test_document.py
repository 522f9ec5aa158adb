"""The worked examples of docs/models/fhs.md, computed."""

from pathlib import Path
from typing import Any

import pytest

from cli.history import read_history
from compute.market import Market
from compute.portfolio import Portfolio
from services.intake import decode_portfolio
from tests.unit.compute.margin.fhs.books import compute, run_backtest

ROOT = Path(__file__).parents[5]
PAGE = (ROOT / "docs" / "models" / "fhs.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def example() -> tuple[Portfolio, Market]:
    examples = ROOT / "examples"
    book = decode_portfolio((examples / "long_short_sp500.json").read_bytes())
    return book, Market(history=read_history(examples / "data" / "sp500_20_prices_1990_2022.csv.gz"))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"risk_measure": "var"},
        {"lambda": 0.99},
        {"horizon": "scaled"},
        {"apc": "buffer"},
        {"apc": "stressed"},
        {"apc": "floor"},
    ],
)
def test_margins_of_the_example_book(example: tuple[Portfolio, Market], given: dict[str, Any]) -> None:
    shown = compute(*example, **given).document["breakdown"]
    name = next((f"`{key}={value}`" for key, value in given.items()), "–")
    assert f"| {name} | {shown['core']:,.0f} | {shown['apc']:,.0f} | {shown['total']:,.0f} |\n" in PAGE


@pytest.mark.parametrize("decay", [0.97, 0.99])
@pytest.mark.parametrize("tool", ["none", "buffer", "stressed", "floor"])
def test_backtests_of_the_example_book(example: tuple[Portfolio, Market], decay: float, tool: str) -> None:
    given: dict[str, Any] = {"risk_measure": "var", "days": 5700, "apc": tool, "lambda": decay}
    document = run_backtest(*example, **given).document
    coverage, moved = document["coverage"][0], document["procyclicality"]["margin"]
    row = [
        f"{decay}",
        tool,
        f"{document['margin']['mean']:,.0f}",
        f"{coverage['exceedances']}",
        f"{coverage['kupiec']['p_value']:.3f}",
        f"{coverage['christoffersen_independence']['p_value']:.3f}",
        f"{moved['peak_to_trough']:.2f}",
        *(f"{rise['rise']:.0%}" for rise in moved["greatest_rises"]),
    ]
    assert f"| {' | '.join(row)} |\n" in PAGE
    assert (document["first_day"], coverage["observations"]) == ("2000-05-02", 2850)
