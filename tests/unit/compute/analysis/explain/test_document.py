"""The worked example of docs/explain.md, read from the page, is what the code computes."""

from typing import Any

import pytest

from compute.analysis.explain.request import EXPLAINED, MOST_TOP, OWN
from compute.measures import MEASURES
from tests.unit.compute.analysis.explain.explaining import explain
from tests.unit.compute.margin.books import book, row
from tests.unit.compute.margin.worked import ROOT, number

PAGE = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")


def tables(heading: str) -> list[list[dict[str, str]]]:
    found: list[list[dict[str, str]]] = []
    names: list[str] | None = None
    for line in PAGE.partition(f"## {heading}")[2].partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else None
        if cells is None:
            names = None
        elif names is None:
            names = cells
            found.append([])
        elif set(line) - set("|-"):
            found[-1].append(dict(zip(names, cells, strict=True)))
    return found


@pytest.fixture(scope="module")
def example() -> Any:
    positions = [
        row("AAPL", "equity", 1000.0, 150.0),
        row("MSFT", "equity", -400.0, 300.0),
        row("BOND", "bond", 500.0, 100.0, duration=8.0),
    ]
    return explain(book(positions), "house")


def test_the_waterfall(example: Any) -> None:
    steps, _ = tables("A worked example")
    assert [one["step"] for one in example.document["waterfall"]] == [line["step"] for line in steps]
    for one, line in zip(example.document["waterfall"], steps, strict=True):
        assert one["amount"] == pytest.approx(number(line["amount"]))
        assert one["running"] == pytest.approx(number(line["running"]))


def test_the_positions(example: Any) -> None:
    _, lines = tables("A worked example")
    assert len(lines) == len(example.tables["positions"]["id"])
    for place, line in enumerate(lines):
        for name in ("contribution", "marginal", "stand_alone"):
            assert example.tables["positions"][name][place] == pytest.approx(number(line[name]))


def test_every_model_and_parameter_is_on_the_page() -> None:
    parameters = _parameters()
    assert {line["Parameter"].strip("`") for line in parameters} == OWN
    assert [line["Model"] for line in tables("Rules by model")[0]] == list(EXPLAINED)
    assert f"at most {MOST_TOP}" in PAGE
    defaults = MEASURES["explain"].models["house"].parameters
    for line in parameters[1:]:
        assert line["Default"].strip("`") == str(defaults[line["Parameter"].strip("`")].default)


def _parameters() -> list[dict[str, str]]:
    lines = [line for line in PAGE.partition("## The answer")[0].splitlines() if line.startswith("|")]
    names, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return [dict(zip(names, cells, strict=True)) for cells in rows]
