"""The options of a book, revalued in full at their moved underlyings; volatilities, rates and time stand still.

What an option gains then depends on its underlying's move alone, so that all options on one underlying are one curve.
A margin revalues them in every scenario; a path of many days reads the curve from a table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Floats, Portfolio
from compute.pricing.book import Book, greeks, prepare, reprice
from compute.result import Checkpoint
from compute.simulation.exposures import option_mask

CELLS = 4_000_000  # revaluations at once: what they are kept in stays small
STEP = 5e-4  # of the table, in log moves
MOST_POINTS = 40_000


@dataclass(frozen=True, kw_only=True)
class Options:
    """The m options of a book of n positions.

    Parameters
    ----------
    book
        Ready for revaluation: options alone.
    position
        Shape (m,): their places in the portfolio.
    factor
        Shape (u,): the factor of each of the book's underlyings.
    """

    book: Book
    position: NDArray[np.int64]
    factor: NDArray[np.int64]

    def gains(self, moves: Floats, checkpoint: Checkpoint) -> Floats:
        """Return what all of them gain together under relative moves of the factors, shape (s, k) → (s,)."""
        total = np.zeros(len(moves))
        for part in self._parts(len(moves)):
            total += part.by_position(moves, checkpoint).sum(axis=0)
        return total

    def by_position(self, moves: Floats, checkpoint: Checkpoint) -> Floats:
        """Return what each of them gains, shape (m, s)."""
        return reprice(self.book, np.ascontiguousarray(moves[:, self.factor].T), checkpoint=checkpoint)

    def curves(self, low: Floats, high: Floats, checkpoint: Checkpoint) -> "Curves":
        """Return their curves from the lowest to the highest log move of each factor, shapes (k,)."""
        held = np.unique(self.factor)
        widest = float((high[held] - low[held]).max())
        points = int(np.clip(np.ceil(widest / STEP), 16, MOST_POINTS)) + 3
        step = np.maximum(high - low, 1e-9) / (points - 3)
        start = low - step  # the lowest move lies between the second point and the third
        moves = np.expm1(start[:, None] + step[:, None] * np.arange(points)).T
        values = np.zeros((low.size, points))
        for part in self._parts(points):
            np.add.at(values, part.factor[part.book.underlying], part.by_position(moves, checkpoint))
        return Curves(factor=held, low=start[held], step=step[held], values=np.ascontiguousarray(values[held]))

    def _parts(self, scenarios: int) -> Iterator["Options"]:
        count = max(1, CELLS // max(scenarios, 1))
        for begin in range(0, len(self.book), count):
            rows = np.arange(begin, min(begin + count, len(self.book)))
            yield replace(self, book=self.book.only(rows), position=self.position[rows])


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Gains in the base currency over log moves of c factors, at equal steps; between them a cubic through four points.

    Parameters
    ----------
    factor, low, step
        Shape (c,): which factor, the first point and the distance of points.
    values
        Shape (c, g).
    """

    factor: NDArray[np.int64]
    low: Floats
    step: Floats
    values: Floats

    @classmethod
    def none(cls) -> "Curves":
        """Return those of a book without options."""
        return cls(factor=np.empty(0, np.int64), low=np.empty(0), step=np.empty(0), values=np.empty((0, 4)))


def with_model_figures(portfolio: Portfolio, checkpoint: Checkpoint) -> tuple[Portfolio, Book | None]:
    """Return the portfolio with its options' model deltas, underlying prices and missing prices, and its pricing book.

    Raises
    ------
    InputError
        An option lacks a term, has expired, or has a price that no volatility gives.
    """
    option = option_mask(portfolio)
    if not option.any():
        return portfolio, None
    book = prepare(portfolio, checkpoint=checkpoint)
    found = greeks(book, checkpoint=checkpoint)
    numbers = dict(portfolio.numbers)
    numbers["delta"] = np.where(option, found.delta, portfolio.number("delta", np.nan))
    numbers["underlying_price"] = np.where(option, book.spot, portfolio.number("underlying_price", np.nan))
    numbers["price"] = np.where(option & np.isnan(numbers["price"]), found.price, numbers["price"])
    return replace(portfolio, numbers=numbers), book
