"""A comparison in the words of the wire."""

from collections.abc import Sequence
from typing import Any

from compute.analysis.compare.entries import Entry, Walked
from compute.analysis.compare.equal_coverage import LEVEL, Multiplier, Side, multiplier, saving_interval
from compute.analysis.figures import figures
from compute.margin.backtest.coverage import (
    dates_document,
    exceedances,
    path_table,
    procyclicality,
    said_of_dates,
    summary,
    tests,
)
from compute.margin.backtest.plan import Plan
from compute.margin.backtest.walk import Walk
from compute.measure import Book
from compute.result import Result

Document = dict[str, Any]
_STRUCTURES = (dict, list)
SAME = 5e-4
"""Shares of a margin that print as 0.0 %."""


def report(book: Book, entries: Sequence[Entry], walked: Walked, plan: Plan) -> Result:
    """Return the result."""
    base = entries[0]
    places = {index: place for place, index in enumerate(walked.members)}
    covered = _Covered.of(entries, walked, plan)
    answered = [entry for entry in entries if entry.result is not None]
    device = next(iter(entry.result.device for entry in answered if entry.result is not None))
    document = {
        "currency": next(entry.result.document["currency"] for entry in answered if entry.result is not None),
        "as_of": book.as_of.isoformat(),
        "model": ", ".join(dict.fromkeys(entry.model for entry in entries)),
        "version": ", ".join(dict.fromkeys(_version(entry) for entry in answered)),
        "position_count": len(book),
        "figure": plan.figure,
        "confidence": plan.confidence,
        "base": base.label,
        "entries": [
            {
                **_shown(entry, base, plan.figure),
                "coverage": _coverage(walked.walk, places.get(index), plan, walked.problem),
                "at_equal_coverage": covered.document(index),
            }
            for index, entry in enumerate(entries)
        ],
        "backtest": None if walked.walk is None else dates_document(walked.walk, plan),
        "no_coverage": walked.problem or None,
        "notes": covered.statements(),
        "assumptions": _assumptions(walked, plan),
    }
    labels = [entries[index].label for index in walked.members]
    tables = {} if walked.walk is None else {"path": path_table(walked.walk, labels)}
    return Result(document=document, tables=tables, device=device)


def _version(entry: Entry) -> str:
    return "" if entry.result is None else str(entry.result.document.get("version", ""))


def _shown(entry: Entry, base: Entry, figure: str) -> Document:
    """Return an entry's identity and figures, and how its main one differs from the base's: no saving."""
    found, own, other = entry.result, entry.figure(figure), base.figure(figure)
    known = own is not None and other is not None and entry is not base
    difference = own - other if known and own is not None and other is not None else None
    return {
        "label": entry.label,
        "model": entry.model,
        "version": _version(entry) or None,
        "parameter_set": None if found is None else found.document.get("parameter_set"),
        "parameters": {name: value for name, value in entry.parameters.items() if not isinstance(value, _STRUCTURES)},
        "device": None if found is None else found.device,
        "error": _error(entry),
        figure: own,
        "difference": difference,
        "relative_difference": difference / other if difference is not None and other else None,
        "figures": {} if found is None else figures(found),
        "assumptions": [] if found is None else list(found.document.get("assumptions", [])),
    }


def _error(entry: Entry) -> Document | None:
    error = entry.error
    if error is None:
        return None
    return {"code": error.code, "detail": error.detail, "pointer": error.pointer, "remedy": error.remedy}


def _coverage(walk: Walk | None, place: int | None, plan: Plan, problem: str) -> Document:
    """Return the backtest of one entry; without one, why there is none."""
    if walk is None or place is None:
        return {"problem": problem or "The model does not margin this book.", "tests": None}
    refusal = walk.refusals[place]
    if refusal is not None:
        return {"problem": refusal, "tests": None}
    margin = walk.margins[place]
    return {
        "problem": None,
        **exceedances(margin, walk.losses),
        "tests": tests(margin, walk.losses, plan, walk.step),
        "margin": summary(margin),
        "procyclicality": procyclicality(margin, walk),
    }


class _Covered:
    """Every entry at equal coverage: multiples, margins, and the saving against the base."""

    def __init__(self, entries: Sequence[Entry], walked: Walked, plan: Plan) -> None:
        self._entries, self._walk, self._plan = entries, walked.walk, plan
        self._problem = walked.problem
        self._sides: dict[int, tuple[Side, Multiplier]] = {}
        for place, index in enumerate(walked.members):
            today = entries[index].figure(plan.figure)
            if walked.walk is not None and walked.walk.refusals[place] is None and today is not None:
                margins = walked.walk.margins[place]
                found = multiplier(margins, walked.walk.losses, plan.confidence)
                self._sides[index] = Side(margins=margins, today=today), found

    @classmethod
    def of(cls, entries: Sequence[Entry], walked: Walked, plan: Plan) -> "_Covered":
        """Return the entries at equal coverage."""
        return cls(entries, walked, plan)

    def document(self, index: int) -> Document:
        """Return one entry at equal coverage; all None, and why, where it cannot be brought there."""
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

    def statements(self) -> list[str]:
        """Say of each entry but the base what it saves at equal coverage, or why nothing can be said."""
        return [self._statement(index) for index in range(1, len(self._entries))]

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
            refusals = self._refusal(index)
            return None, refusals
        side, found = self._sides[index]
        return (None, found.problem) if found.value is None else (found.value * side.today, None)

    def _refusal(self, index: int) -> str:
        entry = self._entries[index]
        if entry.error is not None:
            return f"{entry.label} does not margin this book: {entry.error.detail}"
        if self._problem:
            return f"No coverage: {self._problem}"
        return f"{entry.label} has no {self._plan.figure.replace('_', ' ')} on enough dates."

    def _interval(self, index: int) -> tuple[float, float] | None:
        if self._walk is None:
            return None
        (base, _), (other, _) = self._sides[0], self._sides[index]
        return saving_interval(base, other, self._walk.losses, self._plan.confidence)


def _assumptions(walked: Walked, plan: Plan) -> list[str]:
    said = list(walked.assumptions)
    if walked.walk is not None:
        said += said_of_dates(walked.walk, plan)
    said.append("Differences of margins as they are say nothing of savings: the models cover different losses.")
    return said
