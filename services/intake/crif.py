"""CRIF bytes → columns: words in one spelling, amounts into USD, what will not do by row and column."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from compute.crif import LABEL_COLUMNS, Crif, RowFault, as_date
from compute.errors import InputError
from compute.margin.simm.vocabulary import PRODUCT_CLASSES, RESIDUAL, RISK_TYPES, SUBCURVES, TENORS
from compute.measures import measure as spec_of
from compute.portfolio import Labels
from core.clock import utcnow
from core.errors import Fault
from services.errors import InvalidInputError, UnparsableError
from services.intake.crif_amounts import amounts
from services.intake.faults import Faults, quote
from services.intake.fields import MAX_TEXT
from services.intake.sheet import Sheet, encode, read_sheet
from services.intake.values import text_problem

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
_TITLES = {
    "netting_set": "PortfolioID",
    "trade": "TradeID",
    "product_class": "ProductClass",
    "risk_type": "RiskType",
    "qualifier": "Qualifier",
    "bucket": "Bucket",
    "label1": "Label1",
    "label2": "Label2",
    "end_date": "EndDate",
}
"""How a column is called where the file has none."""

_IM_MODELS = {"simm": "SIMM", "schedule": "Schedule"}
"""Our models by the words of the column IMModel."""

_WORDS = {
    "risk_type": (*RISK_TYPES, "PV"),
    "product_class": (*PRODUCT_CLASSES, "Rates", "FX", "CrossCurrencySwap", "Other"),
    "bucket": (RESIDUAL,),
    "label1": TENORS,
    "label2": SUBCURVES,
    "im_model": tuple(_IM_MODELS.values()),
}
_SPELLINGS = {column: {word.lower(): word for word in words} for column, words in _WORDS.items()}
_IDENTITY = ("netting_set", "trade", "product_class", "risk_type", "qualifier", "bucket", "label1", "label2")
_MOST_KEYS = 2**62


def read_crif(
    body: bytes, measure: str, parameters: Mapping[str, Any], *, name: str, pointer: str = "", as_of: date | None = None
) -> Crif:
    """Return the columns of a CRIF file as the measure's model takes them; `pointer` is where the text stands."""
    spec = spec_of(measure).chosen(parameters)
    judge, reading = spec.row_faults, _reading(parameters)
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
        fx=reading.get("fx"),
        model=str(reading.get("model", "")),
        check=lambda crif: _judged(judge(crif, parameters)),
        pointer=pointer,
    )


def _reading(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters that say how a file is read; a comparison's models have those in common."""
    entries = parameters.get("models")
    found: Mapping[str, Any] = entries[0]["parameters"] if entries else parameters
    return found


def _judged(faults: Iterator[RowFault]) -> Iterator[RowFault]:
    """Let parameters that the model cannot use be an answer to the caller too, at their own pointer."""
    try:
        yield from faults
    except InputError as error:
        raise InvalidInputError.at(error.pointer, str(error), remedy=error.remedy) from None


def decode_crif(
    body: bytes,
    *,
    name: str,
    as_of: date,
    fx: Mapping[str, float] | None = None,
    model: str = "",
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
    model
        Rows that the column IMModel gives to another model are left out, and counted in `notes`.
    check
        The model's own judgement of the rows.
    pointer
        Where the text stands in a JSON body.

    Raises
    ------
    UnparsableError
        The bytes are no text, or no table; within a JSON body InvalidInputError.
    InvalidInputError
        Columns are missing, or cells cannot be used; each with its row and column.
    """
    with _at(pointer):
        sheet = read_sheet(body, _NAMES)
        faults = Faults()
        _require(sheet, faults)
        faults.settle()
        own, others = _own(sheet, _IM_MODELS.get(model, ""), faults)
        labels = _labels(own, faults)
        amount = amounts(own, labels["risk_type"], fx or {}, faults)
        notes = {
            "rows": sheet.size,
            "rows_of_other_models": others,
            "repeated_rows": _repeated(labels),
            "amounts_that_disagree": amount.disagreeing,
            "columns_not_read": list(sheet.ignored),
        }
        crif = Crif(
            id=name,
            as_of=_valued(labels, as_of),
            labels=labels,
            amount=amount.values,
            fx=dict(fx or {}),
            notes=notes,
        )
        _name_cells(check(crif), own, faults)
        faults.settle()
    return crif


def _labels(sheet: Sheet, faults: Faults) -> dict[str, Labels]:
    labels = {
        column: encode(sheet.columns[column], _SPELLINGS.get(column, {}))
        for column in LABEL_COLUMNS
        if column in sheet.columns
    }
    _judge_texts(labels, sheet, faults)
    return labels


def _name_cells(found: Iterable[RowFault], sheet: Sheet, faults: Faults) -> None:
    """Report what the model says against cells, by the rows and titles of the file; a missing column is one fault."""
    titles = {**_TITLES, "amount": sheet.titles.get("amount_usd", "Amount"), **sheet.titles}
    missing = set[str]()
    for fault in found:
        row, column = int(sheet.rows[fault.row]), titles.get(fault.column, fault.column)
        if fault.column in sheet.columns or fault.column not in _TITLES:
            faults.add("", fault.detail, remedy=fault.remedy, row=row, column=column)
        elif column not in missing:
            missing.add(column)
            detail = f"The column {column} is missing, and row {row} needs it."
            faults.add("", detail, row=1, column=column, remedy=f"Add a column {column}.")


@contextmanager
def _at(pointer: str) -> Iterator[None]:
    """Let what is wrong with the text say where in a JSON body it stands."""
    try:
        yield
    except InvalidInputError as error:
        placed = [replace(fault, pointer=fault.pointer or pointer) for fault in error.faults]
        raise InvalidInputError(placed, omitted=error.omitted) from None
    except UnparsableError as error:
        if not pointer:
            raise
        raise InvalidInputError([Fault(pointer=pointer, detail=error.detail, remedy=error.remedy)]) from None


def _require(sheet: Sheet, faults: Faults) -> None:
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
    if not sheet.size:
        faults.add("", "There are no rows below the header.", row=1, remedy="Send at least one row.")


def _own(sheet: Sheet, model: str, faults: Faults) -> tuple[Sheet, dict[str, int]]:
    """Return the rows that IMModel gives to the model, or to none; and how many it gives to each other one."""
    if not model or not sheet.columns.get("im_model"):
        return sheet, {}
    named = encode(sheet.columns["im_model"], _SPELLINGS["im_model"])
    title = sheet.titles["im_model"]
    known = np.array([*(value in _WORDS["im_model"] for value in named.values), True])[named.codes]
    remedy = f"Use one of: {', '.join(_WORDS['im_model'])}."
    for row in np.flatnonzero(~known).tolist():
        detail = f"{quote(named.values[named.codes[row]])} is not known here."
        faults.add("", detail, row=int(sheet.rows[row]), column=title, remedy=remedy)
    others = {value: int(named.mask(value).sum()) for value in _WORDS["im_model"] if value != model}
    left = {value: count for value, count in others.items() if count}
    own = np.all([~named.mask(value) for value in left], axis=0) if left else np.ones(sheet.size, np.bool_)
    if not own.any():
        faults.add("", f"No row is of the model {model}.", row=1, column=title, remedy="Choose the model of the rows.")
    faults.settle()
    return (sheet if own.all() else sheet.where(own)), left


def _valued(labels: Mapping[str, Labels], otherwise: date) -> date:
    """Return the latest valuation date that the rows name."""
    found = labels.get("valuation_date")
    days = [day for day in map(as_date, found.values) if day is not None] if found is not None else []
    return max(days, default=otherwise)


def _judge_texts(labels: Mapping[str, Labels], sheet: Sheet, faults: Faults) -> None:
    for column, found in labels.items():
        if max(map(len, found.values), default=0) <= MAX_TEXT and "".join(found.values).isprintable():
            continue
        for code, value in enumerate(found.values):
            problem = text_problem(value)
            if problem is not None:
                row = int(np.flatnonzero(found.codes == code)[0])
                detail = f"The cell {problem}: {quote(value)}."
                where = int(sheet.rows[row])
                faults.add("", detail, row=where, column=sheet.titles[column], remedy="Write it anew.")
    for row in np.flatnonzero(labels["netting_set"].codes < 0).tolist():
        title = sheet.titles["netting_set"]
        faults.add("", "The cell is empty.", row=int(sheet.rows[row]), column=title, remedy="Name the netting set.")


def _repeated(labels: Mapping[str, Labels]) -> int:
    """Rows that say again what one above says of the same trade; their amounts are summed."""
    if "trade" not in labels or not labels["trade"].codes.size:
        return 0
    key, largest = np.zeros(labels["trade"].codes.size, dtype=np.int64), 1
    for found in (labels[name] for name in _IDENTITY if name in labels):
        width = len(found.values) + 1
        if largest * width > _MOST_KEYS:
            distinct, key = np.unique(key, return_inverse=True)
            largest = distinct.size
        key, largest = key * width + found.codes + 1, largest * width
    return int(key.size - np.unique(key).size)
