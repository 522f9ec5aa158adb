"""The two sides of a bridge, and the states between them: each step stands as it was earlier, or as it is today."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from compute.market import Market, PriceHistory
from compute.measure import Book

Steps = frozenset[str]
"""The steps that stand as they are today."""


@dataclass(frozen=True, kw_only=True)
class State:
    """What a margin is computed from."""

    book: Book
    history: PriceHistory | None
    parameters: Mapping[str, Any]

    @property
    def market(self) -> Market:
        """The market as a kernel takes it."""
        return Market(history=self.history)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a step changed: in words, as lists of what differs, and as tables of columns."""

    words: str
    items: list[dict[str, Any]] = field(default_factory=list)
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Books(Protocol):
    """Two books of one kind: what differs between them, and the books between them."""

    def changes(self) -> dict[str, Change]:
        """Return what each step changed, only those that changed something."""
        ...

    def mixed(self, steps: Steps) -> Book:
        """Return the book in which some steps stand as they are today, and all others as they were."""
        ...


def named(earlier: Mapping[str, Any], today: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of two objects that are not the same, None where one side has none."""
    return [
        {"name": name, "earlier": earlier.get(name), "today": today.get(name)}
        for name in dict.fromkeys([*earlier, *today])
        if name not in earlier or name not in today or earlier[name] != today[name]
    ]


def listed(items: list[dict[str, Any]]) -> Change:
    """Return a change that is a list of named entries."""
    return Change(words=f"Changed: {', '.join(str(item['name']) for item in items)}.", items=items)


def either(chosen: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Return rates with the other side's for pairs that these have in neither direction: what is new brings its own."""
    lacking = {
        pair: rate
        for pair, rate in other.items()
        if pair not in chosen and "/".join(pair.split("/")[::-1]) not in chosen
    }
    return {**chosen, **lacking}
