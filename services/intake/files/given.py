"""What a caller types, on a command line or in a query, → the options of a file."""

from collections.abc import Mapping
from typing import Any

from services.errors import InvalidInputError, UnparsableError
from services.intake.faults import Faults, nearest, quote
from services.intake.files.csv_table import DELIMITERS
from services.intake.files.numerals import Decimal
from services.intake.files.options import ENCODINGS, FileOptions, Format
from services.intake.parse import Repeated, parse

_NUMBERS = frozenset({"available_cash", "leverage_ratio"})
_OBJECTS = frozenset({"fx", "rates", "collateral"})
_WORDS = {"encoding": ENCODINGS, "delimiter": tuple(DELIMITERS), "decimal": tuple(Decimal)}
_ONLY_FOR = {"encoding": Format.CSV, "delimiter": Format.CSV, "sheet": Format.XLSX}


def file_options(format_: Format, **given: Any) -> FileOptions:
    """Return options; raise InvalidInputError naming the word that is unknown, or has no meaning for the format."""
    faults = Faults()
    for name, words in _WORDS.items():
        value = given.get(name)
        if value is not None and value not in words:
            faults.add(f"/{name}", f"{name} is unknown: {quote(str(value))}.", remedy=nearest(str(value), words))
    for name, owner in _ONLY_FOR.items():
        if given.get(name) is not None and format_ is not owner:
            faults.add(f"/{name}", f"{name} has no meaning for a {format_.value} file.", remedy="Leave it out.")
    faults.settle()
    plain = {name: value for name, value in given.items() if value is not None}
    decimal = Decimal(plain["decimal"]) if "decimal" in plain else None
    return FileOptions(format=format_, **{**plain, "decimal": decimal})


def head_value(name: str, text: str) -> Any:
    """Return what a text stands for in a field of the portfolio; the text itself where it fits nothing."""
    if name not in _NUMBERS | _OBJECTS:
        return text
    try:
        value = json_value(text)
    except UnparsableError:
        return text
    wanted = (int, float) if name in _NUMBERS else dict
    return value if isinstance(value, wanted) else text


def json_value(text: str) -> Any:
    """Return what a JSON text stands for, as strictly as a body is read; raise UnparsableError where it is none."""
    return parse(text.encode("utf-8", "surrogatepass"))


def pairs(name: str, text: str | None) -> dict[str, str]:
    """Return the texts of a JSON object, or of `a=b,c=d`."""
    if not text:
        return {}
    if text.lstrip().startswith("{"):
        return _texts(name, text)
    found: dict[str, str] = {}
    for part in text.split(","):
        field, equals, value = part.partition("=")
        if not (field.strip() and equals and value.strip()) or field.strip() in found:
            raise InvalidInputError.at(
                "",
                f"{name} is no list of pairs: {quote(text)}.",
                remedy=f'Write {name}=a=b,c=d or {name}={{"a": "b"}}.',
            )
        found[field.strip()] = value.strip()
    return found


def head(text: str | None) -> dict[str, Any]:
    """Return a portfolio's own fields from a JSON object, or from `currency=USD,as_of=2026-01-31`."""
    if text and text.lstrip().startswith("{"):
        return dict(_object("set", text))
    return {name: head_value(name, value) for name, value in pairs("set", text).items()}


def _texts(name: str, text: str) -> dict[str, str]:
    found = _object(name, text)
    for field, value in found.items():
        if not isinstance(value, str):
            raise InvalidInputError.at("", f"{name} must give a text for {quote(field)}.")
    return dict(found)


def _object(name: str, text: str) -> Mapping[str, Any]:
    try:
        found = json_value(text)
    except UnparsableError as error:
        raise InvalidInputError.at("", f"{name} is no JSON: {error.detail}") from None
    if not isinstance(found, dict):
        raise InvalidInputError.at("", f"{name} must be a JSON object.")
    if isinstance(found, Repeated):
        detail = f"{name} names {quote(found.names[0])} more than once."
        raise InvalidInputError.at("", detail, remedy="Keep one of them.")
    return found
