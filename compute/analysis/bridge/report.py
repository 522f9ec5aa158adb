"""A bridge as a result: the waterfall of one figure, the table of all, and what each step changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compute.analysis.bridge.earlier import Earlier
from compute.analysis.bridge.request import CODE, SEQUENTIAL
from compute.analysis.bridge.sides import Change
from compute.analysis.bridge.walk import ROUNDING, Amounts, closed
from compute.analysis.figures import Figures, figures
from compute.errors import InputError
from compute.result import Result

_IDENTITY = ("currency", "as_of", "model", "version", "parameter_set", "side", "regulation")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was computed: the stored and recomputed figures of the earlier side, today's result, the steps between."""

    earlier: Earlier
    stored: Figures
    recomputed: Figures
    today: Result
    steps: list[str]
    amounts: Amounts
    changes: Mapping[str, Change]
    evaluations: int
    notes: list[str]


def report(found: Found, parameters: Mapping[str, Any]) -> Result:
    """Return a bridge as document and tables; raise InputError for a waterfall of a figure that has none."""
    now = figures(found.today)
    bridged, left = _closed(found, now)
    figure = parameters["figure"]
    if figure not in bridged:
        known = ", ".join(bridged) or "none"
        raise InputError(
            f"{figure} has no bridge here: {left.get(figure, 'neither side has it')}.",
            pointer="/parameters/figure",
            remedy=f"Choose another figure; bridged here: {known}.",
        )
    steps = [CODE] if _moved(found, bridged) else []
    steps += [*found.steps, *([ROUNDING] if any(ROUNDING in amounts for amounts in bridged.values()) else [])]
    document = {
        **{name: found.today.document[name] for name in _IDENTITY if name in found.today.document},
        "figure": figure,
        "method": parameters["method"],
        "order": [one for one in steps if one != ROUNDING] if parameters["method"] == SEQUENTIAL else None,
        "earlier": _earlier(found),
        "today": {"as_of": found.today.document.get("as_of"), "version": found.today.document.get("version"),
                  "code_version": found.earlier.present_code_version, "figures": now},
        "change": {name: now[name] - found.stored[name] for name in bridged},  # type: ignore[operator]
        "waterfall": _waterfall(bridged[figure], steps, found.stored[figure], now[figure]),
        "steps": [_step(found, step, bridged) for step in steps],
        "not_bridged": [{"figure": name, "reason": reason} for name, reason in left.items()],
        "evaluations": found.evaluations,
        "notes": found.notes,
    }  # fmt: skip
    tables = {name: table for change in found.changes.values() for name, table in change.tables.items()}
    return Result(document=document, tables=tables, device=found.today.device)


def _closed(found: Found, now: Figures) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """Return each figure's steps, closed to the last bit, and why the others have none."""
    bridged: dict[str, dict[str, float]] = {}
    left: dict[str, str] = {}
    for name in dict.fromkeys([*found.stored, *now]):
        before, after, again = found.stored.get(name), now.get(name), found.recomputed.get(name)
        amounts = {step: found.amounts[step][name] for step in found.steps}
        known = {step: amount for step, amount in amounts.items() if amount is not None}
        if before is None or after is None:
            side = "the earlier result" if before is None else "the result of today"
            left[name] = f"{side} has no such figure, or it is undefined there"
        elif again is None or len(known) < len(amounts):
            left[name] = "it is undefined in a state between the two"
        else:
            code = again - before
            bridged[name] = closed(({CODE: code} if code else {}) | known, after - before)
    return bridged, left


def _moved(found: Found, bridged: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether the step of the code is worth a line: another code, or another number."""
    earlier = found.earlier
    another = earlier.code_version is not None and earlier.code_version != earlier.present_code_version
    return another or any(amounts.get(CODE) for amounts in bridged.values())


def _earlier(found: Found) -> dict[str, Any]:
    earlier = found.earlier
    return {
        "name": earlier.name,
        "as_of": earlier.book.as_of.isoformat(),
        "version": earlier.version,
        "code_version": earlier.code_version,
        "figures": found.stored,
        "figures_are": "stored" if earlier.figures is not None else "computed now: no stored result came along",
        **earlier.facts,
    }


def _waterfall(
    amounts: Mapping[str, float], steps: list[str], before: float | None, after: float | None
) -> list[dict[str, Any]]:
    """Return the bars: the stored figure, each step with where it ends, today's figure."""
    running = before or 0.0
    rows: list[dict[str, Any]] = [{"step": "earlier", "amount": before, "running": before}]
    for step in steps:
        running += amounts.get(step, 0.0)
        rows.append({"step": step, "amount": amounts.get(step, 0.0), "running": running})
    return [*rows, {"step": "today", "amount": after, "running": after}]


def _step(found: Found, step: str, bridged: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    own = {CODE: _code_words(found.earlier), ROUNDING: "What large steps that cancel out have no digit for."}
    change = found.changes.get(step) or Change(words=own[step])
    return {
        "step": step,
        "what": change.words,
        "changed": change.items,
        "figures": {name: amounts.get(step, 0.0) for name, amounts in bridged.items()},
    }


def _code_words(earlier: Earlier) -> str:
    if earlier.code_version is None or earlier.code_version == earlier.present_code_version:
        return (
            "The code computes another number from the earlier inputs than was stored: `collateral replay` says where."
        )
    return f"The code {earlier.present_code_version} on the earlier inputs, which {earlier.code_version} had computed."
