"""Bytes → a JSON tree that remembers what JSON itself forgets: repeated keys, NaN, numbers beyond a float."""

import json
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.errors import InvalidInputError, TooLargeError, UnparsableError
from services.intake.fields import MAX_POSITIONS

MAX_BODY = 64 * 1024 * 1024
_MAX_CONTAINERS = MAX_POSITIONS + 50_000
_MAX_COMMAS = 24 * MAX_POSITIONS
_LONG_INTEGER = 300

Bytes = NDArray[np.uint8]


class NotFinite:
    """Stands in the tree where NaN, Infinity or a number too long for a float was written."""


class Repeated(dict[str, Any]):
    """An object in which a key came more than once."""

    names: tuple[str, ...] = ()


NOT_FINITE = NotFinite()


def parse(body: bytes) -> Any:
    """Return the JSON tree of a body; raise UnparsableError with the byte where reading stopped."""
    if len(body) > MAX_BODY:
        raise TooLargeError(limit_bytes=MAX_BODY)
    _bound_values(body)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnparsableError("The body is not UTF-8.", position=error.start) from None
    try:
        return json.loads(
            text,
            strict=False,
            object_pairs_hook=_object,
            parse_constant=lambda _literal: NOT_FINITE,
            parse_int=lambda digits: int(digits) if len(digits) < _LONG_INTEGER else NOT_FINITE,
        )
    except json.JSONDecodeError as error:
        position = len(text[: error.pos].encode())
        raise UnparsableError(
            f"The body is not valid JSON: {error.msg.lower()} at byte {position}.", position=position
        ) from None
    except RecursionError:
        raise UnparsableError("The body is nested too deeply to be read.", position=0) from None


def _bound_values(body: bytes) -> None:
    """Refuse, before building a tree, a body that holds more objects or values than any portfolio may."""
    if len(body) < _MAX_CONTAINERS:
        return
    data = np.frombuffer(body, dtype=np.uint8)
    if _too_many(data) and _too_many(_without_strings(data)):
        raise InvalidInputError.at("", f"The body holds more values than {MAX_POSITIONS:,} positions can have.")


def _too_many(data: Bytes) -> bool:
    containers = sum(int(np.count_nonzero(data == ord(each))) for each in "{[")
    return containers > _MAX_CONTAINERS or int(np.count_nonzero(data == ord(","))) > _MAX_COMMAS


def _without_strings(data: Bytes) -> Bytes:
    """Return a body's bytes without its texts: the commas of a CRIF's rows, or its brackets, are no values."""
    slashes = np.flatnonzero(data == ord("\\"))
    starts = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)
    lengths = np.diff(starts, append=slashes.size)
    escaped = (slashes[starts] + lengths)[lengths % 2 == 1]  # what a run of an odd number of backslashes stands before
    quotes = np.setdiff1d(np.flatnonzero(data == ord('"')), escaped, assume_unique=True)
    inside = np.zeros(data.size, dtype=np.int8)
    inside[quotes[0::2]] = 1
    inside[quotes[1::2]] = -1
    outside: Bytes = data[np.cumsum(inside, dtype=np.int8) == 0]
    return outside


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = Repeated(found)
    repeated.names = tuple(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    return repeated
