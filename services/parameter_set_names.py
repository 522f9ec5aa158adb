"""Names and references of parameter sets: NAME, NAME@VERSION, packaged@VERSION, active."""

import re
from dataclasses import dataclass
from typing import Any

from compute.errors import InputError
from compute.margin.chosen import content_hash
from compute.margin.sets import packaged_document, set_model
from services.errors import InvalidInputError, NotFoundError
from services.intake.faults import quote
from storage import parameter_activations, parameter_sets
from storage.database import Connection
from storage.parameter_sets import StoredSet

PACKAGED, ACTIVE = "packaged", "active"
_RESERVED = frozenset({PACKAGED, ACTIVE})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LARGEST = 2**31 - 1
_RULE = "Use up to 64 letters, digits, dots, dashes and underscores, a letter or a digit first."


@dataclass(frozen=True, kw_only=True)
class Named:
    """A document and how to refer to it."""

    reference: str
    model: str
    document: dict[str, Any]
    content_hash: str


def name_problem(name: str) -> str | None:
    """Return what is wrong with a name, or None."""
    if not _NAME.fullmatch(name):
        return f"is no name of a parameter set: {quote(name)}. {_RULE}"
    return f"is reserved: {quote(name)}" if name.lower() in _RESERVED else None


def require_name(name: str) -> str:
    """Return a name that came in a URL; raise NotFoundError for what cannot be one."""
    if name_problem(name):
        raise NotFoundError("parameter set", name[:64].encode("ascii", "replace").decode())
    return name


def new_name(name: str) -> str:
    """Return a name to store a set under; raise InvalidInputError for what cannot be one."""
    problem = name_problem(name)
    if problem:
        raise InvalidInputError.at("", f"The name {problem}.", remedy=_RULE)
    return name


def split(reference: str, pointer: str) -> tuple[str, int | None]:
    """Return name and version, None for no version; raise InvalidInputError."""
    name, at, version = reference.partition("@")
    if name_problem(name) or (at and not (version.isascii() and version.isdecimal() and len(version) < 10)):
        raise InvalidInputError.at(
            pointer, f"{quote(reference)} names no stored parameter set.", remedy="Write NAME or NAME@VERSION."
        )
    return name, min(int(version), _LARGEST) if at else None


def stored(conn: Connection, tenant: str, name: str, version: int | None = None) -> StoredSet:
    """Return the latest version or a certain one; raise NotFoundError."""
    found = parameter_sets.get(conn, tenant, require_name(name), version)
    if found is None:
        raise NotFoundError("parameter set", name if version is None else f"{name}@{version}")
    return found


def named(conn: Connection, tenant: str, reference: str, model: str, pointer: str) -> Named:
    """Return what a reference means for a model; raise InvalidInputError, and NotFoundError for what is not stored."""
    if reference == ACTIVE:
        return active(conn, tenant, model)
    if reference.startswith(f"{PACKAGED}@"):
        return packaged(model, reference.partition("@")[2], pointer)
    found = stored(conn, tenant, *split(reference, pointer))
    if found.model != model:
        raise InvalidInputError.at(pointer, f"{found.name} is a parameter set of {found.model}, not of {model}.")
    return of_stored(found)


def of_stored(found: StoredSet) -> Named:
    """Return a stored version."""
    return Named(
        reference=f"{found.name}@{found.version}",
        model=found.model,
        document=found.document,
        content_hash=found.content_hash,
    )


def packaged(model: str, version: str, pointer: str = "") -> Named:
    """Return a packaged version; raise InvalidInputError listing the known ones."""
    try:
        document = packaged_document(model, version)
    except InputError as error:
        raise InvalidInputError.at(pointer, error.detail, remedy=error.remedy) from None
    return Named(reference=f"{PACKAGED}@{version}", model=model, document=document, content_hash=content_hash(document))


def active(conn: Connection, tenant: str, model: str) -> Named:
    """Return what is active today, the packaged default where nothing was ever activated."""
    found = parameter_activations.active(conn, tenant, model)
    if found is None:
        return packaged(model, set_model(model).default)
    if found.document is None:
        return packaged(model, found.activation.packaged or "")
    return Named(
        reference=found.activation.reference,
        model=model,
        document=found.document,
        content_hash=found.content_hash or "",
    )
