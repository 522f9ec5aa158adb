"""Read a structure that a caller sends as a parameter: strictly, every fault by its JSON pointer."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from compute.errors import InputError

_REQUIRED: Any = object()


class Structure:
    """One object of a structure; `close` refuses keys that nobody has read.

    Parameters
    ----------
    value
        What JSON gave.
    pointer
        Where it lies, for messages.
    """

    def __init__(self, value: object, pointer: str) -> None:
        self.pointer = pointer
        if not isinstance(value, Mapping):
            raise InputError(f"{_last(pointer)} must be an object.", pointer=pointer)
        self._values: Mapping[str, Any] = value
        self._read: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def at(self, key: str) -> str:
        """Return the pointer of a key."""
        return f"{self.pointer}/{key.replace('~', '~0').replace('/', '~1')}"

    def fault(self, key: str, what: str, remedy: str = "") -> InputError:
        """Return the error that says what is wrong with a key."""
        return InputError(f"{key or _last(self.pointer)} {what}.", pointer=self.at(key) if key else self.pointer,
                          remedy=remedy)  # fmt: skip

    def value(self, key: str, default: Any = _REQUIRED) -> Any:
        """Return a key's value, the default where it is missing or null."""
        self._read.add(key)
        found = self._values.get(key)
        if found is None:
            if default is _REQUIRED:
                raise self.fault(key, "is missing")
            return default
        return found

    def text(self, key: str, default: Any = _REQUIRED, choices: tuple[str, ...] = ()) -> str:
        """Return a text, one of `choices` where there are any."""
        found = self.value(key, default)
        if not isinstance(found, str):
            raise self.fault(key, "must be a text")
        if choices and found not in choices:
            raise self.fault(key, "is unknown", f"Use one of: {', '.join(choices)}.")
        return found

    def flag(self, key: str, default: Any = _REQUIRED) -> bool:
        """Return true or false."""
        found = self.value(key, default)
        if not isinstance(found, bool):
            raise self.fault(key, "must be true or false")
        return found

    def number(self, key: str, default: Any = _REQUIRED, *, minimum: float = 0.0, maximum: float = 1e15) -> float:
        """Return a finite number within inclusive bounds."""
        return self._number(key, self.value(key, default), minimum, maximum)

    def optional(self, key: str, *, minimum: float = 0.0, maximum: float = 1e15) -> float | None:
        """Return a number, None where there is none."""
        return self.number(key, minimum=minimum, maximum=maximum) if key in self else self.value(key, None)

    def numbers(self, key: str, length: int, *, minimum: float = -1e15, maximum: float = 1e15) -> tuple[float, ...]:
        """Return a list of so many finite numbers."""
        found = self.value(key)
        if not isinstance(found, list | tuple) or len(found) != length:
            raise self.fault(key, f"must be a list of {length} numbers")
        return tuple(self._number(f"{key}/{index}", item, minimum, maximum) for index, item in enumerate(found))

    def texts(self, key: str, default: Any = _REQUIRED) -> tuple[str, ...]:
        """Return a list of texts, none of them twice."""
        found = self.value(key, default)
        if not isinstance(found, list | tuple) or not all(isinstance(item, str) for item in found):
            raise self.fault(key, "must be a list of texts")
        if len(set(found)) < len(found):
            raise self.fault(key, "holds a name more than once")
        return tuple(found)

    def inner(self, key: str) -> "Structure":
        """Return an object within this one, empty where there is none."""
        return Structure(self.value(key, {}), self.at(key))

    def named(self, key: str) -> Iterator[tuple[str, "Structure"]]:
        """Yield name and object of an object of objects."""
        inner = self.inner(key)
        for name, item in inner._values.items():
            yield name, Structure(item, inner.at(name))

    def listed(self, key: str) -> Iterator["Structure"]:
        """Yield the objects of a list of objects."""
        found = self.value(key, [])
        if not isinstance(found, list | tuple):
            raise self.fault(key, "must be a list of objects")
        for index, item in enumerate(found):
            yield Structure(item, f"{self.at(key)}/{index}")

    def close(self) -> None:
        """Refuse keys that nobody has read: a misspelt figure must not be ignored."""
        unknown = sorted(set(self._values) - self._read)
        if unknown:
            raise self.fault(unknown[0], "is unknown", f"Known here: {', '.join(sorted(self._read))}.")

    def _number(self, key: str, value: Any, minimum: float, maximum: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._bad(key, "must be a number")
        if not minimum <= value <= maximum:
            raise self._bad(key, f"must be from {minimum:g} to {maximum:g}")
        return float(value)

    def _bad(self, key: str, what: str) -> InputError:
        return InputError(f"{_last(key)} {what}.", pointer=f"{self.pointer}/{key}")


def _last(pointer: str) -> str:
    return pointer.rpartition("/")[2] or "The structure"
