"""Which picture a measure's result has."""

from collections.abc import Callable, Mapping
from typing import Any

from services.errors import NotAcceptableError
from services.pictures.charts import Group, Step, side_by_side, waterfall

Document = Mapping[str, Any]
_SHARES = frozenset({"utilization"})
_REMARK = 100


def require_picture(measure: str) -> None:
    """Raise NotAcceptableError for a measure that has no picture."""
    if measure not in PICTURES:
        known = ", ".join(sorted(PICTURES))
        raise NotAcceptableError(f"There is no picture of {measure}.", remedy=f"Ask for JSON; pictures are of {known}.")


def draw(measure: str, result: Document, *, portfolio_id: str = "") -> str:
    """Return the SVG of a result; errors as in `require_picture`."""
    require_picture(measure)
    return PICTURES[measure](result, f" of {portfolio_id}" if portfolio_id else "")


def _about(result: Document) -> str:
    words = [str(result.get("model") or ""), str(result.get("version") or "")]
    return ", ".join(word for word in (" ".join(words).strip(), f"as of {result['as_of']}", result["currency"]) if word)


def _steps(result: Document, of: str) -> str:
    """Return the waterfall of an explanation or of a bridge: its first and last steps, and any other total, on zero."""
    rows = result["waterfall"]
    last = len(rows) - 1
    steps = [
        Step(
            label=str(row["step"]).replace("_", " "),
            amount=float(row["running"] if place == last else row["amount"]),
            is_total=place in {0, last},
        )
        for place, row in enumerate(rows)
    ]
    name = str(result.get("figure", "margin")).replace("_", " ").capitalize()
    return waterfall(f"{name}{of}", _about(result), steps, unit=str(result["currency"]))


def _whatif(result: Document, of: str) -> str:
    groups = [
        Group(label=name.replace("_", " "), amounts=(result["before"].get(name), value))
        for name, value in result["after"].items()
        if name not in _SHARES
    ]
    failed = [one["reason"] for one in result["limits"] if not one["passed"]]
    verdict = "" if result["passed"] is None else " · limits hold" if result["passed"] else f" · {' '.join(failed)}"
    return side_by_side(
        f"What if{of}", f"{_about(result)}{verdict}", ("before", "after"), groups, unit=str(result["currency"])
    )


def _compare(result: Document, of: str) -> str:
    """Return each model's margin as it is, and beside it at equal coverage where there is any."""
    entries, figure = result["entries"], str(result["figure"])
    has_level = any(entry["at_equal_coverage"]["margin"] is not None for entry in entries)
    groups = [
        Group(
            label=str(entry["label"]),
            amounts=(entry[figure], entry["at_equal_coverage"]["margin"])[: 2 if has_level else 1],
            remark=_covered(entry),
        )
        for entry in entries
    ]
    series = ("as it is", f"at {float(result['confidence']):.4g} coverage")[: 2 if has_level else 1]
    title = f"{figure.replace('_', ' ').capitalize()}{of} by model"
    return side_by_side(title, _about(result), series, groups, unit=str(result["currency"]))


def _stress(result: Document, of: str) -> str:
    """Return each scenario's profit and loss, and beside it the funds that are left."""
    groups = [
        Group(
            label=str(each["scenario"]),
            amounts=(each["profit_and_loss"], each["available_funds"]),
            remark=_short("Breach: the margin is not covered." if each["breach"] else str(each["title"])),
        )
        for each in result["scenarios"]
    ]
    series = ("profit and loss", "funds left")
    return side_by_side(f"Stress{of}", _about(result), series, groups, unit=str(result["currency"]))


def _covered(entry: Document) -> str:
    """Return in a few words how an entry did on the dates, or why nothing is said of it."""
    if entry["error"] is not None:
        return _short(str(entry["error"]["detail"]))
    found = entry["coverage"]
    if found["problem"]:
        return _short(f"No coverage: {found['problem']}")
    saving = entry["at_equal_coverage"]["saving_against_base"]
    said = "" if saving is None else f"; at equal coverage {abs(saving):.1%} {'less' if saving >= 0.0 else 'more'}"
    return f"Covers {found['coverage']:.1%} of {found['observations']} dates{said}"


def _short(words: str) -> str:
    return words if len(words) <= _REMARK else f"{words[: _REMARK - 1]}…"


PICTURES: dict[str, Callable[[Document, str], str]] = {
    "whatif": _whatif,
    "explain": _steps,
    "bridge": _steps,
    "compare": _compare,
    "stress": _stress,
}
"""Measure to its picture: (result, " of PORTFOLIO") → SVG."""
