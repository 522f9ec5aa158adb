"""Portfolio margin: revalue every position at the valuation points, offset, floor by the minimum of the contracts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.margin.contracts import net_sizes
from compute.margin.portfolio_margin.classes import Classes, classify, refuse_ineligible
from compute.margin.portfolio_margin.model import Loss, Tree, losses, riskiest, shifts, summed, tree
from compute.margin.portfolio_margin.offsets import OffsetFile, read_offsets
from compute.margin.portfolio_margin.tables import PortfolioMarginSet, chosen_set
from compute.market import Market, rate
from compute.portfolio import Floats, Portfolio
from compute.pricing.book import Book, prepare, reprice
from compute.pricing.memo import PricingMemo
from compute.pricing.terms import Kind, Mask, has_word
from compute.result import Checkpoint, Result


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was computed.

    Parameters
    ----------
    by_position, by_class
        Gains and losses at the points, shapes (n, s) and (g, s); the names of the overlay over their extended range
        in `wide_by_position` and `wide_by_class`, None without the overlay.
    minimums
        Minimum of each position's contracts, shape (n,).
    floor
        That of each margin group, shape (q,).
    base, wide
        Losses of the margin groups, without and with the overlay.
    requirement
        Shape (q,).
    """

    by_position: Floats
    by_class: Floats
    wide_by_position: Floats | None
    concentrated: Mask
    minimums: Floats
    floor: Floats
    base: Loss
    wide: Loss | None
    requirement: Floats


@dataclass(frozen=True, kw_only=True)
class Run:
    """A computation: its inputs made ready, and its figures."""

    portfolio: Portfolio
    parameters: Mapping[str, Any]
    table: PortfolioMarginSet
    offsets: OffsetFile
    book: Book
    classes: Classes
    tree: Tree
    figures: Figures


def margin(portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return the portfolio margin requirement.

    Parameters
    ----------
    portfolio
        n positions in equities, funds, indices, futures and options on them, currencies, and unlisted derivatives.
    parameters
        `version`, `product_groups`, `concentration_range_pct`, `concentration_names`, `monitoring`.

    Raises
    ------
    InputError
        Unknown version, a product group file that does not fit, a position that is not eligible or lacks a term.
    MissingRateError
        A currency, or USD for the minimum, has no rate into the base currency.
    """
    from compute.margin.portfolio_margin.report import report

    return report(compute(portfolio, parameters, checkpoint, market.pricing))


def compute(
    portfolio: Portfolio, parameters: Mapping[str, Any], checkpoint: Checkpoint, memo: PricingMemo | None = None
) -> Run:
    """Return the figures with what they were computed from; errors as in `margin`."""
    table = chosen_set(parameters)
    offsets = read_offsets(parameters["product_groups"], table)
    refuse_ineligible(portfolio)
    book = prepare(portfolio, checkpoint=checkpoint, memo=memo)
    classes = classify(portfolio, book, table, offsets)
    groups = tree(classes, offsets)
    figures = _figures(portfolio, parameters, table, book, classes, groups, checkpoint, memo)
    return Run(
        portfolio=portfolio,
        parameters=parameters,
        table=table,
        offsets=offsets,
        book=book,
        classes=classes,
        tree=groups,
        figures=figures,
    )


def _figures(
    portfolio: Portfolio,
    parameters: Mapping[str, Any],
    table: PortfolioMarginSet,
    book: Book,
    classes: Classes,
    groups: Tree,
    checkpoint: Checkpoint,
    memo: PricingMemo | None,
) -> Figures:
    extended = parameters["concentration_range_pct"] / 100.0
    gains = reprice(book, shifts(classes, table.steps, extended), checkpoint=checkpoint, memo=memo)
    points = 2 * table.steps
    count = len(classes.names)
    by_position = gains[:, :points]
    by_class = summed(by_position, classes.of_position, count)
    base = losses(by_class, groups)
    minimums = _minimums(portfolio, table, book)
    floor = np.bincount(
        groups.group_of_class[classes.of_position], weights=minimums, minlength=len(groups.groups)
    ).astype(np.float64)
    concentrated, wide, wide_by_position = np.zeros(count, np.bool_), None, None
    if extended > 0.0 and count:
        concentrated = riskiest(by_class, classes, parameters["concentration_names"])
        wide_by_position = np.where(concentrated[classes.of_position, None], gains[:, points:], by_position)
        wide = losses(summed(wide_by_position, classes.of_position, count), groups)
    loss = base.loss if wide is None else np.maximum(base.loss, wide.loss)
    return Figures(
        by_position=by_position,
        by_class=by_class,
        wide_by_position=wide_by_position,
        concentrated=concentrated,
        minimums=minimums,
        floor=floor,
        base=base,
        wide=wide,
        requirement=np.maximum(loss, floor),
    )


def _minimums(portfolio: Portfolio, table: PortfolioMarginSet, book: Book) -> Floats:
    """Return the minimum for each position's net contracts, in base currency: options, futures, unlisted products."""
    contract = (book.kind != Kind.LINEAR) | has_word(portfolio, "instrument", "future")
    contract |= has_word(portfolio, "instrument", "swap") | has_word(portfolio, "instrument", "generic")
    if not contract.any():
        return np.zeros(len(book))
    unit = table.minimum * rate(portfolio.fx, "USD", portfolio.currency)
    return np.where(contract, np.abs(net_sizes(portfolio)) * book.multiplier * unit, 0.0)
