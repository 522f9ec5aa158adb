"""CRIF bytes → columns: any delimiter and header spelling, amounts into USD, what will not do by row and column.

Rows are counted as a spreadsheet shows them: the header is row 1.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from compute.crif import LABEL_COLUMNS, Crif, RowFault
from compute.errors import MissingRateError
from compute.margin.simm.vocabulary import PRODUCT_CLASSES, RESIDUAL, RISK_TYPES, TENORS
from compute.market import rate
from compute.measures import measure as spec_of
from compute.portfolio import Floats, Labels
from core.clock import utcnow
from core.errors import Fault
from services.errors import InvalidInputError, UnparsableError
from services.intake.faults import Faults, quote
from services.intake.values import date_problem, text_problem

MAX_ROWS = 2_000_000
BASE = "USD"
FIRST_DATA_ROW = 2
PLAIN = ("Param_ProductClassMultiplier", "Param_AddOnNotionalFactor")

_NAMES = {
    "portfolioid": "netting_set",
    "nettingsetid": "netting_set",
    "tradeid": "trade",
    "immodel": "im_model",
    "productclass": "product_class",
    "risktype": "risk_type",
    "qualifier": "qualifier",
    "bucket": "bucket",
    "label1": "label1",
    "label2": "label2",
    "valuationdate": "valuation_date",
    "enddate": "end_date",
    "collectregulations": "collect_regulations",
    "postregulations": "post_regulations",
    "amount": "amount",
    "amountcurrency": "amount_currency",
    "amountusd": "amount_usd",
}
_TITLES = {"netting_set": "PortfolioID", "product_class": "ProductClass", "risk_type": "RiskType"}
_SPELLINGS = {
    "risk_type": (*RISK_TYPES, "PV"),
    "product_class": (*PRODUCT_CLASSES, "Rates", "FX", "CrossCurrencySwap", "Other"),
    "bucket": (RESIDUAL,),
    "label1": TENORS,
}
_IDENTITY = ("netting_set", "trade", "product_class", "risk_type", "qualifier", "bucket", "label1", "label2")


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """The file as text columns, by our names; `titles` are the file's own, for messages."""

    columns: Mapping[str, Sequence[str]]
    titles: Mapping[str, str]
    ignored: tuple[str, ...]
    size: int


def read_crif(
    body: bytes, measure: str, parameters: Mapping[str, Any], *, name: str, pointer: str = "", as_of: date | None = None
) -> Crif:
    """Return the columns of a CRIF file as the measure's model takes them; `pointer` is where the text stands."""
    spec = spec_of(measure).chosen(parameters)
    judge = spec.row_faults
    if judge is None:
        raise InvalidInputError(
            [
                Fault(
                    pointer=pointer or "/crif",
                    detail=f"{parameters.get('model', measure)} does not take a CRIF.",
                    remedy="Send a portfolio, or choose a model such as simm.",
                )
            ]
        )
    return decode_crif(
        body,
        name=name,
        as_of=as_of or utcnow().date(),
        fx=parameters.get("fx"),
        check=lambda crif: judge(crif, parameters),
        pointer=pointer,
    )


def decode_crif(
    body: bytes,
    *,
    name: str,
    as_of: date,
    fx: Mapping[str, float] | None = None,
    check: Callable[[Crif], Iterable[RowFault]],
    pointer: str = "",
) -> Crif:
    """Return the columns of a CRIF file.

    Parameters
    ----------
    body
        UTF-8 text with a header; commas, tabs or semicolons.
    name, as_of, fx
        Carried along; `fx` converts amounts where the file has no AmountUSD.
    check
        The model's own judgement of the rows.
    pointer
        Where the text stands in a JSON body.

    Raises
    ------
    UnparsableError
        The bytes are no text, or no table.
    InvalidInputError
        Columns are missing, or cells cannot be used; each with its row and column.
    """
    sheet = _read(body)
    faults = Faults()
    _require(sheet, faults)
    faults.settle()
    labels = {column: _labels(sheet.columns[column], column) for column in LABEL_COLUMNS if column in sheet.columns}
    _judge_texts(labels, sheet, faults)
    amount = _amounts(sheet, labels["risk_type"], fx or {}, faults)
    notes = {"rows": sheet.size, "repeated_rows": _repeated(labels), "columns_not_read": list(sheet.ignored)}
    crif = Crif(id=name, as_of=_valued(labels, as_of), labels=labels, amount=amount, fx=dict(fx or {}), notes=notes)
    for fault in check(crif):
        column = sheet.titles.get(fault.column, _TITLES.get(fault.column, fault.column))
        faults.add(pointer, fault.detail, remedy=fault.remedy, row=fault.row + FIRST_DATA_ROW, column=column)
    faults.settle()
    return crif


def _read(body: bytes) -> _Sheet:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnparsableError(
            f"The file is not UTF-8 text: byte {error.start} cannot be read.",
            position=error.start,
            remedy="Save it as UTF-8.",
        ) from None
    rows = _rows(text)
    header = next(rows, None)
    if header is None:
        raise UnparsableError("The file is empty.", remedy="Send a CRIF with a header and one row a sensitivity.")
    named = [_NAMES.get(re.sub(r"[^a-z0-9]", "", title.lower())) for title in header]
    if not any(named):
        raise UnparsableError(
            "This is no CRIF: the first row names none of its columns.",
            remedy="Begin with a header such as TradeID,PortfolioID,ProductClass,RiskType,Qualifier,Bucket,Label1,….",
        )
    faults = Faults()
    body_rows = [row for number, row in enumerate(rows, FIRST_DATA_ROW) if _regular(row, number, len(header), faults)]
    faults.settle()
    twice = {name for name in named if name is not None and named.count(name) > 1}
    for name in sorted(twice):
        faults.add("", "This column stands twice in the header.", row=1, column=name, remedy="Keep one.")
    faults.settle()
    cells = list(zip(*body_rows, strict=True)) if body_rows else [()] * len(header)
    return _Sheet(
        columns={name: column for name, column in zip(named, cells, strict=True) if name is not None},
        titles={name: title.strip() for name, title in zip(named, header, strict=True) if name is not None},
        ignored=tuple(title for name, title in zip(named, header, strict=True) if name is None),
        size=len(body_rows),
    )


def _rows(text: str) -> Iterator[list[str]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise UnparsableError(
            f"Row {reader.line_num} cannot be read: {error}.",
            remedy="Close every quote, and quote cells that hold one.",
        ) from None


def _regular(row: list[str], number: int, width: int, faults: Faults) -> bool:
    if not row or (len(row) == 1 and not row[0].strip()):
        return False
    if number > MAX_ROWS:
        faults.add("", f"The file has more than {MAX_ROWS:,} rows.", row=number, remedy="Send it in parts.")
        faults.settle()
    if len(row) != width:
        faults.add(
            "",
            f"The row has {len(row)} cells, the header {width}.",
            row=number,
            remedy="Quote cells that hold the delimiter.",
        )
        return False
    return True


def _valued(labels: Mapping[str, Labels], otherwise: date) -> date:
    """Return the latest valuation date that the rows name."""
    found = labels.get("valuation_date")
    days = [value for value in found.values if date_problem(value) is None] if found is not None else []
    return date.fromisoformat(max(days)) if days else otherwise


def _require(sheet: _Sheet, faults: Faults) -> None:
    for column in ("netting_set", "product_class", "risk_type"):
        if column not in sheet.columns:
            title = _TITLES[column]
            faults.add("", f"The column {title} is missing.", row=1, column=title, remedy=f"Add a column {title}.")
    has = sheet.columns.keys()
    if "amount_usd" not in has and not {"amount", "amount_currency"} <= has:
        faults.add(
            "",
            "There is no amount: neither AmountUSD, nor Amount with AmountCurrency.",
            row=1,
            column="AmountUSD",
            remedy="Add AmountUSD, or both others.",
        )


def _labels(cells: Sequence[str], column: str) -> Labels:
    index: dict[str, int] = {}
    codes = np.array([index.setdefault(cell, len(index)) for cell in cells], dtype=np.int32)
    known = {word.lower(): word for word in _SPELLINGS.get(column, ())}
    texts = [known.get(text.strip().lower(), text.strip()) or None for text in index]
    merged = Labels.of(texts)
    return Labels(codes=merged.codes[codes] if codes.size else codes, values=merged.values)


def _judge_texts(labels: Mapping[str, Labels], sheet: _Sheet, faults: Faults) -> None:
    for column, found in labels.items():
        for code, value in enumerate(found.values):
            problem = text_problem(value)
            if problem is not None:
                row = int(np.flatnonzero(found.codes == code)[0])
                faults.add("", f"The cell {problem}.", row=row + FIRST_DATA_ROW, column=sheet.titles[column])
    for row in np.flatnonzero(labels["netting_set"].codes < 0).tolist():
        title = sheet.titles["netting_set"]
        faults.add("", "The cell is empty.", row=row + FIRST_DATA_ROW, column=title, remedy="Name the netting set.")


def _amounts(sheet: _Sheet, risk_type: Labels, fx: Mapping[str, float], faults: Faults) -> Floats:
    """Amounts in USD: AmountUSD where the cell holds one, else Amount converted; plain numbers stay as they are."""
    plain = np.array([*(value in PLAIN for value in risk_type.values), False], dtype=np.bool_)[risk_type.codes]
    in_usd = _numbers(sheet, "amount_usd", faults)
    given = _numbers(sheet, "amount", faults)
    rates, missing = _rates(sheet, fx)
    needs_rate = np.isnan(in_usd) & ~np.isnan(given) & ~plain
    amount = np.where(plain & ~np.isnan(given), given, np.where(np.isnan(in_usd), given * rates, in_usd))
    empty = np.isnan(in_usd) & np.isnan(given)
    for row in np.flatnonzero(empty & ~_faulty(faults, sheet.size)).tolist():
        faults.add("", "There is no amount.", row=row + FIRST_DATA_ROW, column=sheet.titles.get("amount", "AmountUSD"))
    for row in np.flatnonzero(needs_rate & np.isnan(rates)).tolist():
        faults.add(
            "",
            f"There is no rate from {quote(missing[row])} to {BASE}." if missing[row] else "The currency is empty.",
            row=row + FIRST_DATA_ROW,
            column=sheet.titles.get("amount_currency", "AmountCurrency"),
            remedy=f"Fill in AmountUSD, or give a rate in `fx`, such as EUR/{BASE}.",
        )
    return amount


def _faulty(faults: Faults, size: int) -> np.ndarray:
    """Return where a row has a fault already, shape (size,)."""
    rows = np.zeros(size, dtype=np.bool_)
    for fault in faults.items:
        if fault.row is not None and fault.row >= FIRST_DATA_ROW:
            rows[fault.row - FIRST_DATA_ROW] = True
    return rows


def _numbers(sheet: _Sheet, column: str, faults: Faults) -> Floats:
    """Cells as finite numbers, NaN where a cell is empty or the file has no such column."""
    cells = sheet.columns.get(column)
    if cells is None:
        return np.full(sheet.size, np.nan)
    try:
        found = np.array(cells, dtype=np.float64)
        if np.isfinite(found).all() and not any("_" in cell for cell in cells):
            return found
    except ValueError:
        pass
    return np.array([_number(cell, row, sheet.titles[column], faults) for row, cell in enumerate(cells)])


_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")


def _number(cell: str, row: int, title: str, faults: Faults) -> float:
    if not cell.strip():
        return float("nan")
    value = float(cell) if _NUMBER.fullmatch(cell) else float("nan")
    if np.isfinite(value):
        return value
    faults.add(
        "",
        f"{quote(cell)} is no number.",
        row=row + FIRST_DATA_ROW,
        column=title,
        remedy="Write it with a decimal point and without separators, such as -1234.56.",
    )
    return float("nan")


def _rates(sheet: _Sheet, fx: Mapping[str, float]) -> tuple[Floats, list[str]]:
    cells = [cell.strip().upper() for cell in sheet.columns.get("amount_currency", [""] * sheet.size)]
    known = {cell: _rate(cell, fx) for cell in set(cells)}
    return np.array([known[cell] for cell in cells], dtype=np.float64), cells


def _rate(currency: str, fx: Mapping[str, float]) -> float:
    try:
        return rate(fx, currency, BASE)
    except MissingRateError:
        return float("nan")


def _repeated(labels: Mapping[str, Labels]) -> int:
    """Rows that say again what one above says of the same trade; their amounts are summed."""
    if "trade" not in labels or not labels["trade"].codes.size:
        return 0
    columns = np.stack([labels[name].codes for name in _IDENTITY if name in labels], axis=1)
    return int(columns.shape[0] - np.unique(columns, axis=0).shape[0])
