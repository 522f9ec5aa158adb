"""The worked example of docs/parameter_sets.md, computed from the files that it names."""

import tomllib
from pathlib import Path

import pytest

from compute.margin.sets import set_faults
from compute.market import Market
from compute.measures import MEASURES
from compute.result import no_checkpoint
from services.intake.decode import decode_portfolio
from services.intake.parameters import read_parameters
from tests.unit.compute.margin.worked import number

ROOT = Path(__file__).parents[4]
EXAMPLE = ROOT / "examples" / "house_desk.toml"


def rows() -> list[list[str]]:
    page = (ROOT / "docs" / "parameter_sets.md").read_text(encoding="utf-8")
    part = page.partition("## A worked example")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("figure", ["gross_initial_margin", "initial_margin", "maintenance_margin"])
def test_the_figures_of_the_page(figure: str) -> None:
    document = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert set_faults("house", document) == []
    book = decode_portfolio((ROOT / "examples" / "multi_asset.json").read_bytes())
    (row,) = [row for row in rows() if row[0] == figure]
    for said, given in zip(row[1:], ({}, {"tables": document}), strict=True):
        parameters = read_parameters("margin", given)
        found = MEASURES["margin"].chosen(parameters).kernel(book, Market(), parameters, no_checkpoint)
        assert found.document[figure] == pytest.approx(number(said), rel=1e-12)
        assert str(found.document["version"]).startswith("desk-2027#" if given else "1.0")


def test_the_example_differs_from_the_packaged_set_in_what_it_says() -> None:
    packaged = (ROOT / "compute" / "margin" / "params" / "house-1.0.toml").read_text(encoding="utf-8")
    one, other = tomllib.loads(packaged), tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert (one["classes"]["equity"].pop("initial_rate"), other["classes"]["equity"].pop("initial_rate")) == (0.25, 0.3)
    for name in ("version", "title"):
        assert one.pop(name) != other.pop(name)
    assert one == other
