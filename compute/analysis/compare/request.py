"""The parameters of a comparison; nothing here needs a compiler."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from compute.crif import Crif, RowFault
from compute.errors import InputError
from compute.margin.backtest.plan import PARAMETERS as WALK
from compute.margin.backtest.plan import Plan, walked_symbols
from compute.margin.models import MODELS
from compute.measure import MeasureSpec, Part, Takes, deferred, rows
from compute.parameters import Kind, Parameter

POINTER = "/parameters/models"
MOST_ENTRIES = 8
SAME_FOR_ALL = ("calculation_currency", "fx", "side")
"""Parameters that every entry on a CRIF must be given alike: two currencies, or two sides, do not compare."""

PARAMETERS: dict[str, Parameter] = {
    "models": Parameter(
        kind=Kind.MODELS,
        default=[],
        doc="What is compared, the base first: house,portfolio_margin,fhs, each with a version where one is wanted, "
        'house@1.0, or a list of {"model": …, "parameters": {…}, "label": …}.',
    ),
    **WALK,
}


def judge(parameters: Mapping[str, Any]) -> None:
    """Raise InputError for entries that cannot stand side by side."""
    entries = parameters["models"]
    if len(entries) < 2:
        raise InputError(
            "A comparison needs at least two models, or two versions of one.",
            pointer=POINTER,
            remedy="Add one, such as house,portfolio_margin; for one model alone there is the measure backtest.",
        )
    if len(entries) > MOST_ENTRIES:
        raise InputError(f"{len(entries)} models are more than the {MOST_ENTRIES} of a comparison.", pointer=POINTER)
    judge_repeats(entries)
    _judge_inputs(entries)
    Plan.of(parameters)


def judge_repeats(entries: Sequence[Mapping[str, Any]]) -> None:
    """Raise InputError for a label, or a model with the same parameters, that comes twice.

    Until the sets of a tenant are looked up, a model without a version is not the same as one with the packaged one.
    """
    for index, entry in enumerate(entries):
        for earlier, other in enumerate(entries[:index]):
            if other["parameters"] == entry["parameters"] and _names_version(other) == _names_version(entry):
                raise InputError(
                    f"{entry['label']} is {other['label']} once more: the same model with the same parameters.",
                    pointer=f"{POINTER}/{index}",
                    remedy=f"Leave it out, or give it other parameters than models/{earlier}.",
                )
            if other["label"] == entry["label"]:
                raise InputError(
                    f"Two entries are labelled {entry['label']}.",
                    pointer=f"{POINTER}/{index}/label",
                    remedy="Give each a label of its own.",
                )


def _names_version(entry: Mapping[str, Any]) -> bool:
    return "version" in entry.get("given", ())


def settled(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries without what was given of them, once their sets are looked up; errors as `judge_repeats`."""
    found = [{name: value for name, value in entry.items() if name != "given"} for entry in entries]
    judge_repeats(found)
    return found


def _judge_inputs(entries: list[Mapping[str, Any]]) -> None:
    """Refuse models that no one input suits: each says what it takes."""
    names = list(dict.fromkeys(str(entry["model"]) for entry in entries))
    if not common_takes(names):
        said = "; ".join(f"{name} takes {_said(name)}" for name in names)
        raise InputError(
            f"These models have no input in common: {said}.",
            pointer=POINTER,
            remedy="Compare models that take the same input.",
        )
    for name in SAME_FOR_ALL:
        found = [entry["parameters"].get(name) for entry in entries]
        if Takes.POSITIONS not in common_takes(names) and found.count(found[0]) < len(found):
            at = next(index for index, value in enumerate(found) if value != found[0])
            raise InputError(
                f"The entries differ in {name}: their amounts do not compare.",
                pointer=f"{POINTER}/{at}/parameters/{name}",
                remedy="Give all of them the same.",
            )


def _said(name: str) -> str:
    words = {
        ("simm", Takes.CRIF): "the sensitivities of a CRIF",
        ("schedule", Takes.CRIF): "the present values and notionals of a CRIF",
    }
    return " or ".join(words.get((name, take), take.value) for take in MODELS[name].takes)


def common_takes(names: list[str]) -> tuple[Takes, ...]:
    """Return what all of some models can be called with; two different models read different rows of a CRIF."""
    shared = [take for take in Takes if all(take in MODELS[name].takes for name in names)]
    return tuple(take for take in shared if take is Takes.POSITIONS or len(set(names)) == 1)


def _narrowed(spec: MeasureSpec, parameters: Mapping[str, Any]) -> MeasureSpec:
    """Return the measure as it is for these models; parameters that nobody has judged yet leave it wider."""
    names = named_models(parameters.get("models"))
    takes = common_takes(names) if names else ()
    if not takes:
        return spec
    return replace(spec, takes=takes, row_faults=_row_faults if Takes.CRIF in takes else None)


def named_models(given: Any) -> list[str]:
    """Return the models that a parameter, judged or not, names; empty where it does not make sense."""
    if isinstance(given, str):
        given = given.split(",")
    listed = given if isinstance(given, list | tuple) else []
    words = [item.get("model") if isinstance(item, Mapping) else item for item in listed]
    names = [word.partition("@")[0].strip().lower() for word in words if isinstance(word, str)]
    return list(dict.fromkeys(names)) if len(names) == len(words) and all(name in MODELS for name in names) else []


def _row_faults(crif: Crif, parameters: Mapping[str, Any]) -> Iterator[RowFault]:
    """Yield the cells that any of the entries cannot use, each once."""
    found: dict[RowFault, None] = {}
    for entry in parameters["models"]:
        check = MODELS[entry["model"]].row_faults
        for fault in check(crif, entry["parameters"]) if check is not None else ():
            if fault not in found:
                found[fault] = None
                yield fault


def _parts(parameters: Mapping[str, Any], book: Any) -> list[Part]:
    dates = 0 if isinstance(book, Crif) else Plan.of(parameters).most_dates
    return [
        Part(model=entry["model"], parameters=entry["parameters"], margins=1.0 + dates)
        for entry in parameters["models"]
    ]


SPEC = MeasureSpec(
    kernel=deferred("compute.analysis.compare.model", "compare"),
    parameters=PARAMETERS,
    work=rows,
    history_names=lambda _portfolio: [],
    more_history=walked_symbols,
    takes=(Takes.POSITIONS, Takes.CRIF),
    row_faults=_row_faults,
    judge=judge,
    runs_on_defaults=False,
    narrow=_narrowed,
    parts=_parts,
)
