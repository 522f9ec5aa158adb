"""The models of a comparison: text or objects, each judged like a margin's parameters, defaults written out."""

from typing import Any

import pytest

from compute.analysis.compare.request import settled
from compute.errors import InputError
from compute.margin.models import MODELS
from compute.measure import Takes
from compute.measures import measure
from services.errors import InvalidInputError
from services.intake.parameters import from_text, read_parameters


def entries(models: Any) -> list[dict[str, Any]]:
    return read_parameters("compare", {"models": models})["models"]


def faults(models: Any, **more: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidInputError) as caught:
        read_parameters("compare", {"models": models, **more})
    return [(fault.pointer, fault.detail, fault.remedy) for fault in caught.value.faults]


def test_text_names_models_and_versions() -> None:
    house, older, fhs = entries("house@1.0, portfolio_margin ,fhs")
    assert house["parameters"] == read_parameters("margin", {"model": "house", "version": "1.0"})
    assert (house["label"], house["given"]) == ("house@1.0", ["version"])
    assert (older["label"], older["given"]) == ("portfolio_margin", [])
    assert fhs["parameters"]["confidence"] == 0.99


def test_text_names_stored_sets() -> None:
    stored, active = entries("house@desk@3,house@active")
    assert stored["parameters"]["parameter_set"] == "desk@3"
    assert active["parameters"]["parameter_set"] == "active"
    assert [stored["label"], active["label"]] == ["house@desk@3", "house@active"]


def test_objects_bring_parameters_and_labels() -> None:
    given = [
        {"model": "FHS", "parameters": {"confidence": 0.995, "apc": "buffer"}},
        {"model": "fhs", "label": "as it is"},
        "house",
    ]
    found = entries(given)
    assert [entry["label"] for entry in found] == ["fhs apc=buffer confidence=0.995", "as it is", "house"]
    assert found[0]["parameters"]["lookback"] == 1250
    assert found[0]["given"] == ["apc", "confidence"]


def test_what_was_read_reads_again_as_itself() -> None:
    found = entries(["house@1.0", {"model": "fhs", "parameters": {"confidence": 0.995}}])
    assert entries(found) == found


def test_labels_that_nobody_gave_are_told_apart() -> None:
    long = {"model": "house", "parameters": {"tables": {}}}
    found = entries([{"model": "fhs", "parameters": {"lookback": 300}}, {**long, "label": "fhs"}, "fhs"])
    assert [entry["label"] for entry in found] == ["fhs lookback=300", "fhs", "fhs (2)"]


@pytest.mark.parametrize(
    ("models", "pointer", "detail", "remedy"),
    [
        ("house,huose", "/1/model", 'The model "huose" is unknown.', "Did you mean house?"),
        ("house,house@1.1", "/1/parameters/version", 'version is unknown: "1.1".', "Did you mean 1.0?"),
        (["house", {"model": "fhs", "parameters": {"lookbak": 1}}], "/1/parameters/lookbak",
         'The field "lookbak" is unknown.', "Did you mean lookback?"),
        (["house", {"model": "fhs", "parameters": {"confidence": 2}}], "/1/parameters/confidence",
         "confidence must be at least 0.9 and at most 0.9999.", ""),
        (["house", {"model": "fhs", "paramters": {}}], "/1/paramters",
         'The field "paramters" is unknown.', "Did you mean parameters?"),
        (["house", {"parameters": {}}], "/1/model", "model is required.", None),
        (["house", {"model": 3}], "/1/model", "model must be a text, and is a number.", ""),
        (["house", {"model": "fhs", "parameters": {"model": "house"}}], "/1/parameters/model",
         "The entry is of fhs.", "Leave it out here."),
        (["house", 7], "/1", None, None),
        (["house", {"model": "fhs", "label": "x" * 61}], "/1/label", "A label has at most 60 characters.", ""),
        ({"house": {}}, "", "models must be a list of models, and is an object.", None),
        (7, "", "models must be a list of models, and is a number.", None),
        (["house"] * 51, "", "51 models are too many.", None),
        ("house", "", "A comparison needs at least two models, or two versions of one.", None),
        ("", "", "A comparison needs at least two models, or two versions of one.", None),
        ("fhs,house,house", "/2", "house (2) is house once more: the same model with the same parameters.",
         "Leave it out, or give it other parameters than models/1."),
        ([{"model": "house", "label": "x"}, {"model": "fhs", "label": "x"}], "/1/label", "Two entries are labelled x.",
         None),
        ("simm,reg_t", "",
         "These models have no input in common: simm takes the sensitivities of a CRIF; reg_t takes positions.", None),
        ("simm,schedule", "",
         ("These models have no input in common: simm takes the sensitivities of a CRIF; schedule takes the present "
         "values and notionals of a CRIF or positions."), None),
        (["simm", {"model": "simm", "parameters": {"calculation_currency": "EUR"}}],
         "/1/parameters/calculation_currency", ("The entries differ in calculation_currency: their amounts do not "
         "compare."), None),
    ],
)  # fmt: skip
def test_what_will_not_do_is_named(models: Any, pointer: str, detail: str | None, remedy: str | None) -> None:
    (found,) = faults(models)
    assert found[0] == f"/parameters/models{pointer}"
    assert detail is None or found[1] == detail
    assert remedy is None or found[2] == remedy


def test_without_a_version_it_may_be_the_active_set_until_that_is_looked_up() -> None:
    found = entries("house@1.0,house")
    with pytest.raises(InputError, match=r"house is house@1\.0 once more"):
        settled(found)
    assert settled(entries("house@1.0,fhs"))[0].keys() == {"model", "label", "parameters"}


def test_more_than_eight_are_too_many() -> None:
    many = [{"model": "fhs", "parameters": {"lookback": 300 + index}} for index in range(9)]
    assert "9 models are more than the 8" in faults(many)[0][1]


def test_every_fault_of_every_entry_is_named() -> None:
    assert [pointer for pointer, *_ in faults("huose,fsh,house@9")] == [
        "/parameters/models/0/model",
        "/parameters/models/1/model",
        "/parameters/models/2/parameters/version",
    ]


def test_the_comparison_is_not_run_without_models() -> None:
    with pytest.raises(InvalidInputError, match="at least two"):
        read_parameters("compare", {})


@pytest.mark.parametrize(
    ("models", "takes"),
    [
        ("house,fhs", (Takes.POSITIONS,)),
        ("house,schedule", (Takes.POSITIONS,)),
        ("simm,simm@2.6", (Takes.CRIF,)),
        ("schedule,schedule", MODELS["schedule"].takes),
        ([{"model": "simm"}, {"model": "simm", "parameters": {"version": "2.6"}}], (Takes.CRIF,)),
        ("nothing", (Takes.POSITIONS, Takes.CRIF)),
        ([3], (Takes.POSITIONS, Takes.CRIF)),
        (None, (Takes.POSITIONS, Takes.CRIF)),
    ],
)
def test_what_it_takes_goes_by_its_models_before_they_are_judged(models: Any, takes: tuple[Takes, ...]) -> None:
    assert set(measure("compare").chosen({"models": models}).takes) == set(takes)


def test_on_the_command_line_it_is_text() -> None:
    assert from_text(measure("compare").parameters["models"], "house,fhs") == "house,fhs"
