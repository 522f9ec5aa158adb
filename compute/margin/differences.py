"""What is different between two documents: each place by its JSON pointer, old and new."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_NOTHING = object()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One place; `old` is None for what was added, `new` for what was removed."""

    pointer: str
    change: str  # added, removed or changed
    old: Any = None
    new: Any = None

    def document(self) -> dict[str, Any]:
        """Return the difference as it goes over the wire; what is not there is left out."""
        sides = {"added": ("new",), "removed": ("old",), "changed": ("old", "new")}[self.change]
        return {"pointer": self.pointer, "change": self.change, **{side: getattr(self, side) for side in sides}}


def differences(before: Any, after: Any, pointer: str = "") -> Iterator[Difference]:
    """Yield each difference, in the order of names; lists are compared place by place, 1 equals 1.0."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from _at(before.get(name, _NOTHING), after.get(name, _NOTHING), f"{pointer}/{_escape(name)}")
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            yield from _at(_item(before, index), _item(after, index), f"{pointer}/{index}")
    elif not _equal(before, after):
        yield Difference(pointer=pointer, change="changed", old=before, new=after)


def _at(before: Any, after: Any, pointer: str) -> Iterator[Difference]:
    if before is _NOTHING:
        yield Difference(pointer=pointer, change="added", new=after)
    elif after is _NOTHING:
        yield Difference(pointer=pointer, change="removed", old=before)
    else:
        yield from differences(before, after, pointer)


def _item(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else _NOTHING


def _equal(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
