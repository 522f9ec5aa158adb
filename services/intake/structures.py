"""A structure sent as a parameter: any JSON object that can be stored; what is in it is the model's to judge."""

from collections.abc import Iterator
from typing import Any

from services.intake.faults import Faults, escape, quote
from services.intake.parse import Repeated
from services.intake.values import kind_of, prose_problem, text_problem

_MAX_DEPTH = 12
_MAX_VALUES = 1_000_000


def structure(value: Any, pointer: str, faults: Faults) -> dict[str, Any] | None:
    """Return an object all of whose values JSON knows; record a fault for each that is not."""
    name = pointer.rpartition("/")[2]
    if not isinstance(value, dict):
        remedy = f"Write {name}=@file.json, or send an object."
        faults.add(pointer, f"{name} must be an object, and is {kind_of(value)}.", remedy=remedy)
        return None
    pending: list[tuple[str, Any, int]] = [(pointer, value, 0)]
    seen = 0
    before = len(faults.items)
    while pending:
        place, item, depth = pending.pop()
        seen += 1
        if depth > _MAX_DEPTH or seen > _MAX_VALUES:
            faults.add(place, f"{name} is nested too deep or too large.")
            return None
        if isinstance(item, dict | list | tuple):
            pending.extend((at, inner, depth + 1) for at, inner in _inside(place, item, faults))
        else:
            _leaf(place, item, faults)
    return value if len(faults.items) == before else None


def _inside(place: str, item: Any, faults: Faults) -> Iterator[tuple[str, Any]]:
    if isinstance(item, Repeated):
        for name in item.names:
            faults.add(place, f"The key {quote(name)} comes more than once.", remedy="Keep one of them.")
    pairs = item.items() if isinstance(item, dict) else enumerate(item)
    for key, inner in pairs:
        problem = text_problem(key) if isinstance(key, str) else None
        if problem:
            faults.add(place, f"The name {quote(str(key))} {problem}.")
        yield f"{place}/{escape(str(key))}", inner


def _leaf(place: str, item: Any, faults: Faults) -> None:
    if item is None or isinstance(item, bool):
        return
    if isinstance(item, str):
        problem = prose_problem(item)
        if problem:
            faults.add(place, f"{place.rpartition('/')[2]} {problem}.")
    elif kind_of(item) != "a number":
        faults.add(place, f"{place.rpartition('/')[2]} is {kind_of(item)}.", remedy="Send a plain number.")
