"""A file of positions → portfolios and a report: the entry of this package."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from compute.portfolio import Labels
from core.errors import Fault
from services.errors import InvalidInputError
from services.intake.draft import Draft, Ready
from services.intake.faults import Faults, nearest, quote
from services.intake.fields import MAX_POSITIONS, NUMBERS, TEXTS
from services.intake.files.csv_table import read_csv
from services.intake.files.drafting import Drafting, Rows, Sheaf, by_portfolio, chosen, repeated_ids
from services.intake.files.mapping import Mapping, map_columns
from services.intake.files.options import FileOptions, Format
from services.intake.files.rejects import PLACE, POSITIONS, RowFaults
from services.intake.files.report import Report
from services.intake.files.table import Table, compact
from services.intake.files.titles import PORTFOLIO
from services.intake.portfolio import read_portfolio
from services.intake.values import text_problem

_FILLED = (*TEXTS, *NUMBERS, PORTFOLIO)


@dataclass(frozen=True, kw_only=True)
class FileRead:
    """What a file holds."""

    books: tuple[Ready, ...]
    report: Report


def read_file(body: bytes, options: FileOptions) -> FileRead:
    """Return the portfolios of a file.

    Raises
    ------
    UnparsableError, TooLargeError
        The bytes are no file of the format, or unpack to too much.
    InvalidInputError
        Columns cannot be mapped, or rows cannot be taken: each with its row, column, value and remedy. With
        `accept_partial` rows alone are no error: the report names them, and the portfolios do without them.
    """
    table = _READERS[options.format](body, options)
    faults = RowFaults()
    _judge_fill(options, faults)
    mapping = map_columns(table, options, faults)
    faults.settle()
    for row, detail in table.ragged.items():
        faults.reject(row, None, None, detail, "Give every row a cell for each column; quote cells with a delimiter.")
    reading = _Reading(table, mapping, options, faults)
    parts, books = reading.books()
    report = Report.of(table, mapping, options, faults)
    noted = [
        replace(
            book,
            portfolio=report.within(table.rows[rows]).noted(book.portfolio)
            if len(parts) > 1
            else report.noted(book.portfolio),
        )
        for book, (_, rows) in zip(books, parts, strict=True)
    ]
    return FileRead(books=tuple(noted), report=report)


_Parts = list[tuple[str | None, Rows]]


class _Reading:
    """Rows to portfolios, judged once; with `accept_partial` once more without the rows that would not do."""

    def __init__(self, table: Table, mapping: Mapping, options: FileOptions, faults: RowFaults) -> None:
        self._table = table
        self._options = options
        self._faults = faults
        self._drafting = Drafting(table, mapping, options, faults)

    def books(self) -> tuple[_Parts, list[Ready]]:
        """Return each portfolio's rows, those left out among them, and the portfolio; raise what stands against it."""
        sheaf = self._drafting.sheaf()
        parts = self._parts(sheaf)
        if self._faults.others:
            self._faults.settle()
        books = [self._book(name, rows, sheaf) for name, rows in parts]
        if self._options.accept_partial and self._faults.rejected:
            books = self._without_rejected(parts, sheaf)
        else:
            self._faults.settle()
        return parts, books

    def _without_rejected(self, parts: _Parts, sheaf: Sheaf) -> list[Ready]:
        """Judge the rows that are left, as if the others had never been there."""
        bad = np.isin(self._table.rows, list(self._faults.rejected))
        self._faults.forget_others()
        left = [(name, rows[~bad[rows]]) for name, rows in parts]
        for name, rows in left:
            if not rows.size:
                what = f"the portfolio {quote(name)}" if name is not None else "the file"
                self._faults.add("", f"No row of {what} can be taken.", remedy="Mend its rows.")
        books = [self._book(name, rows, sheaf) for name, rows in left]
        if self._faults.others:
            self._faults.settle()
        return books

    def _parts(self, sheaf: Sheaf) -> _Parts:
        """Return the rows of each portfolio, under its name where the file names it."""
        everything = np.arange(self._table.rows.size)
        if sheaf.portfolio is None:
            return [(None, everything)]
        found = list(by_portfolio(sheaf.portfolio))
        names = [name for name, _ in found]
        if self._options.only is not None:
            found = [(name, rows) for name, rows in found if name == self._options.only]
            if not found:
                detail = f"The file has no portfolio {quote(self._options.only)}."
                self._faults.add("", detail, remedy=nearest(self._options.only, names[:1_000]))
        fixed = self._options.address or self._options.head.get("id")
        if fixed is not None and len(found) > 1:
            self._faults.add(
                "",
                f"The file holds {len(names):,} portfolios and one id is given.",
                remedy="Leave the id out, choose one with only=NAME, or map portfolio=- to make one of all.",
            )
        return [*found]

    def _book(self, name: str | None, rows: Rows, sheaf: Sheaf) -> Ready:
        whole = rows.size == self._table.rows.size
        draft = _without_empty(sheaf.draft) if whole else chosen(sheaf.draft, rows)
        faults = self._faults.within(lambda index, field: self._drafting.locate(int(rows[index]), field))
        if len(draft.ids) > MAX_POSITIONS:
            faults.add("", f"There are {len(draft.ids):,} positions, more than {MAX_POSITIONS:,}.")
            draft = Draft(ids=[])
        for index, above in repeated_ids(draft.ids, draft.nameless):
            row = int(self._table.rows[rows[above]])
            faults.add(
                f"{POSITIONS}/{index}/id",
                f"The id {quote(draft.ids[index])} is that of row {row} too.",
                remedy="Give every position its own id; with map id=- each row's number is its id.",
            )
            draft = replace(draft, nameless=draft.nameless | {index})
        head = self._head(name, rows, sheaf)
        default = self._options.address or name or self._options.name
        portfolio, assumed = read_portfolio({**head, "positions": draft}, "", faults, default_id=default)
        return Ready(portfolio=portfolio, assumed=assumed, rows=self._table.rows[rows])

    def _head(self, name: str | None, rows: Rows, sheaf: Sheaf) -> dict[str, Any]:
        head = dict(self._options.head)
        if "positions" in head:
            self._faults.add("/positions", "Positions come from the file.", remedy="Leave them out.")
        if name is not None:
            head.setdefault("id", name)
            if head["id"] != name:
                detail = f"The file is of the portfolio {quote(name)}, the id given is another."
                self._faults.add("/id", detail, remedy="Leave the id out, or map portfolio=-.")
        if sheaf.as_of is not None:
            self._dated(head, rows, sheaf.as_of)
        return head

    def _dated(self, head: dict[str, Any], rows: Rows, column: Labels) -> None:
        """Take the date of the portfolio from its rows, which must agree with each other and with the caller."""
        days = compact(replace(column, codes=column.codes[rows])).values
        given = head.get("as_of")
        if len(days) > 1 or (given is not None and days and days[0] != given):
            listed = ", ".join(quote(day) for day in ([given] if isinstance(given, str) else []) + list(days[:2]))
            self._faults.add(
                "/as_of",
                f"A portfolio has one date, and here are several: {listed}.",
                remedy="Send one date's rows, or map as_of=- and give the date.",
            )
        elif days:
            head["as_of"] = days[0]


def _without_empty(draft: Draft) -> Draft:
    """Return the draft without columns that no row has, as JSON has none."""
    return replace(
        draft,
        labels={name: column for name, column in draft.labels.items() if column.values},
        numbers={name: column for name, column in draft.numbers.items() if not np.isnan(column).all()},
    )


def _judge_fill(options: FileOptions, faults: Faults) -> None:
    for name, text in options.fill.items():
        if name not in _FILLED:
            faults.add(f"/fill/{name}", f"{quote(name)} cannot be filled in.", remedy=nearest(name, _FILLED))
        elif problem := text_problem(text):
            faults.add(f"/fill/{name}", f"The text for {name} {problem}.")


def _parquet(body: bytes, options: FileOptions) -> Table:
    from services.intake.files.parquet_table import read_parquet  # pyarrow is 40 MiB that most processes never need

    return read_parquet(body, options)


def _xlsx(body: bytes, options: FileOptions) -> Table:
    from services.intake.files.xlsx_table import read_xlsx

    return read_xlsx(body, options)


_READERS: dict[Format, Callable[[bytes, FileOptions], Table]] = {
    Format.CSV: read_csv,
    Format.PARQUET: _parquet,
    Format.XLSX: _xlsx,
}


def check_file(body: bytes, options: FileOptions) -> FileRead:
    """Read a file to see what would become of it: rows that would not do are in the report, partly taken or not."""
    return read_file(body, replace(options, accept_partial=True))


def check_document(found: FileRead) -> dict[str, Any]:
    """Return what a check found as JSON-safe values."""
    return {
        "acceptable": not found.report.rejected_rows,
        **found.report.document(),
        "portfolios": [
            {
                "id": book.portfolio.id,
                "positions": len(book.portfolio),
                "currency": book.portfolio.currency,
                "as_of": book.portfolio.as_of.isoformat(),
                "assumed": list(book.assumed),
                "without_price": int(np.isnan(book.portfolio.numbers["price"]).sum()),
            }
            for book in found.books
        ],
    }


def by_row(error: InvalidInputError, ready: Ready) -> InvalidInputError:
    """Return an error about a portfolio's positions as one about the rows of its file."""
    return InvalidInputError([_placed(fault, ready) for fault in error.faults], omitted=error.omitted)


def _placed(fault: Fault, ready: Ready) -> Fault:
    place = PLACE.fullmatch(fault.pointer)
    if place is None:
        return fault
    return replace(fault, pointer="", row=int(ready.rows[int(place[1])]), column=place[2])


def only_book(found: FileRead) -> Ready:
    """Return the one portfolio of a file; raise InvalidInputError where there are several."""
    if len(found.books) == 1:
        return found.books[0]
    names: Sequence[str] = [book.portfolio.id for book in found.books]
    raise InvalidInputError.at(
        "",
        f"The file holds {len(names):,} portfolios, and one is wanted here.",
        remedy=f"Choose one with only=NAME, such as only={names[0]}, or send them one by one." if names else "",
    )
