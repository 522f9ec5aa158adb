"""Judging single values of a JSON tree; each reader records a fault and returns None where a value will not do."""

import re
from datetime import date
from sys import float_info
from typing import Any

from services.intake.faults import Faults, nearest, quote, unescape
from services.intake.fields import MAX_TEXT
from services.intake.parse import NOT_FINITE, Repeated

# Control characters, line separators, bidirectional marks and lone surrogates: none of them is part of a name.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
MAX_PROSE = 2_000
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,4}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def text_problem(value: str) -> str | None:
    """Return what is wrong with an id, symbol or name, or None."""
    if len(value) > MAX_TEXT:
        return f"has {len(value)} characters, more than {MAX_TEXT}"
    if not value.strip():
        return "is empty"
    found = None if value.isprintable() else _FORBIDDEN.search(value)
    return f"holds the forbidden character U+{ord(found[0]):04X}" if found else None


def prose_problem(value: str) -> str | None:
    """Return what is wrong with a sentence within a structure, or None; it may be empty."""
    if len(value) > MAX_PROSE:
        return f"has {len(value)} characters, more than {MAX_PROSE}"
    found = None if value.isprintable() else _FORBIDDEN.search(value)
    return f"holds the forbidden character U+{ord(found[0]):04X}" if found else None


def address_problem(value: str) -> str | None:
    """Return what is wrong with an id that came in a URL, or None; bytes that are no UTF-8 arrive as U+FFFD."""
    return text_problem(value) or ("is not UTF-8" if "\ufffd" in value else None)


def date_problem(value: str) -> str | None:
    """Return what is wrong with an ISO date, or None."""
    try:
        if _DATE.fullmatch(value) and date.fromisoformat(value):
            return None
    except ValueError:
        pass
    return f"is no date such as 2025-01-31 but {quote(value)}"


def currency_problem(value: str) -> str | None:
    """Return what is wrong with a currency code, or None."""
    if _CURRENCY.fullmatch(value):
        return None
    return f"is no currency code of three to five capital letters or digits but {quote(value)}"


def kind_of(value: Any) -> str:
    """Return what a JSON value is, in words; never the value itself."""
    if value is NOT_FINITE or (type(value) in {int, float} and not abs(value) <= float_info.max):
        return "not a finite number"
    names = {bool: "a boolean", str: "a text", list: "a list", type(None): "null"}
    if isinstance(value, dict):
        return "an object"
    return names.get(type(value), "a number")


def number(value: Any, pointer: str, faults: Faults) -> float | None:
    """Return a finite number; booleans and numeric texts are none."""
    if type(value) in {int, float} and abs(value) <= float_info.max:
        return float(value) + 0.0  # -0.0 is 0.0
    faults.add(pointer, f"{_name(pointer)} must be a number, and is {kind_of(value)}.", remedy="Send a plain number.")
    return None


def bounded(value: Any, pointer: str, faults: Faults, *, minimum: float, maximum: float) -> float | None:
    """Return a number within inclusive bounds."""
    found = number(value, pointer, faults)
    if found is not None and not minimum <= found <= maximum:
        faults.add(pointer, f"{_name(pointer)} must be from {minimum:g} to {maximum:g}.")
        return None
    return found


def integer(value: Any, pointer: str, faults: Faults, *, minimum: int, maximum: int) -> int | None:
    """Return a whole number within inclusive bounds."""
    if type(value) is int and minimum <= value <= maximum:
        return value
    faults.add(pointer, f"{_name(pointer)} must be a whole number from {minimum} to {maximum}.")
    return None


def flag(value: Any, pointer: str, faults: Faults) -> bool | None:
    """Return true or false."""
    if isinstance(value, bool):
        return value
    faults.add(pointer, f"{_name(pointer)} must be true or false, and is {kind_of(value)}.")
    return None


def text(value: Any, pointer: str, faults: Faults) -> str | None:
    """Return a printable text of 1 to 128 characters."""
    if not isinstance(value, str):
        faults.add(pointer, f"{_name(pointer)} must be a text, and is {kind_of(value)}.")
        return None
    problem = text_problem(value)
    if problem:
        faults.add(pointer, f"{_name(pointer)} {problem}.")
        return None
    return value


def currency(value: Any, pointer: str, faults: Faults) -> str | None:
    """Return a currency code."""
    found = text(value, pointer, faults)
    problem = currency_problem(found) if found is not None else None
    if problem:
        faults.add(pointer, f"{_name(pointer)} {problem}.", remedy="Send a code such as USD.")
        return None
    return found


def iso_date(value: Any, pointer: str, faults: Faults) -> date | None:
    """Return a date written as 2025-01-31."""
    found = text(value, pointer, faults)
    if found is None:
        return None
    problem = date_problem(found)
    if problem:
        faults.add(pointer, f"{_name(pointer)} {problem}.", remedy="Send an ISO date.")
        return None
    return date.fromisoformat(found)


def word(value: Any, pointer: str, faults: Faults, words: tuple[str, ...]) -> str | None:
    """Return one of a few words, in lower case, whatever case it came in."""
    found = text(value, pointer, faults)
    if found is None or found.lower() in words:
        return found.lower() if found else None
    faults.add(pointer, f"{_name(pointer)} is unknown: {quote(found)}.", remedy=nearest(found, words))
    return None


def mapping(value: Any, pointer: str, faults: Faults) -> dict[str, Any] | None:
    """Return an object, reporting keys that came twice."""
    if not isinstance(value, dict):
        faults.add(pointer, f"{_name(pointer)} must be an object, and is {kind_of(value)}.")
        return None
    if isinstance(value, Repeated):
        for name in value.names:
            faults.add(pointer, f"The key {quote(name)} comes more than once.", remedy="Keep one of them.")
    return value


def _name(pointer: str) -> str:
    name = unescape(pointer.rpartition("/")[2])
    if name.isdecimal():
        return f"Entry {name}"
    return name or "The body"
