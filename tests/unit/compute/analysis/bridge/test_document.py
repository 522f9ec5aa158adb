"""The worked example of docs/bridge.md, read from the page, is what the code computes."""

import re
from pathlib import Path

import pytest

from compute.analysis.bridge.request import CODE, STEPS
from services.intake.decode import decode_portfolio
from tests.unit.compute.analysis.bridge.cases import bridge, earlier

PAGE = (Path(__file__).resolve().parents[5] / "docs" / "bridge.md").read_text()
BEFORE, TODAY = (decode_portfolio(block.encode()) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))


def _amounts(column: int) -> dict[str, float]:
    rows = [line.split("|")[1:-1] for line in PAGE.partition("## A worked example")[2].splitlines() if line[:1] == "|"]
    return {row[0].strip(): float(row[column].replace("−", "-").replace(",", "")) for row in rows[2:]}


@pytest.mark.parametrize(("method", "column"), [("sequential", 1), ("shapley", 2)])
def test_the_example(method: str, column: int) -> None:
    found = bridge(earlier(BEFORE), TODAY, method=method)
    shown = {bar["step"]: bar["amount"] for bar in found.document["waterfall"]}
    assert shown == pytest.approx(_amounts(column))
    assert list(shown) == list(_amounts(column))


def test_the_page_names_every_step_in_the_usual_order() -> None:
    table = PAGE.partition("## The steps")[2].partition("## ")[0]
    named = re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)
    assert named == [CODE, *STEPS]
