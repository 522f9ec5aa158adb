"""The packaged sets of portfolio margin and SPAN: unknown versions, and sets that break their schema."""

import tomllib
from typing import Any

import pytest

from compute.errors import InputError, ParameterSetError
from compute.margin.portfolio_margin import tables as portfolio_margin
from compute.margin.span import tables as span

SETS = [(portfolio_margin, portfolio_margin.portfolio_margin_set), (span, span.span_set)]


def packaged(module: Any) -> dict[str, Any]:
    return tomllib.loads((module.FOLDER / f"{module.DEFAULT_VERSION}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("module", "load"), SETS)
def test_an_unknown_version_lists_the_known_ones(module: Any, load: Any) -> None:
    with pytest.raises(InputError) as caught:
        load("no such")
    assert caught.value.pointer == "/parameters/version"
    assert module.DEFAULT_VERSION in caught.value.remedy


@pytest.mark.parametrize(
    ("module", "change", "pointer"),
    [
        (portfolio_margin, {"steps": 0}, "/steps"),
        (portfolio_margin, {"stpes": 5}, "/stpes"),
        (portfolio_margin, {"ranges_percent": {"high_cap_broad_index": 8}}, "/ranges_percent/high_cap_broad_index"),
        (
            portfolio_margin,
            {"ranges_percent": {"high_cap_broad_index": [8, 6]}},
            "/ranges_percent/high_cap_broad_index",
        ),
        (span, {"scenarios": [[0, 1]]}, "/scenarios"),
        (span, {"extreme_fraction": 1.5}, "/extreme_fraction"),
        (span, {"delta_weights": {"unchanged": 0.3}}, "/delta_weights/one_third"),
    ],
)
def test_a_set_that_breaks_its_schema_is_named(module: Any, change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ParameterSetError) as caught:
        module.read_set("broken", {**packaged(module), **change})
    assert caught.value.pointer == pointer
