"""The models of a comparison: text by comma or a list of objects → entries with every parameter filled in."""

from collections.abc import Callable, Mapping
from typing import Any

from compute.margin.models import MODELS
from core.names import Measure
from services.intake import values
from services.intake.careful import unknown_field
from services.intake.faults import Faults, nearest, quote
from services.intake.values import kind_of, mapping

FIELDS = ("model", "parameters", "label", "given")
MAX_LABEL = 60
_MOST = 50

Collect = Callable[[str, Any, str, Faults], dict[str, Any]]
"""`services.intake.parameters.collect_parameters`."""


def read_entries(value: Any, pointer: str, faults: Faults, collect: Collect) -> list[dict[str, Any]] | None:
    """Return the entries: model, label, all parameters as of the measure margin, and the names that were given."""
    listed = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple):
        remedy = "Write house,portfolio_margin, or send a list of objects."
        faults.add(pointer, f"models must be a list of models, and is {kind_of(value)}.", remedy=remedy)
        return None
    if len(listed) > _MOST:
        faults.add(pointer, f"{len(listed)} models are too many.")
        return None
    before = len(faults.items) + faults.omitted
    found = [_entry(item, f"{pointer}/{index}", faults, collect) for index, item in enumerate(listed)]
    if len(faults.items) + faults.omitted > before:
        return None
    return _labelled([entry for entry in found if entry is not None])


def _entry(value: Any, pointer: str, faults: Faults, collect: Collect) -> dict[str, Any] | None:
    given = _from_text(value) if isinstance(value, str) else mapping(value, pointer, faults)
    if given is None:
        return None
    for name in given:
        if name not in FIELDS:
            unknown_field(name, pointer, FIELDS, faults)
    model = _model(given.get("model"), f"{pointer}/model", faults)
    own = mapping({} if given.get("parameters") is None else given["parameters"], f"{pointer}/parameters", faults)
    label = _label(given.get("label"), f"{pointer}/label", faults)
    if model is None or own is None:
        return None
    if isinstance(own.get("model"), str) and own["model"].lower() != model:
        faults.add(f"{pointer}/parameters/model", f"The entry is of {model}.", remedy="Leave it out here.")
    named = {name: item for name, item in own.items() if item is not None}
    filled = collect(Measure.MARGIN, {**own, "model": model}, f"{pointer}/parameters", faults)
    known = given.get("given")
    names = known if isinstance(known, list) else sorted(name for name in named if name != "model")
    return {"model": model, "label": label, "parameters": filled, "given": names}


def _from_text(text: str) -> dict[str, Any]:
    """Return model and parameters of `house`, `house@1.0` (a version) or `house@desk@3` (a stored parameter set)."""
    model, at, version = text.partition("@")
    name = "parameter_set" if "@" in version or version == "active" else "version"
    return {"model": model.strip(), "parameters": {name: version.strip()} if at else {}}


def _model(value: Any, pointer: str, faults: Faults) -> str | None:
    if value is None:
        faults.add(pointer, "model is required.", remedy=f"Use one of: {', '.join(sorted(MODELS))}.")
        return None
    if not isinstance(value, str):
        faults.add(pointer, f"model must be a text, and is {kind_of(value)}.")
        return None
    if value.lower() not in MODELS:
        faults.add(pointer, f"The model {quote(value)} is unknown.", remedy=nearest(value, MODELS))
        return None
    return value.lower()


def _label(value: Any, pointer: str, faults: Faults) -> str:
    found = None if value is None else values.text(value, pointer, faults)
    if found is not None and len(found) > MAX_LABEL:
        faults.add(pointer, f"A label has at most {MAX_LABEL} characters.")
    return found or ""


def _labelled(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries, those without a label called by their model and what was given of it."""
    taken = {entry["label"] for entry in entries}
    for entry in entries:
        if not entry["label"]:
            entry["label"] = _free(_called(entry), taken)
            taken.add(entry["label"])
    return entries


def _free(label: str, taken: set[str]) -> str:
    count, found = 1, label
    while found in taken:
        count += 1
        found = f"{label} ({count})"
    return found


def _called(entry: Mapping[str, Any]) -> str:
    parameters = entry["parameters"]
    given = [name for name in entry["given"] if isinstance(parameters.get(name), str | int | float)]
    words = [str(entry["model"])]
    for name in given:
        if name in {"version", "parameter_set"}:
            words[0] += f"@{parameters[name]}"
        else:
            words.append(f"{name}={parameters[name]}")
    return " ".join(words)[:MAX_LABEL]
