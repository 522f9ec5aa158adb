"""Read parameter tables strictly: every fault names the set, the table and the key."""

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
    faults
        Where to collect what is wrong, a stand-in being read for each; without it the first fault is raised.
    """

    def __init__(
        self,
        name: str,
        path: str,
        values: object,
        faults: list[ParameterSetError] | None = None,
        *,
        pointer: str = "",
    ) -> None:
        self.name = name
        self.path = path
        self.faults = faults
        self._pointer = pointer
        self._read: set[str] = set()
        self._void = False
        self._values: Mapping[str, Any] = values if isinstance(values, Mapping) else {}
        if not isinstance(values, Mapping):
            self.refuse("", "must be a table")
            self._void = True  # one fault is enough: its keys are not missing one by one

    def fault(self, key: str, what: str) -> ParameterSetError:
        """Return the error that says what is wrong with a key of this table."""
        place = ".".join(part for part in (self.path, key) if part) or "the top"
        pointer = f"{self._pointer}/{_escape(key)}" if key else self._pointer
        return ParameterSetError(f"Parameter set {self.name}: {place} {what}.", pointer=pointer)

    def refuse(self, key: str, what: str, *, sound: bool = True) -> None:
        """Raise or collect a fault; with `sound`, only where nothing within this table is wrong already."""
        if self.faults is None:
            raise self.fault(key, what)
        if not self._void and not (sound and self._is_faulty()):
            self.faults.append(self.fault(key, what))

    def value(self, key: str) -> Any:
        """Return a key's value, whatever it is; None where it is missing and faults are collected."""
        self._read.add(key)
        if key not in self._values:
            self.refuse(key, "is missing", sound=False)
        return self._values.get(key)

    def keys(self) -> tuple[str, ...]:
        """Return the keys there are."""
        return tuple(self._values)

    def text(self, key: str, choices: tuple[str, ...] = ()) -> str:
        """Return a text, one of `choices` where there are any."""
        value = self.value(key)
        stand_in = choices[0] if choices else "-"
        if key not in self._values:
            return stand_in
        if not isinstance(value, str) or not value or not value.isprintable():
            self.refuse(key, "must be a text in printable characters", sound=False)
            return stand_in
        if choices and value not in choices:
            self.refuse(key, f"must be one of {', '.join(choices)}, not {shown(value)}", sound=False)
            return stand_in
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.value(key)
        if key not in self._values:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.refuse(key, "must be a list of texts", sound=False)
            return ()
        return tuple(value)

    def number(self, key: str, minimum: float = 0.0, maximum: float = 1.0) -> float:
        """Return a finite number within inclusive bounds."""
        value = self.value(key)
        if key not in self._values:
            return minimum
        if not is_number(value):
            self.refuse(key, f"must be a number, not {shown(value)}", sound=False)
            return minimum
        if not minimum <= value <= maximum:
            self.refuse(key, f"must be from {minimum:g} to {maximum:g}, not {shown(value)}", sound=False)
            return minimum
        return float(value)

    def integer(self, key: str, minimum: int, maximum: int) -> int:
        """Return a whole number within inclusive bounds."""
        value = self.number(key, minimum, maximum)
        if value != int(value):
            self.refuse(key, f"must be a whole number, not {value!r}", sound=False)
        return int(value)

    def constant(self, key: str, wanted: float) -> None:
        """Refuse any number but one, such as a schema's."""
        value = self.value(key)
        if key in self._values and not (is_number(value) and value == wanted):
            self.refuse(key, f"must be {wanted:g}", sound=False)

    def numbers(self, key: str, minimum: float = 0.0, maximum: float = 1.0) -> dict[str, float]:
        """Return a table of numbers within inclusive bounds."""
        inner = self.table(key)
        return {name: inner.number(name, minimum, maximum) for name in inner.keys()}  # noqa: SIM118 - not a mapping

    def row(self, key: str, length: int, minimum: float, maximum: float) -> tuple[float, ...]:
        """Return a list of so many finite numbers within inclusive bounds."""
        values = self.value(key)
        stand_in = (minimum,) * length
        if key not in self._values:
            return stand_in
        if not (isinstance(values, list) and len(values) == length and all(is_number(item) for item in values)):
            self.refuse(key, f"must be a list of {length} numbers", sound=False)
            return stand_in
        if not all(minimum <= item <= maximum for item in values):
            self.refuse(key, f"must hold numbers from {minimum:g} to {maximum:g}", sound=False)
            return stand_in
        return tuple(float(item) for item in values)

    def rising(self, key: str) -> tuple[float, ...]:
        """Return a list of positive numbers, each above the one before."""
        values = self.value(key)
        if key not in self._values:
            return ()
        if not isinstance(values, list) or not all(is_number(item) for item in values):
            self.refuse(key, "must be a list of numbers", sound=False)
            return ()
        if any(low >= high for low, high in zip([0.0, *values], values, strict=False)):
            self.refuse(key, "must be positive and rise", sound=False)
        return tuple(float(item) for item in values)

    def table(self, key: str) -> "TableReader":
        """Return a table within this one."""
        missing = key not in self._values
        found = self._inner(f"{self.path}.{key}" if self.path else key, {} if missing else self.value(key), key)
        if missing:
            self.value(key)
            found._void = True
        return found

    def tables(self, key: str) -> list["TableReader"]:
        """Return a list of tables."""
        values = self.value(key)
        if not isinstance(values, list):
            if key in self._values:
                self.refuse(key, "must be a list of tables", sound=False)
            return []
        path = f"{self.path}.{key}" if self.path else key
        return [self._inner(f"{path}.{index}", item, key, str(index)) for index, item in enumerate(values)]

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
        for name in sorted(str(key) for key in self._values if key not in self._read):
            self.refuse(name, "is not a key of this table", sound=False)

    def _inner(self, path: str, values: object, *keys: str) -> "TableReader":
        pointer = "/".join((self._pointer, *map(_escape, keys)))
        found = TableReader(self.name, path, values, self.faults, pointer=pointer)
        found._void = found._void or self._void
        return found

    def _is_faulty(self) -> bool:
        within = f"{self._pointer}/"
        return any(item.pointer == self._pointer or item.pointer.startswith(within) for item in self.faults or ())


def is_number(value: object) -> bool:
    """Whether a value is a finite number; true and false are none."""
    return type(value) in {int, float} and -1e300 <= value <= 1e300  # type: ignore[operator]


def shown(value: object) -> str:
    """Return a value for a message, cut where it is long, and a structure by its kind alone."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    text = ascii(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


_LONGEST = 60


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
