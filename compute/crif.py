"""A CRIF file (ISDA's Common Risk Interchange Format) as columns: what SIMM and the schedule model take."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.errors import InputError, MissingRateError
from compute.market import rate
from compute.portfolio import Floats, Labels

LABEL_COLUMNS = (
    "netting_set",
    "trade",
    "im_model",
    "product_class",
    "risk_type",
    "qualifier",
    "bucket",
    "label1",
    "label2",
    "valuation_date",
    "end_date",
    "collect_regulations",
    "post_regulations",
)


KIND = "crif"  # tells stored columns apart from a portfolio's


@dataclass(frozen=True, kw_only=True)
class Crif:
    """CRIF rows in file order, n of them.

    Parameters
    ----------
    id
        Name of the whole, for a file of several netting sets.
    labels
        The text columns of `LABEL_COLUMNS` that the file has, spelled as in the file; code -1 where a cell is empty.
        `netting_set`, `risk_type` and `product_class` are always there.
    amount
        Shape (n,), in USD; factors and multipliers of `Param_*` rows are plain numbers.
    fx
        Rates of the request, `"EUR/USD": 1.08`: units of the second currency for one of the first.
    notes
        What reading the file found worth saying: rows read, rows summed, columns left out.
    """

    id: str
    as_of: date
    labels: Mapping[str, Labels]
    amount: Floats
    fx: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.amount.size)

    @property
    def netting_sets(self) -> tuple[str, ...]:
        """The netting sets in order of first appearance."""
        return self.labels["netting_set"].values

    def column(self, name: str) -> Labels:
        """Return a text column, empty in every row where the file has none."""
        found = self.labels.get(name)
        return found if found is not None else Labels(codes=np.full(len(self), -1, dtype=np.int32), values=())

    def document(self) -> dict[str, Any]:
        """Return what is not a column, as JSON-safe values; `from_parts` reads it back."""
        return {
            "kind": KIND,
            "id": self.id,
            "as_of": self.as_of.isoformat(),
            "fx": dict(self.fx),
            "notes": dict(self.notes),
            "vocabularies": {name: list(labels.values) for name, labels in self.labels.items()},
        }

    def tables(self) -> dict[str, dict[str, Any]]:
        """Return the columns as `storage.columns.pack` takes them."""
        return {
            "codes": {name: labels.codes for name, labels in self.labels.items()},
            "numbers": {"amount": self.amount},
        }

    @classmethod
    def from_parts(cls, document: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> "Crif":
        """Rebuild from `document()` and `tables()`."""
        vocabularies = document["vocabularies"]
        labels = {
            name: Labels(codes=np.asarray(codes, dtype=np.int32), values=tuple(vocabularies[name]))
            for name, codes in tables["codes"].items()
        }
        return cls(
            id=document["id"],
            as_of=date.fromisoformat(document["as_of"]),
            labels=labels,
            amount=np.asarray(tables["numbers"]["amount"], dtype=np.float64),
            fx=dict(document["fx"]),
            notes=dict(document["notes"]),
        )


@dataclass(frozen=True, kw_only=True)
class RowFault:
    """One cell that a model cannot use: the row from 0, the column by our name, what is wrong, what would do."""

    row: int
    column: str
    detail: str
    remedy: str = ""


def cells_among(crif: Crif, rows: NDArray[np.bool_], column: str, known: Sequence[str]) -> Iterator[RowFault]:
    """Yield the cells of a column, under a mask of rows, that hold none of some words."""
    remedy = f"Use one of: {', '.join(known)}."
    yield from cells_where(crif, rows, column, lambda text: text in known, remedy)


def cells_where(
    crif: Crif, rows: NDArray[np.bool_], column: str, good: Callable[[str], bool], remedy: str
) -> Iterator[RowFault]:
    """Yield the cells of a column, under a mask of rows, that hold no good text; an empty cell is the empty text."""
    labels = crif.column(column)
    index = np.flatnonzero(rows)
    codes = labels.codes[index]
    texts = (*labels.values, "")
    present = np.flatnonzero(np.bincount(codes + 1, minlength=len(texts))) - 1
    bad = [code for code in present.tolist() if not good(texts[code])]
    wrong = np.isin(codes, bad)
    for row, code in zip(index[wrong].tolist(), codes[wrong].tolist(), strict=True):
        found = f"{texts[code]!r} is not known here." if code >= 0 else "The cell is empty."
        yield RowFault(row=row, column=column, detail=found, remedy=remedy)


def as_date(text: str) -> date | None:
    """Return an ISO date, None for any other text."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def days_of(labels: Labels, *, missing: date) -> Floats:
    """Return ISO dates as ordinal days, `missing` for empty cells and NaN for what is no date, shape (n,)."""
    days = [math.nan if day is None else float(day.toordinal()) for day in map(as_date, labels.values)]
    return np.array([*days, float(missing.toordinal())])[labels.codes]


def date_faults(crif: Crif, column: str) -> Iterator[RowFault]:
    """Yield the cells of a column that are neither empty nor ISO dates."""
    labels = crif.column(column)
    if all(as_date(value) is not None for value in labels.values):
        return
    for row in np.flatnonzero(np.isnan(days_of(labels, missing=crif.as_of))).tolist():
        found = labels.values[labels.codes[row]]
        yield RowFault(row=row, column=column, detail=f"{found!r} is no date.", remedy="Write it as 2026-11-23.")


def answered_in(parameters: Mapping[str, Any]) -> float:
    """Return the calculation currency's units for one USD; raise InputError where `fx` has no such rate."""
    currency = parameters["calculation_currency"]
    try:
        return rate(parameters["fx"], "USD", currency)
    except MissingRateError:
        raise InputError(
            f"There is no rate from USD into the calculation currency {currency}.",
            pointer="/parameters/fx",
            remedy=f'Give one, such as {{"{currency}/USD": 1.08}}.',
        ) from None
