"""Which CRIF rows SIMM cannot use, and why: cell by cell, so that intake can name row and column."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.crif import Crif, RowFault, answered_in, cells_among, cells_where, date_faults
from compute.margin.regulations import SIDES, regulations_of
from compute.margin.simm.calibration import calibration
from compute.margin.simm.vocabulary import PRODUCT_CLASSES, RESIDUAL, RISK_TYPES, RiskType

Mask = NDArray[np.bool_]
MULTIPLIER = "Param_ProductClassMultiplier"
STATED_ONCE = (MULTIPLIER, "Param_AddOnNotionalFactor")


def row_faults(crif: Crif, parameters: Mapping[str, Any]) -> Iterator[RowFault]:
    """Yield every cell of a SIMM file that cannot be used; raise InputError for parameters that no file can be."""
    calibration(parameters["version"], int(parameters["mpor_days"]))
    answered_in(parameters)
    yield from cells_among(crif, np.ones(len(crif), np.bool_), "risk_type", tuple(RISK_TYPES))
    risk_type = crif.labels["risk_type"]
    for name, rule in RISK_TYPES.items():
        rows = risk_type.mask(name)
        if rows.any():
            yield from _row_type(crif, rows, name, rule)
    for name in STATED_ONCE:
        yield from _contradicted(crif, risk_type.mask(name), SIDES[parameters["side"]])
    yield from _small_multipliers(crif, risk_type.mask(MULTIPLIER))
    yield from date_faults(crif, "valuation_date")


def _row_type(crif: Crif, rows: Mask, name: str, rule: RiskType) -> Iterator[RowFault]:
    if not rule.parameter:
        yield from cells_among(crif, rows, "product_class", PRODUCT_CLASSES)
    if rule.qualifier:
        yield from _QUALIFIERS[rule.qualifier](crif, rows)
    if rule.buckets:
        given = rows & (crif.column("bucket").codes >= 0) if rule.bucket_optional else rows
        numbers = tuple(str(number) for number in range(1, rule.buckets + 1))
        yield from cells_among(crif, given, "bucket", (*numbers, RESIDUAL) if rule.residual else numbers)
    if rule.label1:
        yield from cells_among(crif, rows, "label1", rule.label1)
    if rule.label2 is None:
        yield from cells_where(crif, rows, "label2", bool, f"{name} needs the group of underlying names here.")
    elif rule.label2:
        yield from cells_among(crif, rows, "label2", rule.label2)


def _contradicted(crif: Crif, rows: Mask, column: str) -> Iterator[RowFault]:
    """Yield the rows that give a netting set another factor for the same name, under the same regulation."""
    netting, names = crif.labels["netting_set"].codes, crif.column("qualifier").codes
    regulations = crif.column(column).texts() if rows.any() else []
    stated: dict[tuple[int, int, str], float] = {}
    for row in np.flatnonzero(rows & ~np.isnan(crif.amount)).tolist():
        value = float(crif.amount[row])
        keys = [(int(netting[row]), int(names[row]), name) for name in regulations_of(regulations[row] or "")]
        others = {stated.setdefault(key, value) for key in keys} - {value}
        if others:
            detail = f"The netting set has {others.pop():g} for this already."
            yield RowFault(row=row, column="amount", detail=detail, remedy="Keep one row.")


def _small_multipliers(crif: Crif, rows: Mask) -> Iterator[RowFault]:
    for row in np.flatnonzero(rows & (crif.amount < 1.0)).tolist():
        detail = f"A multiplier is 1 or more, and this is {crif.amount[row]:g}."
        yield RowFault(row=row, column="amount", detail=detail, remedy="Write a surcharge of 4.5 % as 1.045.")


def _is_currency(text: str) -> bool:
    return len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()


def _is_pair(text: str) -> bool:
    return len(text) == 6 and _is_currency(text[:3]) and _is_currency(text[3:]) and text[:3] != text[3:]


def _currency(crif: Crif, rows: Mask) -> Iterator[RowFault]:
    yield from cells_where(crif, rows, "qualifier", _is_currency, "Give a currency code such as EUR.")


def _pairs(crif: Crif, rows: Mask) -> Iterator[RowFault]:
    yield from cells_where(crif, rows, "qualifier", _is_pair, "Give two different currency codes, such as EURUSD.")


def _classes(crif: Crif, rows: Mask) -> Iterator[RowFault]:
    yield from cells_among(crif, rows, "qualifier", PRODUCT_CLASSES)


def _any_text(crif: Crif, rows: Mask) -> Iterator[RowFault]:
    yield from cells_where(crif, rows, "qualifier", bool, "Give the name of the issuer, index, commodity or product.")


_QUALIFIERS: dict[str, Callable[[Crif, Mask], Iterator[RowFault]]] = {
    "currency": _currency,
    "pair": _pairs,
    "product_class": _classes,
    "text": _any_text,
}
