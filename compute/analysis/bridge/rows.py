"""Two CRIFs: rows of trades that came or went, other amounts of trades that stayed, and the files between them."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.analysis.bridge.sides import Change, Steps, either, named
from compute.crif import LABEL_COLUMNS, Crif
from compute.portfolio import Labels

TRADES, SENSITIVITIES, TIME, FX = "trades", "sensitivities", "time", "fx"
_OWNER = ("netting_set", "trade")
_DATED = "valuation_date"
_KEY = ("netting_set", "trade", "product_class", "risk_type", "qualifier", "bucket", "label1", "label2")
_SHOWN = ("trade", "risk_type", "qualifier", "bucket", "label1")
_COLUMNS = (*_SHOWN, "change", "amount_earlier", "amount_today")
_NOUNS = {"added": "added", "removed": "removed", "changed": "with another amount"}
Row = tuple[str | None, ...]
Mask = NDArray[np.bool_]


class Crifs:
    """Two files of one netting set or several.

    Rows belong to a trade of a netting set; rows without a trade id belong together. `trades` brings the rows of
    trades that only one side has, `sensitivities` the rows of trades that both have.
    """

    def __init__(self, earlier: Crif, today: Crif) -> None:
        self.earlier, self.today = earlier, today

    @cached_property
    def _shared(self) -> tuple[Mask, Mask]:
        """Where the rows of each side belong to a trade that both have."""
        one, other = _owners(self.earlier), _owners(self.today)
        both = set(one) & set(other)
        return _where(one, both), _where(other, both)

    def changes(self) -> dict[str, Change]:
        """Return what each step changed."""
        dated = self.earlier.as_of == self.today.as_of  # else the dates of rows differ because time went on
        columns = [name for name in LABEL_COLUMNS if dated or name != _DATED]
        old, new = self._shared
        found = {
            TRADES: _rows_changed(self.earlier, ~old, self.today, ~new, columns, TRADES),
            SENSITIVITIES: _rows_changed(self.earlier, old, self.today, new, columns, SENSITIVITIES),
            FX: _named(dict(self.earlier.fx), dict(self.today.fx)),
            TIME: _named({"as_of": self.earlier.as_of.isoformat()}, {"as_of": self.today.as_of.isoformat()}),
        }
        return {step: change for step, change in found.items() if change is not None}

    def mixed(self, steps: Steps) -> Crif:
        """Return the file in which some steps stand as they are today, and all others as they were."""
        old, new = self._shared
        kept = (self.today, new) if SENSITIVITIES in steps else (self.earlier, old)
        alone = (self.today, ~new) if TRADES in steps else (self.earlier, ~old)
        timed = self.today if TIME in steps else self.earlier
        rated, lacking = (self.today, self.earlier) if FX in steps else (self.earlier, self.today)
        texts = {name: [*_dated(*kept, name, timed), *_dated(*alone, name, timed)] for name in LABEL_COLUMNS}
        return replace(
            timed,
            labels={name: Labels.of(column) for name, column in texts.items() if _held(name, column)},
            amount=np.concatenate([kept[0].amount[kept[1]], alone[0].amount[alone[1]]]),
            fx=either(rated.fx, lacking.fx),
        )


def _owners(crif: Crif) -> list[Row]:
    return list(zip(*(crif.column(name).texts() for name in _OWNER), strict=True))


def _where(owners: list[Row], chosen: set[Row]) -> Mask:
    return np.fromiter((owner in chosen for owner in owners), np.bool_, len(owners))


def _dated(crif: Crif, rows: Mask, name: str, timed: Crif) -> list[str | None]:
    """Return a text column of some rows; the dates of rows from the other day become that of the state."""
    texts = [text for text, there in zip(crif.column(name).texts(), rows.tolist(), strict=True) if there]
    if name == _DATED and crif.as_of != timed.as_of:
        return [None if text is None else timed.as_of.isoformat() for text in texts]
    return texts


def _held(name: str, column: list[str | None]) -> bool:
    return name in {"netting_set", "risk_type", "product_class"} or any(text is not None for text in column)


def _rows_changed(earlier: Crif, old: Mask, today: Crif, new: Mask, columns: list[str], step: str) -> Change | None:
    one, other = _contents(earlier, old, columns), _contents(today, new, columns)
    if one == other:
        return None
    before, after = _summed(earlier, old), _summed(today, new)
    listed: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for key in dict.fromkeys([*after, *before]):
        change = "added" if key not in before else "removed" if key not in after else "changed"
        if change == "changed" and before[key] == after[key]:
            continue
        named_key = dict(zip(_KEY, key, strict=True))
        amounts = before.get(key, 0.0), after.get(key, 0.0)
        found = (*(named_key[name] or "" for name in _SHOWN), change)
        for column, value in zip(listed.values(), (*found, *amounts), strict=True):
            column.append(value)
    counts = {word: listed["change"].count(word) for word in _NOUNS}
    said = ", ".join(f"{count:,} {_NOUNS[word]}" for word, count in counts.items() if count)
    words = f"Rows: {said}." if said else "Rows are in another order, or say something else beside their amounts."
    return Change(words=words, tables={step: listed} if said else {})


def _contents(crif: Crif, rows: Mask, columns: list[str]) -> list[tuple[Any, ...]]:
    found = zip(*(crif.column(name).texts() for name in columns), crif.amount.tolist(), strict=True)
    return [row for row, there in zip(found, rows.tolist(), strict=True) if there]


def _summed(crif: Crif, rows: Mask) -> dict[Row, float]:
    totals: dict[Row, float] = {}
    keys = zip(*(crif.column(name).texts() for name in _KEY), strict=True)
    for key, amount, there in zip(keys, crif.amount.tolist(), rows.tolist(), strict=True):
        if there:
            totals[key] = totals.get(key, 0.0) + amount
    return totals


def _named(earlier: Mapping[str, Any], today: Mapping[str, Any]) -> Change | None:
    items = named(earlier, today)
    return Change(words=f"Changed: {', '.join(item['name'] for item in items)}.", items=items) if items else None
