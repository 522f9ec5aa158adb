"""Parameter sets as documents: every fault named, one hash for one content, and results that come from the document."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute.errors import InputError
from compute.margin.chosen import content_hash
from compute.margin.differences import differences
from compute.margin.sets import MODELS, SetFaultsError, fixed, packaged_document, set_faults, set_model
from compute.market import Market
from compute.measures import MEASURES
from compute.result import Result, no_checkpoint
from services.costs import synthetic_market, synthetic_portfolio

WRONG: tuple[Any, ...] = (None, True, "x", -1e9, 1e9, float("nan"), float("inf"), [], {}, [[]], [None], [{}], 10**400)
LEAVES = {
    "house": "classes/equity/initial_rate",
    "reg_t": "account/initial_long",
    "portfolio_margin": "ranges_percent/narrow_index_sector_single_equity/0",
    "fhs": "procyclicality/buffer",
    "schedule": "net_share",
}
"""A figure of each model that decides a margin of equities."""


def packaged(model: str) -> dict[str, Any]:
    return packaged_document(model, MODELS[model].default)


def through_json(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document as Postgres gives it back: other order, 1 for 1.0 where a large number was meant."""
    found: dict[str, Any] = json.loads(json.dumps(document, sort_keys=True))
    return found


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*at, key)
        yield from paths(inner, (*at, key))


def changed(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    found = copy.deepcopy(document)
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return found


def parameters(model: str, **given: Any) -> dict[str, Any]:
    spec = MEASURES["margin"].chosen({"model": model})
    return {name: item.default for name, item in spec.parameters.items()} | dict(spec.sample) | given


def margin(model: str, **given: Any) -> Result:
    spec = MEASURES["margin"].chosen({"model": model})
    filled = parameters(model, **given)
    book = synthetic_portfolio(40)
    market = synthetic_market(book) if spec.needs_history(filled) else Market()
    return spec.kernel(book, market, filled, no_checkpoint)


@pytest.mark.parametrize("model", MODELS)
def test_the_packaged_sets_are_sound_documents(model: str) -> None:
    for version in MODELS[model].versions():
        assert set_faults(model, packaged_document(model, version)) == []


@pytest.mark.parametrize("model", MODELS)
def test_an_empty_document_lacks_everything_at_once(model: str) -> None:
    assert {fault.pointer for fault in set_faults(model, {})} >= {f"/{name}" for name in packaged(model)}


@pytest.mark.parametrize("model", MODELS)
def test_whatever_stands_anywhere_is_judged_and_never_raises_unnamed(model: str) -> None:
    """Each value of the packaged set replaced by each wrong thing: a fault within it, or a sound set."""
    document = packaged(model)
    for path in paths(document):
        pointer = "/".join(("", *(str(key).replace("~", "~0").replace("/", "~1") for key in path)))
        for wrong in WRONG:
            for fault in set_faults(model, changed(document, path, wrong)):
                assert fault.pointer, (path, wrong, fault.detail)
            if isinstance(wrong, float) and abs(wrong) != 1e9:
                found = {fault.pointer for fault in set_faults(model, changed(document, path, wrong))}
                assert any(pointer.startswith(item) or item.startswith(pointer) for item in found), (path, wrong)


@pytest.mark.parametrize("model", MODELS)
def test_a_key_too_many_is_named(model: str) -> None:
    document = packaged(model) | {"a/b~c": 1}
    assert [fault.pointer for fault in set_faults(model, document)] == ["/a~1b~0c"]


def test_faults_of_several_places_come_together() -> None:
    document = packaged("house")
    document["classes"]["equity"]["initial_rate"] = "x"
    document["classes"]["bond"]["maintenance_rate"] = 0.9
    document["duration_zones"]["upper_years"] = [3, 2]
    document["cross_class"]["rules"][1]["classes"] = [{}, {}]
    assert {fault.pointer for fault in set_faults("house", document)} == {
        "/classes/equity/initial_rate",
        "/classes/bond/maintenance_rate",
        "/duration_zones/upper_years",
        "/cross_class/rules/1/classes",
    }


def test_fractions_where_whole_numbers_are_meant_are_not_cut() -> None:
    for model, path in (("portfolio_margin", ("steps",)), ("fhs", ("liquidation_days", "other"))):
        (fault,) = set_faults(model, changed(packaged(model), path, 2.5))
        assert "whole number" in fault.detail


@pytest.mark.parametrize("model", [name for name in MODELS if name != "span"])
def test_the_packaged_document_gives_the_packaged_figures(model: str) -> None:
    one, other = margin(model), margin(model, tables=through_json(packaged(model)))
    without = {"version", "parameter_set"}
    assert {name: value for name, value in one.document.items() if name not in without} == {
        name: value for name, value in other.document.items() if name not in without
    }
    assert other.document["parameter_set"]["content_hash"] == content_hash(packaged(model))
    assert other.document["parameter_set"]["set"] is None
    assert other.document["version"] == f"{one.document['version']}#{content_hash(packaged(model))[:12]}"


@pytest.mark.parametrize(("model", "place"), LEAVES.items())
def test_a_changed_document_changes_the_margin(model: str, place: str) -> None:
    document = packaged(model)
    path = tuple(int(part) if part.isdigit() else part for part in place.split("/"))
    value: Any = document
    for key in path:
        value = value[key]
    given: dict[str, Any] = {"apc": "buffer"} if model == "fhs" else {}
    after = margin(model, tables=changed(document, path, value * 1.2), parameter_set="ours@7", **given)
    assert after.document["initial_margin"] != margin(model, **given).document["initial_margin"]
    assert after.document["version"] == "ours@7"
    assert after.document["parameter_set"]["set"] == "ours@7"


def test_a_document_that_does_not_fit_stops_the_calculation_at_its_pointer() -> None:
    with pytest.raises(InputError) as caught:
        margin("house", tables={"schema": 2})
    assert caught.value.pointer == "/parameters/tables/schema"


def test_a_stored_name_means_nothing_here() -> None:
    with pytest.raises(InputError, match="stored on a cluster"):
        margin("house", parameter_set="ours@7")


def test_simm_takes_none_and_says_why() -> None:
    with pytest.raises(InputError, match="licensed"):
        set_model("simm")
    spec = MEASURES["margin"].chosen({"model": "simm"})
    for name, value in (("parameter_set", "x"), ("tables", {"version": "9"})):
        with pytest.raises(InputError, match="licensed") as caught:
            spec.judge(parameters("simm", **{name: value}))
        assert caught.value.pointer == f"/parameters/{name}"


def test_both_a_name_and_a_document_are_one_too_many() -> None:
    spec = MEASURES["margin"].chosen({"model": "house"})
    with pytest.raises(InputError, match="Both"):
        spec.judge(parameters("house", parameter_set="x", tables=packaged("house")))
    for name, value in (("parameter_set", "x"), ("tables", packaged("house"))):
        with pytest.raises(InputError, match="Both") as both:
            spec.judge(parameters("house", **{name: value}, version="9"))
        assert both.value.pointer == "/parameters/version"
    with pytest.raises(SetFaultsError) as caught:
        spec.judge(parameters("house", tables={"schema": 1, "x": 1}))
    assert len(caught.value.faults) > 5


def test_a_document_with_too_many_values_is_not_read() -> None:
    document = packaged("house")
    document["volatilities"]["by_symbol"] |= {f"S{index}": 0.2 for index in range(50_000)}
    with pytest.raises(InputError, match="at most 50,000"):
        MEASURES["margin"].chosen({"model": "house"}).judge(parameters("house", tables=document))


def test_what_a_set_of_fhs_fixes() -> None:
    document = packaged("fhs")
    document["confidence"]["other"] = 0.995
    found = fixed({"model": "fhs", "tables": document})
    assert found == {"confidence": 0.995, "mpor_days": 2, "lookback": 1250, "lambda": 0.97}
    assert fixed({"model": "house", "tables": packaged("house")}) == {}


@pytest.mark.parametrize("model", MODELS)
def test_spelling_does_not_change_the_hash_and_content_does(model: str) -> None:
    document = packaged(model)
    backwards = dict(reversed(document.items()))
    assert content_hash(backwards) == content_hash(document) == content_hash(through_json(document))
    assert content_hash(document | {"version": "other"}) != content_hash(document)


def test_numbers_are_one_however_they_are_written() -> None:
    assert content_hash({"a": 1}) == content_hash({"a": 1.0})
    assert content_hash({"a": 10**22}) == content_hash({"a": 1e22})
    assert content_hash({"a": 0.0}) == content_hash({"a": -0.0})
    assert content_hash({"a": True}) != content_hash({"a": 1})
    assert content_hash({"a": "1"}) != content_hash({"a": 1})


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text("a/~1", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a/~1", max_size=2), inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.text("ab/~", max_size=2), TREES, max_size=4)


def applied(document: Any, pointer: str, change: dict[str, Any]) -> Any:
    """Return a document after one difference, read as RFC 6901 and applied by other means than those under test."""
    if not pointer:
        return change["new"]
    keys = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    found = copy.deepcopy(document)
    inner = found
    for key in keys[:-1]:
        inner = inner[int(key)] if isinstance(inner, list) else inner[key]
    if isinstance(inner, dict):
        inner.pop(keys[-1], None)
        inner |= {keys[-1]: change["new"]} if "new" in change else {}
    elif change["change"] == "removed":
        del inner[int(keys[-1])]
    else:
        inner[int(keys[-1]) :] = [change["new"], *inner[int(keys[-1]) + 1 :]]
    return found


@given(DOCUMENTS, DOCUMENTS)
def test_differences_applied_lead_from_one_document_to_the_other(one: dict[str, Any], other: dict[str, Any]) -> None:
    found = [item.document() for item in differences(one, other)]
    result: Any = one
    for item in sorted(found, key=lambda item: item["change"] == "removed"):
        if item["change"] != "removed":
            result = applied(result, item["pointer"], item)
    for item in reversed([item for item in found if item["change"] == "removed"]):
        result = applied(result, item["pointer"], item)
    assert not list(differences(result, other))
    assert content_hash(result) == content_hash(other)
    assert (not found) == (content_hash(one) == content_hash(other))
