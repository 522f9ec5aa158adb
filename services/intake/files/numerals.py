"""Numbers as people write them in files: read only where there is one way to read them."""

import math
import re
from enum import StrEnum


class Decimal(StrEnum):
    """How a file writes numbers."""

    PLAIN = "plain"  # 1234.56, without separators
    POINT = "point"  # 1,234.56: groups of three by comma, blank or apostrophe
    COMMA = "comma"  # 1.234,56: groups of three by point, blank or apostrophe


_EXPONENT = r"([eE][+-]?\d{1,4})?"
_PLAIN = re.compile(rf"[+-]?(\d+(\.\d*)?|\.\d+){_EXPONENT}", re.ASCII)
_GROUPED = {
    Decimal.POINT: re.compile(
        rf"[+-]?(\d{{1,3}}(?P<by>[,'\u2019 \u00a0\u202f])\d{{3}}((?P=by)\d{{3}})*|\d+)(\.\d*)?{_EXPONENT}"
    ),
    Decimal.COMMA: re.compile(
        rf"[+-]?(\d{{1,3}}(?P<by>[.'\u2019 \u00a0\u202f])\d{{3}}((?P=by)\d{{3}})*|\d+)(,\d*)?{_EXPONENT}"
    ),
}
_SEPARATORS = re.compile(r"[.,'\u2019 \u00a0\u202f]")
_LONGEST = 64


def number(text: str, style: Decimal) -> float | None:
    """Return the number that a cell without outer blanks holds, None if it holds none; it may be infinite."""
    if len(text) > _LONGEST:
        return None
    if style is not Decimal.COMMA and _PLAIN.fullmatch(text):
        return float(text) + 0.0  # -0.0 is 0.0
    found = _GROUPED[style].fullmatch(text) if style in _GROUPED else None
    if found is None or not _ascii_digits(text):
        return None
    plain = text.replace(found["by"], "") if found["by"] else text
    return float(plain.replace(",", ".") if style is Decimal.COMMA else plain) + 0.0


def _ascii_digits(text: str) -> bool:
    return all(each.isascii() for each in text if each.isdigit())


def problem(text: str, value: float | None) -> tuple[str, str] | None:
    """Return what is wrong with a cell that should be a number and what to do about it, None if nothing is."""
    if value is not None and math.isfinite(value):
        return None
    if value is not None:
        return "is too large for a number", "Write a smaller number."
    if text.endswith("%"):
        return "is a percentage", "Write the decimal: 0.25 for 25%."
    if _digits_and_separators(text):
        return (
            "is written with separators and could be read in two ways",
            "Write 1234.56, or say how the file is written: decimal=comma for 1.234,56, decimal=point for 1,234.56.",
        )
    return "is no number", "Write a plain number such as -1234.56; leave the cell empty where there is none."


def _digits_and_separators(text: str) -> bool:
    return bool(_SEPARATORS.search(text)) and re.fullmatch(r"[+-]?[\d.,'\u2019 \u00a0\u202f]+", text) is not None
