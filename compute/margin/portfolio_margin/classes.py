"""Positions → class groups: what is eligible, which range each underlying moves over, and with which leverage."""

from dataclasses import dataclass

import numpy as np

from compute.errors import InputError
from compute.margin.portfolio_margin.offsets import OffsetFile
from compute.margin.portfolio_margin.tables import (
    NARROW,
    NON_HIGH_CAP,
    OTHER_CURRENCY,
    UNLISTED,
    PortfolioMarginSet,
)
from compute.portfolio import Floats, Portfolio
from compute.pricing.book import Book
from compute.pricing.terms import Integers, Mask, codes, given, has_word, pair_of


@dataclass(frozen=True, kw_only=True)
class Classes:
    """The class groups of a book.

    Parameters
    ----------
    names, ranges
        Of the g class groups, in order of first appearance of their underlyings.
    of_underlying, of_position
        Index of the class group, shapes (u,) and (n,).
    low, high
        Lowest and highest move of each underlying, shape (u,), leverage included; for a negative leverage they are
        still fall and rise of the product itself.
    leverage
        Shape (u,).
    assumptions
        What was taken for granted, in sentences.
    """

    names: tuple[str, ...]
    ranges: tuple[str, ...]
    of_underlying: Integers
    of_position: Integers
    low: Floats
    high: Floats
    leverage: Floats
    assumptions: tuple[str, ...]


def classify(portfolio: Portfolio, book: Book, table: PortfolioMarginSet, offsets: OffsetFile) -> Classes:
    """Return the class groups; raise InputError for contradictions."""
    default, assumed = _default_ranges(portfolio, book)
    names: dict[tuple[bool, str], int] = {}
    ranges: list[str] = []
    of_underlying = np.zeros(len(book.underlyings), np.int64)
    for index, underlying in enumerate(book.underlyings):
        name = offsets.class_of.get(underlying, underlying)
        key = (underlying in offsets.class_of, name)
        if key not in names:
            names[key] = len(names)
            ranges.append(offsets.range_of[name] if key[0] else default[index])
        of_underlying[index] = names[key]
    leverage = _leverages(portfolio, book, offsets)
    spans = np.array([table.ranges[ranges[group]] for group in of_underlying.tolist()]).reshape(-1, 2)
    return Classes(
        names=tuple(name for _, name in names),
        ranges=tuple(ranges),
        of_underlying=of_underlying,
        of_position=of_underlying[book.underlying],
        low=spans[:, 0] * np.abs(leverage),
        high=spans[:, 1] * np.abs(leverage),
        leverage=leverage,
        assumptions=_said(book, default, assumed, offsets),
    )


def refuse_ineligible(portfolio: Portfolio) -> None:
    """Raise for the first position that is no eligible product (4210(g)(6)(B)) and none that an account may hold."""
    fund = has_word(portfolio, "instrument", "etf") | has_word(portfolio, "instrument", "stock")
    for field, words in (("asset_class", ("bond", "crypto", "commodity")), ("instrument", ("bond", "crypto"))):
        for word in words:
            wrong = has_word(portfolio, field, word) & ~fund
            if wrong.any():
                row = int(np.argmax(wrong))
                raise InputError(
                    f"Position {portfolio.ids[row]} is no eligible product of a portfolio margin account.",
                    pointer=f"/portfolio/positions/{row}/{field}",
                    remedy="Margin it by another model; a fund needs `instrument` etf.",
                )


def unlisted(portfolio: Portfolio) -> Mask:
    """Return which positions are unlisted derivatives."""
    other = has_word(portfolio, "instrument", "generic") | has_word(portfolio, "instrument", "swap")
    bare = has_word(portfolio, "asset_class", "derivative") & (codes(portfolio, "instrument") < 0)
    return other | (bare & (codes(portfolio, "option_type") < 0))


def _default_ranges(portfolio: Portfolio, book: Book) -> tuple[list[str], Mask]:
    """Return a range for each underlying by its positions' fields, and where a broad index was taken as no high-cap."""
    count = len(book.underlyings)
    broad, narrow, fx, other = (
        np.bincount(book.underlying[rows], minlength=count) > 0
        for rows in (
            has_word(portfolio, "index_class", "broad"),
            has_word(portfolio, "index_class", "narrow"),
            has_word(portfolio, "asset_class", "fx"),
            unlisted(portfolio),
        )
    )
    for index in np.flatnonzero(broad & narrow).tolist():
        row = int(np.flatnonzero((book.underlying == index) & has_word(portfolio, "index_class", "narrow"))[0])
        raise InputError(
            f"{book.underlyings[index]} is a broad and a narrow index at once.",
            pointer=f"/portfolio/positions/{row}/index_class",
            remedy="Give one `index_class` to all positions in an underlying.",
        )
    ranges = []
    for index, name in enumerate(book.underlyings):
        if broad[index]:
            ranges.append(NON_HIGH_CAP)
        elif not narrow[index] and (fx[index] or pair_of(name)):
            ranges.append(OTHER_CURRENCY)
        else:
            ranges.append(UNLISTED if other[index] else NARROW)
    return ranges, broad


def _leverages(portfolio: Portfolio, book: Book, offsets: OffsetFile) -> Floats:
    """Return each underlying's leverage: the file's, else that of its positions, which must agree, else 1."""
    found = np.ones(len(book.underlyings))
    stated = given(portfolio, "leverage")
    rows = np.flatnonzero(~np.isnan(stated))
    found[book.underlying[rows][::-1]] = stated[rows][::-1]
    wrong = rows[(stated[rows] != found[book.underlying[rows]]) | (stated[rows] == 0.0)]
    if wrong.size:
        raise InputError(
            f"Position {portfolio.ids[wrong[0]]} has another leverage than its underlying elsewhere, or zero.",
            pointer=f"/portfolio/positions/{wrong[0]}/leverage",
            remedy="Give one leverage, such as 3 or -2, to all positions in an underlying.",
        )
    for index, name in enumerate(book.underlyings):
        found[index] = offsets.leverage_of.get(name, found[index])
    return found


def _said(book: Book, default: list[str], broad: Mask, offsets: OffsetFile) -> tuple[str, ...]:
    said = []
    outside = [name not in offsets.class_of for name in book.underlyings]
    taken = [name for name, wide, out in zip(book.underlyings, broad.tolist(), outside, strict=True) if wide and out]
    if taken:
        said.append(
            f"{', '.join(taken[:10])}: a broad index is taken as not high-cap until `product_groups` says otherwise."
        )
    if any(name == OTHER_CURRENCY and out for name, out in zip(default, outside, strict=True)):
        said.append("Currencies are taken as not major until `product_groups` says otherwise.")
    if not offsets.product_groups:
        said.append("No product groups are given: no class group offsets another.")
    return tuple(said)
