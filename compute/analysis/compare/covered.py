"""Entries at equal coverage: multiples, margins, what each saves against the base, and the sentences that say so."""

from collections.abc import Sequence
from typing import Any

from compute.analysis.compare.entries import Entry, Walked
from compute.analysis.compare.equal_coverage import LEVEL, Multiplier, Side, multiplier, saving_interval
from compute.margin.backtest.plan import Plan

Document = dict[str, Any]
SAME = 5e-4
"""Shares of a margin that print as 0.0 %."""


def not_walked(entry: Entry, plan: Plan) -> str:
    """Return why an entry is not asked on earlier dates."""
    if entry.error is not None:
        return f"{entry.label} does not margin this book: {entry.error.detail}"
    return f"{entry.label} has no {plan.figure.replace('_', ' ')}."


class Covered:
    """Every entry at equal coverage: multiples, margins, and the saving against the base."""

    def __init__(self, entries: Sequence[Entry], walked: Walked, plan: Plan) -> None:
        self._entries, self._walk, self._plan = entries, walked.walk, plan
        self._problem = walked.problem
        self._sides: dict[int, tuple[Side, Multiplier]] = {}
        self._documents: dict[int, Document] = {}
        for place, index in enumerate(walked.members):
            today = entries[index].figure(plan.figure)
            if walked.walk is not None and walked.walk.refusals[place] is None and today is not None:
                margins = walked.walk.margins[place]
                found = multiplier(margins, walked.walk.losses, plan.confidence)
                self._sides[index] = Side(margins=margins, today=today), found

    def document(self, index: int) -> Document:
        """Return one entry at equal coverage; all None, and why, where it cannot be brought there."""
        if index not in self._documents:
            self._documents[index] = self._document(index)
        return self._documents[index]

    def statements(self) -> list[str]:
        """Say of each entry but the base what it saves at equal coverage, or why nothing can be said."""
        return [self._statement(index) for index in range(1, len(self._entries))]

    def _document(self, index: int) -> Document:
        level, problem = self._level(index)
        base, _ = self._level(0)
        saving = None if index == 0 or level is None or not base else 1.0 - level / base
        multiple = self._sides[index][1] if index in self._sides else None
        interval = None if saving is None else self._interval(index)
        return {
            "target": self._plan.confidence,
            "covered": multiple.covered if multiple is not None and level is not None else None,
            "multiplier": multiple.value if multiple is not None else None,
            "margin": level,
            "saving_against_base": saving,
            "saving_low": None if interval is None else interval[0],
            "saving_high": None if interval is None else interval[1],
            "problem": problem,
        }

    def _statement(self, index: int) -> str:
        found, label, base = self.document(index), self._entries[index].label, self._entries[0].label
        saving, low, high = found["saving_against_base"], found["saving_low"], found["saving_high"]
        if saving is None:
            why = found["problem"] or self._level(0)[1] or f"{base} has no margin at equal coverage."
            return f"No saving of {label} against {base} is stated. {why}"
        word = (
            f"{abs(saving):.1%} {'less than' if saving > 0.0 else 'more than'}" if abs(saving) >= SAME else "as much as"
        )
        at = f"At {found['target']:.4g} coverage of the same {len(self._dates)} dates {label} needs {word} {base}"
        if low is None or high is None:
            return f"{at}; the dates are too few to say how sure that is."
        if max(abs(low), abs(high)) < SAME:
            return f"{at}."
        between = f"resampling the dates, {LEVEL:.0%} of savings lie between {low + 0.0:.1%} and {high + 0.0:.1%}"
        return f"{at}; {between}{': this one may be chance' if low <= 0.0 <= high else ''}."

    @property
    def _dates(self) -> list[str]:
        return [] if self._walk is None else self._walk.dates

    def _level(self, index: int) -> tuple[float | None, str | None]:
        if index not in self._sides:
            return None, self._refusal(index)
        side, found = self._sides[index]
        return (None, found.problem) if found.value is None else (found.value * side.today, None)

    def _refusal(self, index: int) -> str:
        entry = self._entries[index]
        if entry.figure(self._plan.figure) is None:
            return not_walked(entry, self._plan)
        if self._problem:
            return f"No coverage: {self._problem}"
        return f"{entry.label} has no {self._plan.figure.replace('_', ' ')} on enough dates."

    def _interval(self, index: int) -> tuple[float, float] | None:
        if self._walk is None:
            return None
        (base, _), (other, _) = self._sides[0], self._sides[index]
        return saving_interval(base, other, self._walk.losses, self._plan.confidence)
