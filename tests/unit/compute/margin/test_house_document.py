"""The worked example of docs/models/house.md, computed."""

from pathlib import Path

import pytest

from tests.unit.compute.margin.books import book, calculate

PAGE = Path(__file__).parents[4] / "docs" / "models" / "house.md"
EXACT = 1e-12


def example():
    """Return the tables after the example's heading, each as a list of dictionaries."""
    lines = PAGE.read_text(encoding="utf-8").partition("## A worked example")[2].splitlines()
    tables: list[list[dict[str, str]]] = []
    heading = None
    for line in lines:
        if not line.startswith("|"):
            heading = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if heading is None:
            heading = cells
            tables.append([])
        elif set(line) - set("|-"):
            tables[-1].append(dict(zip(heading, cells, strict=True)))
    return tables


def number(text):
    return float(text.replace(",", "").replace("−", "-")) if text else None


def rows():
    return [
        {
            "symbol": cells["symbol"],
            "asset_class": cells["asset_class"],
            **{name: number(cells[name]) for name in ("quantity", "price", "duration", "settlement_price")},
        }
        for cells in example()[0]
    ]


def test_worked_example():
    positions, figures = example()
    document, table = calculate(book(rows(), available_cash=100_000.0, collateral={"treasury_bills": 50_000.0}))
    stated = [number(cells["initial margin"]) for cells in positions]
    assert table["initial_margin"].tolist() == pytest.approx(stated, rel=EXACT)
    assert len(figures) == 10
    for cells in figures:
        found = document
        for key in cells["figure"].split("."):
            found = found[key]
        assert found == pytest.approx(number(cells["value"]), rel=EXACT), cells["figure"]


def test_optimise_states_the_same_offset():
    document = calculate(book(rows()), name="optimise")
    assert document["margin_savings"] == pytest.approx(39_068.2, rel=EXACT)
    assert len(document["cross_margin_benefits"]) == 6
