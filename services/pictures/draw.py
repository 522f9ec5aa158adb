"""Which picture a measure's result has."""

from collections.abc import Callable, Mapping
from typing import Any

from services.errors import NotAcceptableError
from services.pictures.charts import Group, Step, side_by_side, waterfall

Document = Mapping[str, Any]
_SHARES = frozenset({"utilization"})


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


PICTURES: dict[str, Callable[[Document, str], str]] = {"whatif": _whatif, "explain": _steps, "bridge": _steps}
"""Measure to its picture: (result, " of PORTFOLIO") → SVG."""
