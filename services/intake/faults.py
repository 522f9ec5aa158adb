"""Collecting everything that is wrong with an input before answering."""

from collections.abc import Iterable
from difflib import get_close_matches

from core.errors import Fault
from services.errors import InvalidInputError

MAX_FAULTS = 100
_QUOTED = 40
_COMPARED = 64


class Faults:
    """The faults found so far; the first hundred are kept, the others counted."""

    def __init__(self) -> None:
        self.items: list[Fault] = []
        self.omitted = 0

    def __bool__(self) -> bool:
        return bool(self.items)

    @property
    def full(self) -> bool:
        """Whether further faults are counted alone: then no word is worth looking up for them."""
        return len(self.items) >= MAX_FAULTS

    def add(
        self, pointer: str, detail: str, *, remedy: str = "", row: int | None = None, column: str | None = None
    ) -> None:
        """Record one fault."""
        if self.full:
            self.omitted += 1
        else:
            self.items.append(Fault(pointer=pointer, detail=detail, remedy=remedy, row=row, column=column))

    def settle(self) -> None:
        """Raise InvalidInputError if there is any fault."""
        if self.items:
            raise InvalidInputError(self.items, omitted=self.omitted)


def quote(value: str) -> str:
    """Return a caller's text in quotes, shortened, with nothing in it that a terminal or JSON could trip over."""
    short = value if len(value) <= _QUOTED else f"{value[:_QUOTED]}…"
    return '"' + "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in short) + '"'


def escape(token: str) -> str:
    """Return one reference token of an RFC 6901 pointer."""
    return quote(token)[1:-1].replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """Return the name that a reference token stands for."""
    return token.replace("~1", "/").replace("~0", "~")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a remedy that names the nearest known word, or all of them where there are few."""
    words = sorted(known)
    close = get_close_matches(word[:_COMPARED].lower(), words, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Use one of: {', '.join(words)}." if words else "Leave it out."
