"""What a parameter set would change: each stored portfolio under it and under another, before and after.

One portfolio after the other; one that cannot be computed is listed with the reason, and the others go on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import fsum, inf
from typing import Any

from compute.analysis.figures import Figures, change, figures
from compute.errors import CancelledError, ComputeError
from compute.margin.models import MODELS
from compute.margin.sets import identity, label
from compute.market import Market, StoredBook
from compute.measure import Kernel
from compute.result import Checkpoint, Result, check_finite

MAIN = ("initial_margin", "maintenance_margin", "total_margin", "available_funds", "excess_liquidity", "utilization")
"""The figures that are set side by side, where the model has them."""
SUMMED = MAIN[:-1]
MOVER, MOST_MOVERS = "initial_margin", 10
_OWN = ("against", "against_tables", "against_parameters")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One portfolio under both sets."""

    portfolio_id: str
    version: int
    currency: str
    as_of: str
    before: Figures
    after: Figures

    @property
    def change(self) -> Figures:
        """After less before."""
        return change(self.before, self.after)

    @property
    def relative(self) -> float:
        """The change of the initial margin as a share of what it was; infinite from nothing."""
        before, moved = self.before[MOVER] or 0.0, self.change[MOVER] or 0.0
        return moved / before if before else (inf if moved else 0.0)

    def document(self) -> dict[str, Any]:
        """Return the row as it goes over the wire."""
        return {
            "portfolio_id": self.portfolio_id,
            "version": self.version,
            "currency": self.currency,
            "as_of": self.as_of,
            "before": self.before,
            "change": self.change,
            "after": self.after,
            "relative_change": None if self.relative == inf else self.relative,
        }


def impact(_book: None, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return every portfolio of `market.books` under the set of `tables` and under that of `against_tables`.

    Parameters
    ----------
    market
        Its `books` are read one after the other.
    parameters
        Those of the model, `tables` the set that is looked at; `against`, `against_tables`, `against_parameters` the
        set that it is compared with.
    checkpoint
        Called before each portfolio.
    """
    model = str(parameters["model"])
    kernel = MODELS[model].kernel
    shared = {name: value for name, value in parameters.items() if name not in _OWN}
    against = {"parameter_set": parameters["against"], "tables": parameters["against_tables"]}
    sides = {**shared, **against, **parameters["against_parameters"]}, shared
    found: list[Row] = []
    failed: list[dict[str, Any]] = []
    total = len(market.books)
    for index, book in enumerate(market.books):
        checkpoint(index, total)
        row = _computed(kernel, book, sides, _standing(checkpoint, index, total))
        found.append(row) if isinstance(row, Row) else failed.append(row)
    checkpoint(total, total)
    return Result(document=_document(model, parameters, sides, found, failed))


def _standing(checkpoint: Checkpoint, index: int, total: int) -> Checkpoint:
    """Return the checkpoint of one portfolio: it may stop the whole, and counts no steps of its own."""

    def within(_done: int, _total: int) -> None:
        checkpoint(index, total)

    return within


def _computed(
    kernel: Kernel, book: StoredBook, sides: tuple[Mapping[str, Any], Mapping[str, Any]], checkpoint: Checkpoint
) -> Row | dict[str, Any]:
    head: dict[str, Any] = {"portfolio_id": book.id, "version": book.version}
    if book.portfolio is None:
        return {**head, **(book.problem or {})}
    try:
        one, other = (check_finite(kernel(book.portfolio, book.market, side, checkpoint)) for side in sides)
    except CancelledError:
        raise
    except ComputeError as error:
        return {**head, "code": error.code, "detail": error.detail, "pointer": error.pointer, "remedy": error.remedy}
    return Row(
        **head,
        currency=str(one.document["currency"]),
        as_of=book.portfolio.as_of.isoformat(),
        before=_main(one),
        after=_main(other),
    )


def _main(result: Result) -> Figures:
    found = figures(result)
    return {name: found[name] for name in MAIN if name in found}


def _document(
    model: str,
    parameters: Mapping[str, Any],
    sides: tuple[Mapping[str, Any], Mapping[str, Any]],
    found: list[Row],
    failed: list[dict[str, Any]],
) -> dict[str, Any]:
    currencies = sorted({row.currency for row in found})
    before, after = (identity(side) for side in sides)
    return {
        "currency": currencies[0] if len(currencies) == 1 else None,
        "as_of": max((row.as_of for row in found), default=None),
        "model": model,
        "version": label(parameters),
        "parameter_set": after,
        "against": before,
        "portfolio_count": len(found) + len(failed),
        "computed": len(found),
        "failed": len(failed),
        "totals": [_total(currency, [row for row in found if row.currency == currency]) for currency in currencies],
        "movers": _movers(found),
        "portfolios": [row.document() for row in found],
        "failures": failed,
    }


def _total(currency: str, rows: list[Row]) -> dict[str, Any]:
    before, after = (_sums(side) for side in ([row.before for row in rows], [row.after for row in rows]))
    return {
        "currency": currency,
        "portfolio_count": len(rows),
        "before": before,
        "change": change(before, after),
        "after": after,
    }


def _sums(rows: Iterable[Figures]) -> Figures:
    """Return the sum of each figure; None where it is undefined for some portfolio."""
    taken = list(rows)
    names = [name for name in SUMMED if any(name in row for row in taken)]
    return {name: _sum([row.get(name) for row in taken]) for name in names}


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fsum(known) if len(known) == len(values) else None


def _movers(rows: list[Row]) -> dict[str, list[dict[str, Any]]]:
    """Return whose initial margin rises and falls most, as a share of what it was."""
    up = sorted((row for row in rows if row.relative > 0.0), key=lambda row: -row.relative)
    down = sorted((row for row in rows if row.relative < 0.0), key=lambda row: row.relative)
    return {name: [_mover(row) for row in side[:MOST_MOVERS]] for name, side in (("up", up), ("down", down))}


def _mover(row: Row) -> dict[str, Any]:
    whole = row.document()
    figure = {side: whole[side][MOVER] for side in ("before", "change", "after")}
    return {name: whole[name] for name in ("portfolio_id", "currency", "relative_change")} | {MOVER: figure}
