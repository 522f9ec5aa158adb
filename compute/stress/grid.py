"""Ladders and grids: every underlying of some classes moved alike, every volatility too, by full revaluation."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Floats, Portfolio
from compute.pricing.book import Book, reprice
from compute.pricing.terms import Kind
from compute.result import Checkpoint
from compute.stress.ladder import lognormal_totals
from compute.stress.points import Grid
from compute.stress.revaluation import unit

BLOCK = 2_000_000  # cells held at once
NEAR = 200_000  # cells that stay in the processor's cache


def moving(portfolio: Portfolio, grid: Grid) -> NDArray[np.bool_]:
    """Return which positions the grid moves, shape (n,)."""
    labels = portfolio.labels["asset_class"]
    chosen = np.array([*(value in grid.classes for value in labels.values), False])
    return np.asarray(chosen[labels.codes], dtype=np.bool_) if len(portfolio) else np.zeros(0, np.bool_)


def totals(portfolio: Portfolio, book: Book, grid: Grid, checkpoint: Checkpoint) -> Floats:
    """Return the book's profit and loss at every point, shape (p,), in base currency, each position revalued in full.

    Some positions at a time, so that what is summed never leaves the cache.
    """
    spot, volatility = grid.points()
    follows = moving(portfolio, grid) & (book.kind != Kind.BOND)
    late = follows & (book.kind == Kind.LOGNORMAL) & ~book.american
    options, others = np.flatnonzero(late), np.flatnonzero(follows & ~late)
    single, scale, found = unit(book), book.scale, np.zeros(len(grid))
    shift = np.broadcast_to(spot, (len(book.underlyings), spot.size))
    height = max(1, NEAR // len(grid))
    axes = np.array(grid.spot), np.array(grid.volatility)
    for start in range(0, max(1, options.size), height):  # once where there are none: the warm-up compiles it
        some = options[start : start + height]
        found += lognormal_totals(book.options(some), scale[some], *axes).ravel()
        checkpoint(start + some.size, max(1, options.size + others.size))
    for start in range(0, others.size, height):
        some = others[start : start + height]
        before = options.size + start

        def within(_done: int, _total: int, before: int = before) -> None:
            checkpoint(before, options.size + others.size)

        found += scale[some] @ reprice(single.only(some), shift, volatility, checkpoint=within)
        checkpoint(before + some.size, options.size + others.size)
    return found


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some of a grid's points: the first of them, and the changes of unit prices, shape (n, b)."""

    start: int
    change: Floats


def blocks(portfolio: Portfolio, book: Book, grid: Grid, checkpoint: Checkpoint) -> Iterator[Block]:
    """Yield the points in blocks small enough to hold; what does not move has change 0."""
    spot, volatility = grid.points()
    rows = np.flatnonzero(moving(portfolio, grid) & (book.kind != Kind.BOND))
    part = unit(book).only(rows)
    width = max(1, BLOCK // max(1, len(book)))
    done = 0

    def report(cells: int, _total: int) -> None:
        checkpoint(done + cells // max(1, rows.size), len(grid))

    for start in range(0, len(grid), width):
        points = slice(start, min(start + width, len(grid)))
        done = start
        shift = np.broadcast_to(spot[points], (len(book.underlyings), spot[points].size))
        found = reprice(part, shift, volatility[points], checkpoint=report)
        if rows.size == len(book):
            yield Block(start=start, change=found)
            continue
        change = np.zeros((len(book), found.shape[1]))
        change[rows] = found
        yield Block(start=start, change=change)
