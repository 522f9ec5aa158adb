"""What every explanation does whatever the model: groups, bounds, progress, refusals, parameters."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from compute.analysis.explain.groups import NONE
from compute.analysis.explain.removal import Removal
from compute.analysis.explain.request import EXPLAINED
from compute.errors import CancelledError, ComputeError, InputError
from compute.margin.allocation import Allocation, check_closed, kept
from compute.margin.models import MODELS
from compute.market import Market
from compute.measures import MEASURES
from compute.result import Result
from services.costs import compile_all
from services.errors import InvalidInputError
from services.intake.parameters import read_parameters
from tests.unit.compute.analysis.explain.explaining import contributions, defaults, explain, groups, holds_together
from tests.unit.compute.analysis.explain.test_simm import random_crif
from tests.unit.compute.margin.books import book, row


def three() -> Any:
    return book(
        [
            row("A", "equity", 10.0, 100.0, sector="energy"),
            row("B", "equity", -5.0, 100.0, underlying="A", instrument="option", option_type="call"),
            row("C", "crypto", 1.0, 100.0),
        ]
    )


def test_every_model_is_explained_and_takes_its_own_parameters() -> None:
    assert set(EXPLAINED) == set(MODELS) == set(MEASURES["explain"].models)
    for name, spec in MEASURES["explain"].models.items():
        assert set(MODELS[name].parameters) < set(spec.parameters)
        assert spec.takes == MODELS[name].takes
        assert not spec.is_timed


def test_its_cost_is_that_of_the_margins_it_computes() -> None:
    spec = MEASURES["explain"].models["house"]
    assert spec.parts is not None
    calls = 0

    def counting(_done: int, _total: int) -> None:
        nonlocal calls
        calls += 1

    for given in ({}, {"top": 1, "top_groups": 2}, {"group_by": "symbol"}):
        (part,) = spec.parts(defaults("house", **given), three())
        calls = 0
        explain(three(), "house", checkpoint=counting, **given)
        assert part.model == "house"
        assert part.parameters.keys() == MODELS["house"].parameters.keys() | {"model"}
        assert part.margins == 2.0 + (
            calls - 2
        )  # one more before the parts and at the end; the house model itself reports nothing
    (part,) = spec.parts(defaults("house", group_by="rating"), three())
    assert part.margins == 8.0


def test_compiled_code_is_ready_before_the_first_job() -> None:
    compiled = {name for name, spec in MEASURES["explain"].models.items() if spec.compiles}
    assert compiled == {"house", "simm"}
    compile_all({"explain": replace(MEASURES["explain"], models={"simm": MEASURES["explain"].models["simm"]})})


def test_groups_of_the_usual_kinds() -> None:
    result = explain(three(), "house")
    assert set(groups(result, "asset_class")) == {"equity", "crypto"}
    assert set(groups(result, "sector")) == {"energy", NONE}
    underlyings = groups(result, "underlying")
    assert {name: one["positions"] for name, one in underlyings.items()} == {"A": 2, "C": 1}
    parts = contributions(result)
    assert underlyings["A"]["contribution"] == pytest.approx(parts[0] + parts[1])


def test_groups_of_one_kind_alone() -> None:
    table = explain(three(), "house", group_by="symbol").tables["groups"]
    assert set(table["kind"]) == {"symbol"}
    sizes = np.abs(table["contribution"])
    assert (np.diff(sizes) <= 0.0).all()


def test_a_kind_that_nothing_has_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="has a rating") as refused:
        explain(three(), "house", group_by="rating")
    assert refused.value.pointer == "/parameters/group_by"


def test_what_is_not_computed_is_null_and_said() -> None:
    result = explain(three(), "house", top=1, top_groups=1, group_by="symbol")
    table = result.tables["positions"]
    assert [value is None for value in table["marginal"]] == [False, True, True]
    assert [value is None for value in table["stand_alone"]] == [False, True, True]
    assert result.document["not_computed"] == [
        "marginal and stand_alone of 2 groups by symbol",
        "marginal and stand_alone of 2 positions",
    ]
    assert explain(three(), "house").document["not_computed"] == []


def test_an_empty_book() -> None:
    result = explain(book([]), "house")
    holds_together(result, 0.0)
    assert result.tables["groups"]["group"] == []
    assert explain(book([]), "house", group_by="sector").document["total"] == 0.0


def test_a_single_position_is_all_of_the_figure() -> None:
    result = explain(book([row("A", "equity", 10.0, 100.0)]), "house")
    holds_together(result, 250.0)
    (group,) = groups(result, "asset_class").values()
    assert group["contribution"] == group["marginal"] == group["stand_alone"] == 250.0
    assert group["share"] == 1.0
    assert result.tables["positions"]["marginal"] == [250.0]


@pytest.mark.parametrize("model", ["house", "simm"])
def test_progress_never_falls_and_ends_at_the_whole(model: str) -> None:
    seen: list[tuple[int, int]] = []
    given = three() if model == "house" else random_crif(1, size=6)
    explain(given, model, checkpoint=lambda done, total: seen.append((done, total)))
    parts = [done / total for done, total in seen]
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
    assert len(parts) > 10


def test_a_checkpoint_stops_it() -> None:
    def stop(done: int, total: int) -> None:
        if done * 2 > total:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        explain(three(), "house", checkpoint=stop)


def test_a_part_that_the_model_refuses_is_null_with_the_reason() -> None:
    def refusing(*_given: Any) -> Result:
        raise InputError("It takes two.")

    removal = Removal(
        refusing, three(), Market(), {}, figure="initial_margin", total=1.0, planned=2, checkpoint=lambda _d, _t: None
    )
    assert removal.marginal(np.array([True, False, False])) is None
    assert removal.refusals == ["It takes two."]


def test_the_same_part_is_computed_once() -> None:
    calls = []

    def counting(portfolio: Any, *_given: Any) -> Result:
        calls.append(len(portfolio))
        return Result(document={"initial_margin": float(len(portfolio))})

    removal = Removal(
        counting, three(), Market(), {}, figure="initial_margin", total=3.0, planned=4, checkpoint=lambda _d, _t: None
    )
    member = np.array([True, False, False])
    assert (removal.marginal(member), removal.stand_alone(member)) == (1.0, 1.0)
    assert (removal.marginal(~member), removal.stand_alone(~member)) == (2.0, 2.0)
    assert calls == [2, 1]


def test_parts_that_miss_the_whole_are_a_fault_of_ours() -> None:
    good = Allocation(steps=(("a", 3.0),), contributions=np.array([1.0, 2.0]), rule="", differentiable=True)
    check_closed(good, 3.0)
    for wrong in (replace(good, steps=(("a", 3.1),)), replace(good, contributions=np.array([1.0, 2.1]))):
        with pytest.raises(ComputeError, match="sum to"):
            check_closed(wrong, 3.0)


def test_steps_that_move_nothing_are_left_out() -> None:
    assert kept((("a", 0.0), ("b", 1.0), ("c", 0.0)), frozenset({"c"})) == (("b", 1.0), ("c", 0.0))


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"top": -1}, "/parameters/top"),
        ({"top": 501}, "/parameters/top"),
        ({"top": "many"}, "/parameters/top"),
        ({"top_groups": 1e9}, "/parameters/top_groups"),
        ({"group_by": "risk_class"}, "/parameters/group_by"),
        ({"group_by": "\x00"}, "/parameters/group_by"),
        ({"figure": "equity"}, "/parameters/figure"),
        ({"model": "none"}, "/parameters/model"),
        ({"basket": {}}, "/parameters/basket"),
        ({"model": "span"}, "/parameters/span_parameters"),
        ({"model": "portfolio_margin", "product_groups": {"no": {}}}, "/parameters/product_groups/no"),
    ],
)
def test_hostile_parameters_are_refused_by_name(given: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_parameters("explain", given)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
