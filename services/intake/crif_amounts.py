"""The amounts of a CRIF: AmountUSD where a cell holds one, else Amount at its currency's rate."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.errors import MissingRateError
from compute.market import rate
from compute.portfolio import Floats, Labels
from services.intake.faults import Faults, quote
from services.intake.fields import MAX_AMOUNT
from services.intake.sheet import Sheet, encode

BASE = "USD"
PLAIN = ("Param_ProductClassMultiplier", "Param_AddOnNotionalFactor")
_ROUNDING = 1e-6
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """Each row's amount; `disagreeing` counts the rows with an Amount in USD and another AmountUSD, which counts."""

    values: Floats
    disagreeing: int


def amounts(sheet: Sheet, risk_type: Labels, fx: Mapping[str, float], faults: Faults) -> Amounts:
    """Return amounts in USD, or the plain number of a factor or multiplier; NaN where there is a fault."""
    in_usd, given = (_numbers(sheet, column, faults) for column in ("amount_usd", "amount"))
    disagreeing = _disagreeing(sheet, given, in_usd)
    plain = np.array([*(value in PLAIN for value in risk_type.values), False], dtype=np.bool_)[risk_type.codes]
    lacks = np.isnan(in_usd)
    if not lacks.any() and not plain.any():
        return Amounts(values=in_usd, disagreeing=disagreeing)
    _name_empty(sheet, lacks & np.isnan(given), faults)
    rates = _rates(sheet, lacks & ~np.isnan(given) & ~plain, fx, faults)
    values = np.where(plain & ~np.isnan(given), given, np.where(lacks, given * rates, in_usd))
    return Amounts(values=values, disagreeing=disagreeing)


def _disagreeing(sheet: Sheet, given: Floats, in_usd: Floats) -> int:
    differ = np.abs(given - in_usd) > _ROUNDING * np.abs(in_usd)
    if not differ.any() or "amount_currency" not in sheet.columns:
        return 0
    return int(np.sum(differ & encode(sheet.columns["amount_currency"], {}).mask(BASE)))


def _numbers(sheet: Sheet, column: str, faults: Faults) -> Floats:
    """Cells as finite numbers, NaN where a cell is empty or the file has no such column."""
    cells = sheet.columns.get(column)
    if cells is None:
        return np.full(sheet.size, np.nan)
    try:
        found = np.fromiter(map(float, cells), np.float64, len(cells))
        if (np.abs(found) <= MAX_AMOUNT).all() and "_" not in "".join(cells):
            return found
    except ValueError:
        pass
    numbers = (
        _number(cell, row, sheet.titles[column], faults) for cell, row in zip(cells, sheet.rows.tolist(), strict=True)
    )
    return np.fromiter(numbers, np.float64, len(cells))


def _number(cell: str, row: int, title: str, faults: Faults) -> float:
    if not cell.strip():
        return float("nan")
    value = float(cell) if _NUMBER.fullmatch(cell) else float("nan")
    if abs(value) <= MAX_AMOUNT:
        return value
    if np.isnan(value):
        remedy = "Write it with a decimal point and without separators, such as -1234.56."
        faults.add("", f"{quote(cell)} is no number.", row=row, column=title, remedy=remedy)
    else:
        faults.add("", f"{quote(cell)} is larger than {MAX_AMOUNT:g}.", row=row, column=title, remedy="Check its unit.")
    return float("nan")


def _name_empty(sheet: Sheet, empty: NDArray[np.bool_], faults: Faults) -> None:
    faulty = {fault.row for fault in faults.items}
    for row in sheet.rows[empty].tolist():
        if row not in faulty:
            title = sheet.titles.get("amount", "AmountUSD")
            faults.add("", "There is no amount.", row=row, column=title, remedy="Fill it in.")


def _rates(sheet: Sheet, needed: NDArray[np.bool_], fx: Mapping[str, float], faults: Faults) -> Floats:
    """Return USD for one unit of each row's currency; name the rows that need a rate and have none."""
    currencies = encode(sheet.columns.get("amount_currency", [""] * sheet.size), {})
    known = np.array([*(_rate(value, fx) for value in currencies.values), np.nan])
    rates: Floats = known[currencies.codes]
    title = sheet.titles.get("amount_currency", "AmountCurrency")
    for index in np.flatnonzero(needed & np.isnan(rates)).tolist():
        code = int(currencies.codes[index])
        faults.add(
            "",
            f"There is no rate from {quote(currencies.values[code])} to {BASE}."
            if code >= 0
            else "The currency is empty.",
            row=int(sheet.rows[index]),
            column=title,
            remedy=f"Fill in AmountUSD, or give a rate in `fx`, such as EUR/{BASE}.",
        )
    return rates


def _rate(currency: str, fx: Mapping[str, float]) -> float:
    try:
        return rate(fx, currency, BASE)
    except MissingRateError:
        return float("nan")
