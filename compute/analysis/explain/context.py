"""What a book says of its underlyings, written on every position in them, so that a part of the book stands by itself.

Models that revalue read an option's underlying from the positions beside it: its price, its leverage, whether it is a
broad index, whether it is a future. A part that has the option and not its underlying must be valued as the whole was.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from compute.errors import InputError
from compute.market import Market
from compute.portfolio import Floats, Labels, Portfolio
from compute.pricing.terms import Terms, given, read_terms
from compute.resident import Resident

REVALUING = frozenset({"portfolio_margin", "fhs", "span"})


def standing_alone(portfolio: Portfolio, model: str) -> Portfolio:
    """Return the book with what its positions say of each other's underlyings on each; the margin stays the same."""
    if model not in REVALUING or not len(portfolio):
        return portfolio
    try:
        terms = read_terms(portfolio)
    except InputError:  # a risk array stands for an option without terms: nothing beside it is read
        return portfolio
    numbers = {**portfolio.numbers, **_prices(portfolio, terms)}
    labels = dict(portfolio.labels)
    if "leverage" in numbers:
        numbers["leverage"] = _shared(numbers["leverage"], terms.underlying)
    if "index_class" in labels:
        labels["index_class"] = _shared_labels(labels["index_class"], terms.underlying)
    return replace(portfolio, numbers=numbers, labels=labels)


def _prices(portfolio: Portfolio, terms: Terms) -> Mapping[str, Floats]:
    """Return the price of each option's underlying, and for options on futures the yield that makes them so."""
    stated = given(portfolio, "underlying_price")
    found = {"underlying_price": np.where(terms.option & np.isnan(stated), terms.spot, stated)}
    if (terms.option & terms.on_future).any():
        # Black's formula is Black and Scholes' with a yield equal to the rate.
        found["dividend_yield"] = np.where(
            terms.option & terms.on_future, terms.rate, given(portfolio, "dividend_yield")
        )
    return {name: column for name, column in found.items() if not np.isnan(column).all()}


def _shared(column: Floats, underlying: Labels) -> Floats:
    """Return a column in which what one position says holds for all on its underlying."""
    known = np.full(len(underlying.values), np.nan)
    rows = np.flatnonzero(~np.isnan(column))[::-1]
    known[underlying.codes[rows]] = column[rows]
    return np.where(np.isnan(column), known[underlying.codes], column)


def _shared_labels(column: Labels, underlying: Labels) -> Labels:
    known = np.full(len(underlying.values), -1, dtype=np.int32)
    rows = np.flatnonzero(column.codes >= 0)[::-1]
    known[underlying.codes[rows]] = column.codes[rows]
    codes = np.where(column.codes < 0, known[underlying.codes], column.codes)
    return Labels(codes=codes.astype(np.int32), values=column.values)


def with_memory(market: Market) -> Market:
    """Return a market that keeps what pricing finds: the parts of a book hold the same options again and again."""
    return market if market.resident is not None else replace(market, resident=Resident())
