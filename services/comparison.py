"""Two stored results side by side, digit by digit: where they differ, by how much, and whether a bound holds."""

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.intake.faults import escape

SHOWN = 20
Parts = tuple[Mapping[str, Any], Mapping[str, Mapping[str, Any]]]
"""A result's document and tables, as `storage.columns.unpack` gives them."""


@dataclass(frozen=True, kw_only=True)
class Bound:
    """How far two numbers may lie apart: a share of the larger one, or `absolute`, whichever is more."""

    relative: float
    absolute: float = 0.0

    def holds(self, one: float, other: float) -> bool:
        """Return whether two numbers are within the bound."""
        return abs(one - other) <= max(self.absolute, self.relative * max(abs(one), abs(other)))


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One value that is not the same; `relative` is None unless both are numbers."""

    path: str
    original: Any
    replay: Any
    relative: float | None

    @property
    def size(self) -> float:
        """What differences are ranked by: what is no number, or is not there at all, comes first."""
        return math.inf if self.relative is None else self.relative


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a comparison found: how many values were compared, how many differ, and the largest differences."""

    values: int
    differing: int
    beyond: int
    largest: tuple[Difference, ...]


def largest_number(parts: Parts) -> float:
    """Return the largest absolute number in a result, 0 where it has none."""
    document, tables = parts
    numbers = [abs(value) for _path, value in _leaves("", document) if _is_number(value)]
    columns = [np.abs(column).max() for table in tables.values() for column in table.values() if _is_column(column)]
    return float(max([*numbers, *columns], default=0.0))


def compare(original: Parts, replay: Parts, bound: Bound | None) -> Comparison:
    """Compare every value of two results; without a bound every difference is beyond it.

    Numbers are the same when they print the same digits: -0.0 is not 0.0. A value that one side lacks is a difference.
    """
    values = differing = beyond = 0
    largest: list[Difference] = []
    for count, found in _pairs(original, replay):
        values += count
        differing += len(found)
        beyond += sum(not _within(one, bound) for one in found)
        largest = heapq.nlargest(SHOWN, [*largest, *found], key=lambda one: one.size)
    return Comparison(values=values, differing=differing, beyond=beyond, largest=tuple(largest))


def _within(one: Difference, bound: Bound | None) -> bool:
    return bound is not None and one.relative is not None and bound.holds(one.original, one.replay)


def _pairs(original: Parts, replay: Parts) -> Iterator[tuple[int, list[Difference]]]:
    """Yield for the documents and for each column how many values were compared, and those that differ."""
    yield _compared_leaves(dict(_leaves("", original[0])), dict(_leaves("", replay[0])))
    for name in dict.fromkeys([*original[1], *replay[1]]):
        one, other = original[1].get(name, {}), replay[1].get(name, {})
        for column in dict.fromkeys([*one, *other]):
            path = f"/{escape(name)}"
            yield _compared_columns(path, column, one.get(column, ()), other.get(column, ()))


def _compared_leaves(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[int, list[Difference]]:
    paths = dict.fromkeys([*one, *other])
    found = [
        _difference(path, one.get(path), other.get(path))
        for path in paths
        if path not in one or path not in other or not _same(one[path], other[path])
    ]
    return len(paths), found


def _compared_columns(path: str, name: str, one: Any, other: Any) -> tuple[int, list[Difference]]:
    size, common = max(len(one), len(other)), min(len(one), len(other))
    rows = [*_unlike(one[:common], other[:common]), *range(common, size)]
    values = ((row, *(_value(column, row) for column in (one, other))) for row in rows)
    return size, [_difference(f"{path}/{row}/{escape(name)}", first, second) for row, first, second in values]


def _unlike(one: Any, other: Any) -> list[int]:
    """Return the rows in which two columns of equal length do not hold the same."""
    if _is_column(one) and _is_column(other):
        same = (one == other) & (np.signbit(one) == np.signbit(other))
        return np.flatnonzero(~same).tolist()
    pairs = zip(_listed(one), _listed(other), strict=True)
    return [row for row, (first, second) in enumerate(pairs) if not _same(first, second)]


def _listed(column: Any) -> Sequence[Any]:
    return column.tolist() if isinstance(column, np.ndarray) else list(column)


def _value(column: Any, row: int) -> Any:
    if row >= len(column):
        return None
    value = column[row]
    return value.item() if isinstance(value, np.generic) else value


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the JSON path and value of everything in a tree that is no container; an empty one counts as a value."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _leaves(f"{path}/{escape(str(name))}", item)
    elif isinstance(value, list | tuple) and value:
        for index, item in enumerate(value):
            yield from _leaves(f"{path}/{index}", item)
    elif path:
        yield path, value


def _difference(path: str, original: Any, replay: Any) -> Difference:
    relative = None
    if _is_number(original) and _is_number(replay):
        larger = max(abs(original), abs(replay))
        relative = abs(original - replay) / larger if larger else 0.0
    return Difference(path=path, original=original, replay=replay, relative=relative)


def _same(one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other):
        return bool(one == other) and math.copysign(1.0, one) == math.copysign(1.0, other)
    return type(one) is type(other) and bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_column(column: Any) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind in "fiu" and column.size > 0
