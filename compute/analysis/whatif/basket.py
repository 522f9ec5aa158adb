"""A basket of trades, cash and collateral, and the book that it makes of another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from compute.crif import LABEL_COLUMNS, Crif
from compute.errors import InputError
from compute.portfolio import Floats, Labels, Portfolio

POINTER = "/parameters/basket"


@dataclass(frozen=True, kw_only=True)
class Basket:
    """Changes to a book.

    Parameters
    ----------
    added
        New positions; what a portfolio says beside its positions is not read.
    changed
        Position id to the change of its quantity; a position whose quantity comes to zero leaves the book.
    closed
        Ids of positions that leave the book.
    cash
        Change of the available cash, in the base currency.
    collateral
        Collateral type to the change of its amount, in the base currency, before haircut.
    rows
        For a CRIF: the rows that are added.
    """

    added: Portfolio | None = None
    changed: Mapping[str, float] = field(default_factory=dict)
    closed: tuple[str, ...] = ()
    cash: float = 0.0
    collateral: Mapping[str, float] = field(default_factory=dict)
    rows: Crif | None = None

    @property
    def legs(self) -> int:
        """How many trades there are; rows of a CRIF count as one each."""
        added = 0 if self.added is None else len(self.added)
        return added + len(self.changed) + len(self.closed) + (0 if self.rows is None else len(self.rows))


def applied(basket: Basket, portfolio: Portfolio) -> Portfolio:
    """Return the book after a basket: what stays in its old order, then what is new.

    Raises
    ------
    InputError
        A position to change or to close is not in the book, a new one has an id that is, or more collateral is
        taken away than there is.
    """
    quantity, stays = _quantities(basket, portfolio)
    kept = replace(portfolio, numbers={**portfolio.numbers, "quantity": quantity})
    if not stays.all():
        kept = kept.take(stays)
    if basket.added is not None and len(basket.added):
        kept = _joined(kept, basket.added, among=portfolio.row_of)
    return replace(
        kept,
        available_cash=portfolio.available_cash + basket.cash,
        collateral=_collateral(portfolio.collateral, basket.collateral),
    )


def _quantities(basket: Basket, portfolio: Portfolio) -> tuple[Floats, np.ndarray]:
    """Return the quantities after changes, and which positions stay."""
    quantity = np.array(portfolio.numbers["quantity"], dtype=np.float64)
    stays = np.ones(quantity.size, np.bool_)
    for each, change in basket.changed.items():
        row = _row(portfolio, each)
        quantity[row] += change
        stays[row] = quantity[row] != 0.0
    stays[[_row(portfolio, each) for each in basket.closed]] = False
    return quantity, stays


def _row(portfolio: Portfolio, position: str) -> int:
    if position not in portfolio.row_of:
        raise InputError(
            f"There is no position {position!r} in the book.",
            pointer=f"{POINTER}/trades",
            remedy="Name a position of the book, or send the terms of a new one.",
        )
    return portfolio.row_of[position]


def _joined(book: Portfolio, added: Portfolio, *, among: Mapping[str, int]) -> Portfolio:
    """Return two books end to end; raise for an id of the second that is `among` those of the first before changes."""
    twice = [each for each in added.ids if each in among]
    if twice:
        raise InputError(
            f"The book has a position {min(twice)!r} already.",
            pointer=f"{POINTER}/trades",
            remedy="Give the new position another id, or send its id and a quantity alone to change it.",
        )
    counts = (len(book), len(added))
    return replace(
        book,
        ids=book.ids + added.ids,
        labels={
            name: _joined_labels([each.labels.get(name) for each in (book, added)], counts)
            for name in dict.fromkeys([*book.labels, *added.labels])
        },
        numbers={
            name: np.concatenate(
                [
                    each.numbers.get(name, np.full(count, np.nan))
                    for each, count in zip((book, added), counts, strict=True)
                ]
            )
            for name in dict.fromkeys([*book.numbers, *added.numbers])
        },
    )


def _joined_labels(columns: Sequence[Labels | None], counts: Sequence[int]) -> Labels:
    """Return text columns end to end; the first one's values keep their codes."""
    first, second = (
        Labels(codes=np.full(count, -1, np.int32), values=()) if column is None else column
        for column, count in zip(columns, counts, strict=True)
    )
    new = [value for value in second.values if value not in first.code_of]
    code_of = {value: len(first.values) + place for place, value in enumerate(new)}
    remap = np.array([*(first.code_of.get(value, code_of.get(value, -1)) for value in second.values), -1], np.int32)
    values = (*first.values, *new)
    return Labels(codes=np.concatenate([first.codes, remap[second.codes]]).astype(np.int32), values=values)


def _collateral(held: Mapping[str, float], change: Mapping[str, float]) -> dict[str, float]:
    after = dict(held)
    for kind, amount in change.items():
        after[kind] = after.get(kind, 0.0) + amount
        if after[kind] < 0.0:
            raise InputError(
                f"The basket takes {-amount:g} of {kind} away, and there is {held.get(kind, 0.0):g}.",
                pointer=f"{POINTER}/collateral/{kind}",
                remedy="Take at most what there is.",
            )
    return after


def applied_rows(basket: Basket, crif: Crif) -> Crif:
    """Return the rows of a CRIF with those of a basket after them."""
    if basket.rows is None:
        return crif
    counts = (len(crif), len(basket.rows))
    names = [name for name in LABEL_COLUMNS if name in crif.labels or name in basket.rows.labels]
    return replace(
        crif,
        labels={
            name: _joined_labels([each.labels.get(name) for each in (crif, basket.rows)], counts) for name in names
        },
        amount=np.concatenate([crif.amount, basket.rows.amount]),
    )
