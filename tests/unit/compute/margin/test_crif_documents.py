"""The worked examples of docs/models/simm.md and schedule.md, computed from examples/crif.csv as anyone would."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from compute.market import Market
from compute.measures import measure
from compute.result import no_checkpoint
from services.intake.crif import read_crif
from services.intake.parameters import read_parameters

ROOT = Path(__file__).parents[4]
CENTS = 5e-7
EXAMPLES = {"simm": {"model": "simm", "version": "2.6"}, "schedule": {"model": "schedule"}}


def stated(model: str) -> dict[str, float]:
    """Return the last table of a page's worked example."""
    page = (ROOT / "docs" / "models" / f"{model}.md").read_text(encoding="utf-8")
    example = page.partition("## A worked example")[2].partition("\n## ")[0].partition("| figure | value |")[2]
    rows = [line.strip("|").split("|") for line in example.splitlines() if line.startswith("| ")]
    return {name.strip(): float(value.replace(",", "")) for name, value in rows}


def computed(model: str) -> Mapping[str, Any]:
    parameters = read_parameters("margin", EXAMPLES[model])
    crif = read_crif((ROOT / "examples" / "crif.csv").read_bytes(), "margin", parameters, name="crif")
    return measure("margin").chosen(parameters).kernel(crif, Market(), parameters, no_checkpoint).document


@pytest.mark.parametrize("model", EXAMPLES)
def test_worked_example(model: str):
    document, figures = computed(model), stated(model)
    assert len(figures) >= 3
    for path, value in figures.items():
        found: Any = document
        for key in path.split("."):
            found = found[key]
        assert found == pytest.approx(value, abs=CENTS), path


def test_the_rows_of_the_other_model_are_counted():
    assert computed("simm")["input"]["rows_of_other_models"] == {"Schedule": 4}
    assert computed("schedule")["input"]["rows_of_other_models"] == {"SIMM": 5}


@pytest.mark.parametrize("model", EXAMPLES)
def test_the_result_names_its_parameter_set(model: str):
    found = computed(model)["parameter_set"]
    assert found["source"]
    assert found["status"]
    assert found["unverified"] == []
