"""The careful reader: a JSON tree → draft columns, with a fault for everything that is wrong, and where."""

from collections import defaultdict
from typing import Any

import numpy as np

from compute.portfolio import Labels
from services.intake.draft import Draft
from services.intake.faults import Faults, escape, nearest, quote
from services.intake.fields import NUMBERS, POSITION_FIELDS, TEXTS
from services.intake.values import kind_of, mapping, number

_KNOWN = frozenset(POSITION_FIELDS)
_REQUIRED = (
    "id",
    *(name for name, field in TEXTS.items() if field.required),
    *(name for name, field in NUMBERS.items() if field.required),
)


def read_positions(positions: list[Any], pointer: str, faults: Faults) -> Draft:
    """Return the draft of a list of positions."""
    reader = _Reader(len(positions), faults)
    for index, position in enumerate(positions):
        reader.read(index, position, f"{pointer}/{index}")
    return reader.draft()


def unknown_field(name: str, pointer: str, known: tuple[str, ...], faults: Faults) -> None:
    """Record a field that nobody knows, with the nearest known name."""
    if faults.full:
        faults.omitted += 1
        return
    faults.add(f"{pointer}/{escape(name)}", f"The field {quote(name)} is unknown.", remedy=nearest(name, known))


class _Reader:
    def __init__(self, count: int, faults: Faults) -> None:
        self._faults = faults
        self._ids = [""] * count
        self._nameless = set(range(count))
        self._texts = defaultdict[str, list[str | None]](lambda: [None] * count)
        self._numbers = defaultdict[str, list[float]](lambda: [np.nan] * count)

    def read(self, index: int, position: Any, pointer: str) -> None:
        found = mapping(position, pointer, self._faults)
        if found is None:
            return
        for name in _REQUIRED:
            if name not in found:
                self._faults.add(f"{pointer}/{name}", f"{name} is required.")
        for name, value in found.items():
            self._field(index, name, value, pointer)

    def _field(self, index: int, name: str, value: Any, pointer: str) -> None:
        if name not in _KNOWN:
            unknown_field(name, pointer, POSITION_FIELDS, self._faults)
        elif value is None and name not in _REQUIRED:
            return
        elif name in NUMBERS:
            found = number(value, f"{pointer}/{name}", self._faults)
            if found is not None:
                self._numbers[name][index] = found
        elif not isinstance(value, str):
            self._faults.add(f"{pointer}/{name}", f"{name} must be a text, and is {kind_of(value)}.")
        elif name == "id":
            self._ids[index] = value
            self._nameless.discard(index)
        else:
            self._texts[name][index] = value

    def draft(self) -> Draft:
        return Draft(
            ids=self._ids,
            nameless=frozenset(self._nameless),
            labels={name: Labels.of(column) for name, column in self._texts.items()},
            numbers={name: np.array(column, dtype=np.float64) for name, column in self._numbers.items()},
        )
