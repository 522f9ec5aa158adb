"""A comparison in the words of the wire."""

from collections.abc import Sequence
from typing import Any

from compute.analysis.compare.covered import Covered, not_walked
from compute.analysis.compare.entries import Entry, Walked
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
from compute.measure import Book
from compute.result import Result

Document = dict[str, Any]
_STRUCTURES = (dict, list)


def report(book: Book, entries: Sequence[Entry], walked: Walked, plan: Plan) -> Result:
    """Return the result."""
    base = entries[0]
    places = {index: place for place, index in enumerate(walked.members)}
    covered = Covered(entries, walked, plan)
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
                "coverage": _coverage(walked, places.get(index), plan, entry),
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


def _coverage(walked: Walked, place: int | None, plan: Plan, entry: Entry) -> Document:
    """Return the backtest of one entry; without one, why there is none."""
    walk = walked.walk
    if walk is None or place is None:
        return {"problem": walked.problem or not_walked(entry, plan), "tests": None}
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


def _assumptions(walked: Walked, plan: Plan) -> list[str]:
    said = list(walked.assumptions)
    if walked.walk is not None:
        said += said_of_dates(walked.walk, plan)
    said.append("Differences of margins as they are say nothing of savings: the models cover different losses.")
    return said
