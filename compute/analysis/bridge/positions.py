"""Two portfolios: what each step changed, and the portfolios between them."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from compute.analysis.bridge.fields import ALWAYS, HEAD, LABELS, NUMBERS, QUOTED, TRADES, quoted
from compute.analysis.bridge.matching import Matches, matches, values
from compute.analysis.bridge.sides import Change, Steps, either, named
from compute.portfolio import Labels, Portfolio

_SIDES = ("earlier", "today")


class Portfolios:
    """Two portfolios of one id and currency.

    A state holds the positions of one side. What is quoted of an instrument (prices, volatility, yields,
    characteristics) comes from the side on which its step stands, through the position of the same id, else through
    one in the same instrument; a position whose instrument only its own side has keeps what its own side says.
    """

    def __init__(self, earlier: Portfolio, today: Portfolio) -> None:
        self.earlier, self.today = earlier, today

    @cached_property
    def _to_today(self) -> Matches:
        return matches(self.earlier, self.today)

    @cached_property
    def _to_earlier(self) -> Matches:
        return matches(self.today, self.earlier)

    def changes(self) -> dict[str, Change]:
        """Return what each step changed."""
        found = {TRADES: self._trades(), **{step: self._quotes(step) for step in QUOTED}}
        for step, fields in HEAD.items():
            found[step] = _joined(found.get(step), self._head(fields))
        return {step: change for step, change in found.items() if change is not None}

    def mixed(self, steps: Steps) -> Portfolio:
        """Return the portfolio in which some steps stand as they are today, and all others as they were."""
        base, other, there = (
            (self.today, self.earlier, self._to_earlier)
            if TRADES in steps
            else (self.earlier, self.today, self._to_today)
        )
        foreign = [step for step in QUOTED if (step in steps) is not (TRADES in steps)]
        labels, numbers = dict(base.labels), dict(base.numbers)
        for step in foreign:
            for name in LABELS.get(step, ()):
                _put(labels, name, _taken(base, other, there, name), _labels)
            for name in NUMBERS.get(step, ()):
                _put(numbers, name, _taken(base, other, there, name), _numbers)
        sides = {step: (self.today if step in steps else self.earlier) for step in HEAD}
        head = {name: getattr(sides[step], name) for step, fields in HEAD.items() for name in fields}
        lacking = self.earlier if sides["fx"] is self.today else self.today
        return replace(base, **{**head, "fx": either(head["fx"], lacking.fx)}, labels=labels, numbers=numbers)

    def _head(self, fields: tuple[str, ...]) -> Change | None:
        one, other = ({name: _plain(getattr(side, name)) for name in fields} for side in (self.earlier, self.today))
        items = named(_flat(one), _flat(other))
        words = f"Changed: {', '.join(item['name'] for item in items)}."
        return Change(words=words, items=items) if items else None

    def _trades(self) -> Change | None:
        """Return the positions that are new, gone, or of another quantity or other terms."""
        row_of = {each: row for row, each in enumerate(self.earlier.ids)}
        fields = quoted(TRADES)
        one, other = ({name: values(side, name) for name in fields} for side in (self.earlier, self.today))
        rows: list[tuple[str, Any, str, float, float, str]] = []
        for row, each in enumerate(self.today.ids):
            before = row_of.pop(each, None)
            if before is None:
                rows.append((each, other["symbol"][row], "added", 0.0, other["quantity"][row], ""))
                continue
            changed = [name for name in fields if one[name][before] != other[name][row]]
            if changed:
                quantities = one["quantity"][before], other["quantity"][row]
                rows.append((each, other["symbol"][row], "changed", *quantities, ", ".join(changed)))
        rows += [(each, one["symbol"][row], "removed", one["quantity"][row], 0.0, "") for each, row in row_of.items()]
        if not rows:
            moved = self.earlier.ids != self.today.ids
            return Change(words="The same positions in another order.") if moved else None
        names = ("id", "symbol", "change", "quantity_earlier", "quantity_today", "fields")
        columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        counts = {word: columns["change"].count(word) for word in ("added", "removed", "changed")}
        return Change(words=f"Positions: {_counted(counts)}.", tables={TRADES: columns})

    def _quotes(self, step: str) -> Change | None:
        """Return what is quoted otherwise today of an instrument that both sides have."""
        columns: dict[str, list[Any]] = {name: [] for name in ("id", "symbol", "field", *_SIDES)}
        symbols = values(self.today, "symbol")
        there = self._to_earlier.rows
        both = np.flatnonzero(there >= 0)
        for name in quoted(step):
            earlier, today = values(self.earlier, name)[there[both]], values(self.today, name)[both]
            for place in np.flatnonzero(earlier != today).tolist():
                row = int(both[place])
                found = (self.today.ids[row], symbols[row], name, earlier[place], today[place])
                for column, value in zip(columns.values(), found, strict=True):
                    column.append(value)
        if not columns["id"]:
            return None
        count = len(set(columns["id"]))
        words = f"{count:,} positions are quoted otherwise. {self._said()}"
        return Change(words=words, tables={step: columns})

    def _said(self) -> str:
        found = self._to_earlier
        return (
            f"Of today's positions {found.by_id:,} were matched by id, {found.by_instrument:,} by symbol and terms; "
            f"{found.new:,} are new and enter at today's quotes."
        )


def _joined(one: Change | None, other: Change | None) -> Change | None:
    if one is None or other is None:
        return one or other
    return Change(words=f"{one.words} {other.words}", items=[*one.items, *other.items], tables=one.tables)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with the entries of an object each by itself, such as `fx.EUR/USD`."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        inner = {f"{name}.{key}": item for key, item in value.items()} if isinstance(value, Mapping) else {name: value}
        found |= inner
    return {name: value for name, value in found.items() if value is not None}


def _taken(base: Portfolio, other: Portfolio, there: Matches, name: str) -> np.ndarray:
    """Return a column as the other side quotes it, as the own side does where the other has no such instrument."""
    own, theirs = values(base, name), values(other, name)
    matched = there.rows >= 0
    own[matched] = theirs[there.rows[matched]]
    return own


def _put(columns: dict[str, Any], name: str, column: np.ndarray, pack: Any) -> None:
    """Keep a column where some position has a value, or every portfolio has it."""
    if name in ALWAYS or any(value is not None for value in column.tolist()):
        columns[name] = pack(column)
    else:
        columns.pop(name, None)


def _labels(column: np.ndarray) -> Labels:
    return Labels.of(column.tolist())


def _numbers(column: np.ndarray) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in column.tolist()], dtype=np.float64)
