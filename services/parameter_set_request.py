"""Bodies of the routes of parameter sets → what they ask for; every fault is answered with its pointer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from compute.errors import InputError
from compute.margin.chosen import content_hash
from compute.margin.sets import MODELS, MOST_VALUES, set_faults, set_model, value_count
from services.errors import InvalidInputError, TooLargeError
from services.intake import values
from services.intake.careful import unknown_field
from services.intake.faults import Faults
from services.intake.parse import parse
from services.intake.structures import structure

SET_LIMIT = 1024 * 1024
"""Bytes of a parameter set: it is stored with every job that computes with it."""
LONGEST_NOTE = 1_000
LONGEST_PREVIEW = 7 * 86_400.0


@dataclass(frozen=True, kw_only=True)
class SetDraft:
    """A document to be stored as a version."""

    model: str
    document: dict[str, Any]
    content_hash: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a step asks for: which version (None: the latest), from when (None: today), and why."""

    version: int | None = None
    active_from: date | None = None
    reason: str = ""
    model: str | None = None
    to: str | None = None
    against: str = "active"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    deadline_seconds: float = 3_600.0


def decode_draft(body: bytes) -> SetDraft:
    """Return the draft in a body of model, document and note."""
    if len(body) > SET_LIMIT:
        raise TooLargeError(f"A parameter set may have at most {SET_LIMIT // 1024} KiB.", limit_bytes=SET_LIMIT)
    faults = Faults()
    tree = _tree(body, ("model", "document", "note"), faults)
    model = _model(tree.get("model"), faults)
    document = structure(tree.get("document"), "/document", faults)
    note = _note(tree, "note", faults)
    if document is not None and value_count(document) > MOST_VALUES:
        faults.add("/document", f"A parameter set may hold at most {MOST_VALUES:,} values.")
    if document is not None and model is not None and not faults:
        for fault in set_faults(model, document):
            faults.add(f"/document{fault.pointer}", fault.detail, remedy=fault.remedy)
    faults.settle()
    return SetDraft(model=model or "", document=document or {}, content_hash=content_hash(document or {}), note=note)


def decode_wish(body: bytes, fields: tuple[str, ...]) -> Wish:
    """Return what a body asks for, an empty one for nothing in particular; only `fields` are known here."""
    faults = Faults()
    tree = _tree(body or b"{}", fields, faults)
    given = {name: value for name, value in tree.items() if value is not None and name in _READERS}
    read = {name: _READERS[name](value, f"/{name}", faults) for name, value in given.items()}
    faults.settle()
    return Wish(**read)


def check_sound(model: str, document: Mapping[str, Any]) -> None:
    """Raise InvalidInputError for a stored document that this release can no longer compute with."""
    faults = Faults()
    for fault in set_faults(model, document):
        faults.add(f"/document{fault.pointer}", fault.detail, remedy="Store a version that fits the schema.")
    faults.settle()


def _tree(body: bytes, fields: tuple[str, ...], faults: Faults) -> dict[str, Any]:
    found = values.mapping(parse(body), "", faults)
    if found is None:
        raise InvalidInputError(faults.items)
    for name in found:
        if name not in fields:
            unknown_field(name, "", fields, faults)
    return found


def _model(value: Any, faults: Faults) -> str | None:
    if isinstance(value, str):
        try:
            set_model(value)
        except InputError as error:
            faults.add("/model", error.detail, remedy=error.remedy)
            return None
        return value
    faults.add("/model", "model must name a margin model.", remedy=f"Use one of: {', '.join(MODELS)}.")
    return None


def _named_model(value: Any, _pointer: str, faults: Faults) -> str | None:
    return _model(value, faults)


def _note(tree: Mapping[str, Any], name: str, faults: Faults) -> str:
    value = tree.get(name)
    return "" if value in (None, "") else _words(value, f"/{name}", faults)


def _words(value: Any, pointer: str, faults: Faults) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_NOTE or not value.replace("\n", " ").isprintable():
        faults.add(pointer, f"{pointer[1:]} must be a text of up to {LONGEST_NOTE} printable characters.")
        return ""
    return value


def _version(value: Any, pointer: str, faults: Faults) -> int | None:
    return values.integer(value, pointer, faults, minimum=1, maximum=2**31 - 1)


def _date(value: Any, pointer: str, faults: Faults) -> date | None:
    problem = (
        values.date_problem(value) if isinstance(value, str) else f"must be a date, and is {values.kind_of(value)}"
    )
    if problem:
        faults.add(pointer, f"{pointer[1:]} {problem}.", remedy="Write it as 2027-01-31.")
        return None
    return date.fromisoformat(value)


def _parameters(value: Any, pointer: str, faults: Faults) -> dict[str, Any]:
    return values.mapping(value, pointer, faults) or {}


def _deadline(value: Any, pointer: str, faults: Faults) -> float | None:
    return values.bounded(value, pointer, faults, minimum=0.001, maximum=LONGEST_PREVIEW)


_READERS: dict[str, Any] = {
    "version": _version,
    "active_from": _date,
    "reason": _words,
    "model": _named_model,
    "to": values.text,
    "against": values.text,
    "parameters": _parameters,
    "deadline_seconds": _deadline,
}
