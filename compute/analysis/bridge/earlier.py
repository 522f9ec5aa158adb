"""The earlier side of a bridge, and whether a bridge can stand on both sides at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from compute.analysis.figures import Figures
from compute.crif import Crif
from compute.errors import InputError
from compute.market import PriceHistory
from compute.measure import Book
from compute.portfolio import Portfolio

POINTER = "/parameters/earlier"


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """An earlier margin result and what it was computed from.

    Parameters
    ----------
    name
        How it is named in answers: a job's id, or a file's name.
    book
        Its positions, or the rows of its CRIF.
    history
        The price histories that it read, None where it read none.
    parameters
        Those of its model, as they were resolved; what today's model knows beside them takes its default.
    figures
        As they were stored; None where only the inputs are known, and the figures are computed now.
    version
        The model's parameter set as the stored result names it.
    code_version, present_code_version
        The code that computed the stored figures, and the one that runs now; None where nobody knows.
    facts, notes
        What answers repeat of it.
    """

    name: str
    book: Book
    parameters: Mapping[str, Any]
    history: PriceHistory | None = None
    figures: Figures | None = None
    version: str | None = None
    code_version: str | None = None
    present_code_version: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def judge_pair(earlier: Earlier, book: Book, parameters: Mapping[str, Any]) -> None:
    """Raise InputError where the two sides are not of one kind, portfolio, model and currency."""
    _judge_kind(earlier, book)
    _judge_portfolio(earlier.book, book)
    before, now = earlier.parameters.get("model"), parameters.get("model")
    if before != now:
        raise _refused(
            f"The earlier result is of the model {before}, and this one is of {now}.",
            "Name the earlier model; `compare` sets two models side by side.",
        )
    first, second = _currency(earlier.book, earlier.parameters), _currency(book, parameters)
    if first != second:
        raise _refused(
            f"The earlier result is in {first}, and this one is in {second}: amounts of two currencies have no bridge.",
            "Compute both in one currency.",
        )


def _judge_kind(earlier: Earlier, book: Book) -> None:
    if isinstance(earlier.book, Crif) is not isinstance(book, Crif):
        words = {True: "rows of a CRIF", False: "positions"}
        raise _refused(
            f"The earlier result is of {words[isinstance(earlier.book, Crif)]}, and this one is of "
            f"{words[isinstance(book, Crif)]}.",
            "Send what the earlier result was computed from.",
        )


def _judge_portfolio(earlier: Book, book: Book) -> None:
    if isinstance(earlier, Crif) and isinstance(book, Crif):
        if earlier.netting_sets and book.netting_sets and not set(earlier.netting_sets) & set(book.netting_sets):
            raise _refused(
                f"The earlier result is of the netting set {earlier.netting_sets[0]!r}, and this one is of "
                f"{book.netting_sets[0]!r}.",
                "Name a job of the same netting set.",
            )
    elif earlier.id != book.id:
        raise _refused(
            f"The earlier result is of the portfolio {earlier.id!r}, and this one is of {book.id!r}.",
            "Name a job of the same portfolio.",
        )


def _currency(book: Book, parameters: Mapping[str, Any]) -> Any:
    return parameters.get("calculation_currency", book.currency if isinstance(book, Portfolio) else None)


def _refused(detail: str, remedy: str) -> InputError:
    return InputError(detail, pointer=POINTER, remedy=remedy)
