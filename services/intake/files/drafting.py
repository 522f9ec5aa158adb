"""A table under its mapping → draft columns, cells that cannot be read recorded by row and column."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Floats, Labels
from services.intake.draft import Draft
from services.intake.faults import quote
from services.intake.fields import NUMBERS, TEXTS, TextKind
from services.intake.files.mapping import NEEDED, Mapping
from services.intake.files.options import FileOptions
from services.intake.files.rejects import RowFaults
from services.intake.files.table import Bad, Table, compact, read_number
from services.intake.files.titles import AS_OF, OPTION_TYPES, PORTFOLIO, SIDE, SIDES

_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[ T]00:00(:00(\.0+)?)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", re.ASCII)
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Sheaf:
    """All rows of a file as draft columns, and what tells its portfolios apart.

    Parameters
    ----------
    draft
        Ids are not checked for repetition yet.
    portfolio, as_of
        Text columns of the file, None where it has none.
    """

    draft: Draft
    portfolio: Labels | None
    as_of: Labels | None


class Drafting:
    """Reads the columns of one table."""

    def __init__(self, table: Table, mapping: Mapping, options: FileOptions, faults: RowFaults) -> None:
        self._table = table
        self._mapping = mapping
        self._options = options
        self._faults = faults
        self._size = table.rows.size
        self._spoilt: dict[str, set[int]] = {}

    def sheaf(self) -> Sheaf:
        """Return the draft of all rows."""
        labels = {name: found for name in TEXTS if (found := self._labels(name)) is not None}
        numbers = {name: column for name in NUMBERS if (column := self._numbers(name)) is not None}
        self._judge_points()
        sided = self._labels(SIDE)
        if sided is not None and "quantity" in numbers:
            numbers["quantity"] = self._signed(numbers["quantity"], sided)
        ids, nameless = self._ids()
        draft = Draft(ids=ids, nameless=nameless, labels=labels, numbers=numbers)
        self._require(draft)
        return Sheaf(draft=draft, portfolio=self._labels(PORTFOLIO, needed=True), as_of=self._labels(AS_OF))

    def locate(self, index: int, name: str) -> tuple[int, str, str]:
        """Return where a field of a row stands, and its cell."""
        at = self._mapping.columns.get(name)
        if at is None:
            return int(self._table.rows[index]), name, self._options.fill.get(name, "")
        return int(self._table.rows[index]), self._table.titles[at], self._table.columns[at].shown(index)

    def _reject(self, name: str, bad: list[Bad]) -> None:
        self._spoilt.setdefault(name, set()).update(each.index for each in bad)
        for each in bad:
            row, title, cell = self.locate(each.index, name)
            self._faults.reject(row, title, cell, each.detail, each.remedy)

    def _labels(self, name: str, *, needed: bool = False) -> Labels | None:
        constant = self._options.fill.get(name)
        at = self._mapping.columns.get(name)
        if at is None:
            return None if constant is None else _constant(constant, self._size)
        labels, bad = self._table.columns[at].labels()
        self._reject(name, bad)
        if constant is not None:
            labels = Labels.of(constant if text is None else text for text in labels.texts())
        elif needed:
            self._demand(name, labels.codes < 0)
        return _respelled(labels, name)

    def _numbers(self, name: str) -> Floats | None:
        constant = self._options.fill.get(name)
        at = self._mapping.columns.get(name)
        if at is None and constant is None:
            return None
        value = np.nan if constant is None else self._number(name, constant)
        if at is None:
            return np.full(self._size, value)
        found, bad = self._table.columns[at].numbers(self._options.style)
        self._reject(name, bad)
        if constant is None:
            return found
        blank = np.isnan(found)
        blank[[each.index for each in bad]] = False
        return np.where(blank, value, found)

    def _judge_points(self) -> None:
        """Refuse points that could part thousands: in a file cut by semicolons, as where commas are decimal."""
        if self._options.decimal is not None or self._table.facts.get("delimiter") != "semicolon":
            return
        doubtful: tuple[int, str, str] | None = None
        for name in NUMBERS:
            at = self._mapping.columns.get(name)
            for index, cell in enumerate(self._table.columns[at].texts()[0] if at is not None else ()):
                if "." not in cell:
                    continue
                if not _THOUSANDS.fullmatch(cell):
                    return  # a point that is decimal speaks for all
                doubtful = doubtful or self.locate(index, name)
        if doubtful is not None:
            self._faults.add(
                "",
                f"{quote(doubtful[2])} could be a decimal number, or one with thousands parted by points.",
                remedy="Say which: decimal=plain for the first, decimal=comma for the second.",
                row=doubtful[0],
                column=doubtful[1],
            )

    def _number(self, name: str, constant: str) -> float:
        wrong, value = read_number(constant, self._options.style)
        if wrong is not None:
            self._faults.add(f"/fill/{name}", wrong[0], remedy=wrong[1])
        return value

    def _ids(self) -> tuple[list[str], frozenset[int]]:
        """Return the column's ids; without a column each row's number is its position's id."""
        at = self._mapping.columns.get("id")
        if at is None:
            return [f"row-{row}" for row in self._table.rows.tolist()], frozenset()
        ids, bad = self._table.columns[at].texts()
        self._reject("id", bad)
        if "" in ids:
            self._demand("id", np.array([not each for each in ids]))
        return ids, frozenset(self._spoilt["id"])

    def _require(self, draft: Draft) -> None:
        for name in NEEDED:
            self._demand(name, np.isnan(draft.numbers[name]) if name in NUMBERS else draft.labels[name].codes < 0)

    def _demand(self, name: str, blank: Mask) -> None:
        """Record blank cells of a column that every position needs, unless what is wrong with them is known."""
        if not blank.any():
            return
        known = self._spoilt.get(name, set())
        indices = [index for index in np.flatnonzero(blank).tolist() if index not in known]
        remedy = "Fill the cell in, or remove the row."
        self._reject(name, [Bad(index=index, detail=f"{name} is required.", remedy=remedy) for index in indices])

    def _signed(self, quantity: Floats, sided: Labels) -> Floats:
        """Return the quantity with the sign of its side; a quantity that is signed already must agree with it."""
        signs = np.array([*(SIDES.get(value.lower(), np.nan) for value in sided.values), np.nan])[sided.codes]
        remedy = f"Use one of: {', '.join(SIDES)}."
        for index in np.flatnonzero(np.isnan(signs)).tolist():
            code = int(sided.codes[index])
            detail = "side is required." if code < 0 else f"side is unknown: {quote(sided.values[code])}."
            self._reject(SIDE, [Bad(index=index, detail=detail, remedy=remedy)])
        long_negative = (signs > 0) & (quantity < 0)
        for index in np.flatnonzero(long_negative).tolist():
            detail = "The side is long and the quantity negative."
            self._reject("quantity", [Bad(index=index, detail=detail, remedy="Leave one of the two signs out.")])
        negative, positive = (signs < 0) & (quantity < 0), (signs < 0) & (quantity > 0)
        if negative.any() and positive.any():
            rows = [int(self._table.rows[np.argmax(mask)]) for mask in (negative, positive)]
            self._faults.add(
                "",
                f"The quantity of a short position is negative in row {rows[0]} and positive in row {rows[1]}.",
                remedy="Write them all unsigned, or map side=- where the quantity's own sign says it.",
                row=rows[1],
            )
        return np.where(positive, -quantity, quantity)


def _constant(text: str, size: int) -> Labels:
    return Labels(codes=np.zeros(size, dtype=np.int32), values=(text,))


def _respelled(labels: Labels, name: str) -> Labels:
    """Return the column with the words of files in those of the wire: C and P, dates at midnight."""
    if name == "option_type":
        changed = tuple(OPTION_TYPES.get(value.lower(), value) for value in labels.values)
    elif name == AS_OF or (name in TEXTS and TEXTS[name].kind is TextKind.DATE):
        changed = tuple(_MIDNIGHT.sub(r"\1", value) for value in labels.values)
    else:
        return labels
    if changed == labels.values:
        return labels
    index = {value: code for code, value in enumerate(dict.fromkeys(changed))}
    remap = np.array([*(index[value] for value in changed), -1], dtype=np.int32)
    return Labels(codes=remap[labels.codes], values=tuple(index))


def chosen(draft: Draft, rows: Rows) -> Draft:
    """Return some rows of a draft; texts that none of them has are left out."""
    place = {int(row): index for index, row in enumerate(rows.tolist())} if draft.nameless else {}
    labels = {name: compact(replace(column, codes=column.codes[rows])) for name, column in draft.labels.items()}
    numbers = {name: column[rows] for name, column in draft.numbers.items()}
    return Draft(
        ids=[draft.ids[row] for row in rows.tolist()],
        nameless=frozenset(place[row] for row in draft.nameless if row in place),
        labels={name: column for name, column in labels.items() if column.values},
        numbers={name: column for name, column in numbers.items() if not np.isnan(column).all()},
    )


def by_portfolio(labels: Labels) -> Iterator[tuple[str, Rows]]:
    """Yield each portfolio's name and rows, in order of first appearance; rows without a name are left out."""
    order = np.argsort(labels.codes, kind="stable")
    sizes = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.values))
    at = int((labels.codes < 0).sum())
    for value, size in zip(labels.values, sizes.tolist(), strict=True):
        if size:
            yield value, order[at : at + size]
        at += size


def repeated_ids(ids: list[str], nameless: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Yield (index, first index) of each position whose id stands above it already."""
    if len(set(ids)) == len(ids):
        return
    first: dict[str, int] = {}
    for index, each in enumerate(ids):
        if index in nameless:
            continue
        above = first.setdefault(each, index)
        if above != index:
            yield index, above
