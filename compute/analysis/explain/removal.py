"""A margin without some positions, and of them alone: by the model's own kernel, never by an approximation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.crif import Crif
from compute.errors import InputError
from compute.market import Market
from compute.measure import Book, Kernel
from compute.portfolio import Labels
from compute.result import Checkpoint

Mask = NDArray[np.bool_]
PARTS = 1_000
"""Into how many parts one recomputation is divided for those who watch the progress."""


def taken(book: Book, rows: Mask) -> Book:
    """Return the book of some positions or rows alone."""
    if not isinstance(book, Crif):
        return book.take(rows)
    labels = {name: Labels(codes=one.codes[rows], values=one.values) for name, one in book.labels.items()}
    return replace(book, labels=labels, amount=book.amount[rows])


class Removal:
    """Margins of a book's parts.

    Parameters
    ----------
    kernel, market, parameters
        The model, called as for the whole book.
    figure, total
        Which figure, and what it is for the whole book.
    planned
        How many margins will be asked for: progress is reported against it.
    """

    def __init__(
        self,
        kernel: Kernel,
        book: Book,
        market: Market,
        parameters: Mapping[str, Any],
        *,
        figure: str,
        total: float,
        planned: int,
        checkpoint: Checkpoint,
    ) -> None:
        self._kernel, self._book, self._market, self._parameters = kernel, book, market, parameters
        self._figure, self._total, self._checkpoint = figure, total, checkpoint
        self._planned, self._done = max(planned, 1), 0
        self._known: dict[bytes, float | None] = {}
        self.refusals: list[str] = []

    def marginal(self, rows: Mask) -> float | None:
        """Return what the figure loses without some positions; None where the model refuses what is left."""
        without = self._margin(~rows)
        return None if without is None else self._total - without

    def stand_alone(self, rows: Mask) -> float | None:
        """Return the figure of some positions alone; None where the model refuses them."""
        return self._margin(rows)

    def _margin(self, rows: Mask) -> float | None:
        self._report(0, 1)
        key = np.packbits(rows).tobytes()
        if key not in self._known:
            self._known[key] = self._computed(rows)
        self._done += 1
        return self._known[key]

    def _computed(self, rows: Mask) -> float | None:
        if not rows.any():
            return 0.0
        if rows.all():
            return self._total
        try:
            found = self._kernel(taken(self._book, rows), self._market, self._parameters, self._report)
        except InputError as error:
            self.refusals.append(error.detail)
            return None
        value = found.document[self._figure]
        return None if value is None else float(value)

    def _report(self, done: int, total: int) -> None:
        part = min(PARTS * done // max(total, 1), PARTS)
        self._checkpoint(min(PARTS * self._done + part, PARTS * self._planned), PARTS * self._planned)
