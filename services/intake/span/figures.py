"""Figures of a record, and the refusal that names its line."""

import math
from typing import NoReturn

from core.errors import Fault
from services.errors import InvalidInputError
from services.intake.span.records import Record

POINTER = "/parameters/span_parameters"
RATE = "1"
"""The requirement level that is read, where a file has several."""


def at_rate(records: list[Record]) -> Record | None:
    """Return the record of the requirement level that is read, else the first."""
    return next((one for one in records if one.get("r") == RATE), next(iter(records), None))


def rate(record: Record) -> float:
    """Return the rate of the requirement level that is read, zero where there is none."""
    found = at_rate(record.all("rate"))
    return 0.0 if found is None else number(found, "val")


def number(record: Record, name: str, default: float | None = None) -> float:
    """Return the number in a part of a record; the default where it is missing, which is a fault without one."""
    part = next(iter(record.parts.get(name, ())), None)
    if part is None or not part.text:
        if default is None:
            refuse(record, f"a {record.tag} has no {name}")
        return default
    return figure(part)


def figure(record: Record) -> float:
    """Return the finite number that a record holds."""
    try:
        value = float(record.text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        refuse(record, f"{record.tag} is no number: {record.text[:40]!r}")
    return value


def refuse(record: Record, what: str) -> NoReturn:
    """Raise for a record, with its line."""
    detail = f"Line {record.line} of the SPAN file: {what}."
    raise InvalidInputError([Fault(pointer=POINTER, detail=detail, row=record.line)])
