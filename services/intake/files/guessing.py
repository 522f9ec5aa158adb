"""What a column's title, or where that says several things what stands below it, makes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from services.intake.fields import NUMBERS, TEXTS
from services.intake.files.numerals import Decimal, number
from services.intake.files.table import Table
from services.intake.files.titles import KNOWN, OPEN, OPTION_TYPES, OWN, SIDE, SIDES, VALUES, key

_WIRE_PRICE = "market_value"
_MOST = 0.5


class Rank(IntEnum):
    """How a guess was come by, the surest first."""

    OWN = 0  # the title is the field's own name
    SYNONYM = 1  # the title is another word for it
    CONTENT = 2  # the title says several things, and the cells fit


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A column and the fields that it could be: several only by its content."""

    index: int
    rank: Rank
    fields: tuple[str, ...]


def guess(table: Table, taken: frozenset[int]) -> Iterator[Guess]:
    """Yield a guess for each column about which there is one."""
    for index, title in enumerate(table.titles):
        if index in taken or not title:
            continue
        rank, fields = _of(table, index, title)
        if fields:
            yield Guess(index=index, rank=rank, fields=fields)


def _of(table: Table, index: int, title: str) -> tuple[Rank, tuple[str, ...]]:
    word = key(title)
    if word in OPEN:
        return Rank.CONTENT, _by_content(OPEN[word], table.columns[index].sample())
    if word in VALUES:
        return Rank.OWN, (_WIRE_PRICE,) if title.lower() == _WIRE_PRICE else ()
    if word in OWN:
        return Rank.OWN, (OWN[word],)
    return Rank.SYNONYM, (KNOWN[word],) if word in KNOWN else ()


def _by_content(fields: tuple[str, ...], sample: list[str]) -> tuple[str, ...]:
    """Return the fields that most of the cells fit; free text only where no other fits."""
    fitting = tuple(name for name in fields if not _is_free(name) and _fits(name, sample))
    return fitting or tuple(name for name in fields if _is_free(name) and sample)


def _is_free(name: str) -> bool:
    return name in TEXTS and not TEXTS[name].words


def _fits(name: str, sample: list[str]) -> bool:
    good = sum(_fit(name, text) for text in sample)
    return good > 0 and good >= _MOST * len(sample)


def _fit(name: str, text: str) -> bool:
    if name in NUMBERS:
        return any(number(text, style) is not None for style in Decimal)
    if name == SIDE:
        return text.lower() in SIDES
    return text.lower() in TEXTS[name].words or (name == "option_type" and text.lower() in OPTION_TYPES)
