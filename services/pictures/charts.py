"""Two charts with horizontal bars: a waterfall of steps, and groups of amounts side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.pictures.svg import HATCHED, PALE, PLAIN, SOLID, bar, document, line, text

WIDTH, LABELS, AMOUNTS = 900.0, 250.0, 130.0
ROW, HEAD, FOOT = 30.0, 64.0, 44.0
FILLS = (SOLID, PLAIN, HATCHED)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One bar of a waterfall: a total stands on zero, a change on where the one before it ended."""

    label: str
    amount: float
    is_total: bool = False


@dataclass(frozen=True, kw_only=True)
class Group:
    """Bars that belong together, one for each series, None where a series has no such amount; and a remark."""

    label: str
    amounts: tuple[float | None, ...]
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """Amounts → where they lie between the labels and the amounts in figures."""

    low: float
    high: float

    @classmethod
    def over(cls, levels: Sequence[float]) -> "_Axis":
        low, high = min(0.0, *levels), max(0.0, *levels)
        return cls(low=low, high=high if high > low else low + 1.0)

    def at(self, amount: float) -> float:
        span = WIDTH - LABELS - AMOUNTS - 20.0
        return LABELS + span * (amount - self.low) / (self.high - self.low)


def waterfall(title: str, about: str, steps: Sequence[Step], *, unit: str) -> str:
    """Return a waterfall: totals solid, increases white, decreases hatched."""
    running, spans = 0.0, []
    for step in steps:
        start = 0.0 if step.is_total else running
        running = step.amount if step.is_total else running + step.amount
        spans.append((start, running))
    axis = _Axis.over([level for span in spans for level in span] or [0.0])
    shapes = _frame(title, about, axis, len(steps))
    for index, (step, (start, end)) in enumerate(zip(steps, spans, strict=True)):
        y = HEAD + index * ROW
        fill = SOLID if step.is_total else PLAIN if step.amount >= 0.0 else HATCHED
        shapes += [
            text(LABELS - 10, y + 19, step.label, anchor="end", bold=step.is_total),
            bar(axis.at(start), y + 5, axis.at(end) - axis.at(start), ROW - 10, fill),
            text(WIDTH - 10, y + 19, _figure(step.amount, signed=not step.is_total), anchor="end", bold=step.is_total),
        ]
        if index + 1 < len(steps):
            shapes.append(line(axis.at(end), y + ROW - 5, axis.at(end), y + ROW + 5, dashed=True))
    bottom = HEAD + len(steps) * ROW
    shapes += _key(bottom, (("total", SOLID), ("increase", PLAIN), ("decrease", HATCHED)), unit)
    return document(WIDTH, bottom + FOOT, shapes, title=title, about=about)


def side_by_side(title: str, about: str, series: Sequence[str], groups: Sequence[Group], *, unit: str) -> str:
    """Return groups of bars, up to three series told apart by their fill, a fourth and more by their place alone."""
    levels = [amount for group in groups for amount in group.amounts if amount is not None]
    axis = _Axis.over(levels or [0.0])
    heights = [18.0 * len(series) + (16.0 if group.remark else 0.0) + 10.0 for group in groups]
    shapes = _frame(title, about, axis, sum(heights) / ROW)
    y = HEAD
    for group, height in zip(groups, heights, strict=True):
        shapes.append(text(LABELS - 10, y + 14, group.label, anchor="end", bold=True))
        if group.remark:
            shapes.append(text(LABELS, y + height - 12, group.remark, size=11))
        for index, amount in enumerate(group.amounts):
            top = y + 18.0 * index
            if amount is not None:
                shapes.append(bar(axis.at(0.0), top + 2, axis.at(amount) - axis.at(0.0), 14, FILLS[index % len(FILLS)]))
            shapes.append(text(WIDTH - 10, top + 14, "undefined" if amount is None else _figure(amount), anchor="end"))
        y += height
    key = tuple((name, FILLS[index % len(FILLS)]) for index, name in enumerate(series))
    shapes += _key(y, key if len(series) > 1 else (), unit)
    return document(WIDTH, y + FOOT, shapes, title=title, about=about)


def _frame(title: str, about: str, axis: _Axis, rows: float) -> list[str]:
    zero = axis.at(0.0)
    return [
        text(14, 26, title, size=17, bold=True),
        text(14, 46, about, size=12),
        line(zero, HEAD - 4, zero, HEAD + rows * ROW, ink=PALE),
    ]


def _key(y: float, fills: Sequence[tuple[str, str]], unit: str) -> list[str]:
    shapes = [text(WIDTH - 10, y + 26, f"in {unit}", anchor="end", size=11)] if unit else []
    x = LABELS
    for name, fill in fills:
        shapes += [bar(x, y + 16, 14, 12, fill), text(x + 20, y + 26, name, size=11)]
        x += 40 + 7.0 * len(name)
    return shapes


def _figure(amount: float, *, signed: bool = False) -> str:
    places = 0 if abs(amount) >= 1_000 or amount == 0.0 else 2 if abs(amount) >= 1 else 4
    return f"{amount:{'+' if signed else ''},.{places}f}"
