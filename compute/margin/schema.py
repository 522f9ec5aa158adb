"""Read parameter tables strictly: every fault names the set, the table and the key."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compute.errors import ParameterSetError


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the figures of one table come from."""

    table: str
    document: str
    version: str
    paragraph: str


class TableReader:
    """One table of a parameter set; `close` refuses keys that nobody has read.

    Parameters
    ----------
    name
        The set, for messages.
    path
        The table's path within it, empty at the top.
    values
        What TOML or JSON gave.
    """

    def __init__(self, name: str, path: str, values: object) -> None:
        self.name = name
        self.path = path
        if not isinstance(values, Mapping):
            raise self.fault("", "must be a table")
        self._values: Mapping[str, Any] = values
        self._read: set[str] = set()

    def fault(self, key: str, what: str) -> ParameterSetError:
        """Return the error that says what is wrong with a key of this table."""
        place = ".".join(part for part in (self.path, key) if part) or "the top"
        return ParameterSetError(f"Parameter set {self.name}: {place} {what}.", pointer=f"/{place.replace('.', '/')}")

    def value(self, key: str) -> Any:
        """Return a key's value, whatever it is."""
        self._read.add(key)
        if key not in self._values:
            raise self.fault(key, "is missing")
        return self._values[key]

    def keys(self) -> tuple[str, ...]:
        """Return the keys there are."""
        return tuple(self._values)

    def text(self, key: str, choices: tuple[str, ...] = ()) -> str:
        """Return a text, one of `choices` where there are any."""
        value = self.value(key)
        if not isinstance(value, str) or not value:
            raise self.fault(key, "must be a text")
        if choices and value not in choices:
            raise self.fault(key, f"must be one of {', '.join(choices)}, not {value!r}")
        return value

    def number(self, key: str, minimum: float = 0.0, maximum: float = 1.0) -> float:
        """Return a finite number within inclusive bounds."""
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.fault(key, f"must be a number, not {value!r}")
        if not minimum <= value <= maximum:
            raise self.fault(key, f"must be from {minimum:g} to {maximum:g}, not {value!r}")
        return float(value)

    def numbers(self, key: str, minimum: float = 0.0, maximum: float = 1.0) -> dict[str, float]:
        """Return a table of numbers within inclusive bounds."""
        inner = self.table(key)
        return {name: inner.number(name, minimum, maximum) for name in inner.keys()}  # noqa: SIM118 - not a mapping

    def rising(self, key: str) -> tuple[float, ...]:
        """Return a list of positive numbers, each above the one before."""
        values = self.value(key)
        if not isinstance(values, list) or not all(isinstance(item, float) and math.isfinite(item) for item in values):
            raise self.fault(key, "must be a list of numbers")
        if any(low >= high for low, high in zip([0.0, *values], values, strict=False)):
            raise self.fault(key, "must be positive and rise")
        return tuple(values)

    def table(self, key: str) -> "TableReader":
        """Return a table within this one."""
        return TableReader(self.name, f"{self.path}.{key}" if self.path else key, self.value(key))

    def tables(self, key: str) -> list["TableReader"]:
        """Return a list of tables."""
        values = self.value(key)
        if not isinstance(values, list):
            raise self.fault(key, "must be a list of tables")
        path = f"{self.path}.{key}" if self.path else key
        return [TableReader(self.name, f"{path}.{index}", item) for index, item in enumerate(values)]

    def source(self) -> Source:
        """Return where this table's figures come from."""
        inner = self.table("source")
        found = Source(
            table=self.path,
            document=inner.text("document"),
            version=inner.text("version"),
            paragraph=inner.text("paragraph"),
        )
        inner.close()
        return found

    def close(self) -> None:
        """Refuse keys that nobody has read: a misspelt coefficient must not be ignored."""
        unknown = sorted(set(self._values) - self._read)
        if unknown:
            raise self.fault(unknown[0], "is not a key of this table")
