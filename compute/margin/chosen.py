"""The parameter set of a call: the packaged one that `version` names, or the document that the call brings along."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from compute.errors import InputError, ParameterSetError

Checked = TypeVar("Checked")
Parse = Callable[[str, Mapping[str, Any]], Checked]
"""(name, document) → the checked set; raises ParameterSetError."""

_KEPT = 64


@dataclass(frozen=True)
class _Known:
    """A document that equals every other of the same content: what is checked once need not be checked again."""

    content_hash: str
    document: Mapping[str, Any] = field(compare=False)


def chosen(parameters: Mapping[str, Any], packaged: Callable[[str], Checked], parse: Parse[Checked]) -> Checked:
    """Return the set that the parameters `tables` or `version` stand for.

    Parameters
    ----------
    parameters
        `tables`: a whole document, used instead of `version`'s packaged set where it is not empty.
    packaged
        Version → packaged set.
    parse
        Checks a document.

    Raises
    ------
    InputError
        An unknown version, a document that does not fit its schema, or a `parameter_set` that nobody has resolved.
    """
    tables = parameters.get("tables")
    if not tables:
        if parameters.get("parameter_set"):
            raise InputError(
                "parameter_set names a set that is stored on a cluster, and this process has none.",
                pointer="/parameters/parameter_set",
                remedy="Submit the job to the cluster, or send the set itself: tables=@set.toml.",
            )
        return packaged(parameters["version"])
    try:
        return checked(parse, tables)
    except ParameterSetError as error:
        raise InputError(
            error.detail, pointer=f"/parameters/tables{error.pointer}", remedy="Mend the parameter set."
        ) from error


def checked(parse: Parse[Checked], document: Mapping[str, Any]) -> Checked:
    """Return a document's set, checked once for equal documents; raise ParameterSetError."""
    found: Checked = _checked(parse, _Known(content_hash(document), document))
    return found


@lru_cache(maxsize=_KEPT)
def _checked(parse: Parse[Any], known: _Known) -> Any:
    return parse("tables", known.document)


def content_hash(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a set says: its spelling (order, spaces, 1 or 1.0) does not matter."""
    text = json.dumps(_plain(document), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) + 0.0  # without the sign of zero
    return value
