"""The measure `price`: price and greeks of every position, and the terms that they were computed with."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compute.market import Market
from compute.portfolio import Portfolio
from compute.pricing.american import METHOD
from compute.pricing.book import Book, greeks, prepare
from compute.pricing.european import NAMES, Greeks
from compute.pricing.request import AUTO
from compute.pricing.terms import Integers, Kind
from compute.result import Checkpoint, Result

WORDS = {Kind.LINEAR: "linear", Kind.BOND: "bond", Kind.GREEKS: "given greeks"}
UNITS = {
    "price": "one unit, in the position's currency",
    "delta": "per unit of the underlying",
    "gamma": "per unit of the underlying squared",
    "vega": "per 1.00 of volatility",
    "theta": "per year",
    "rho": "per 1.00 of the rate",
}


def price(portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:  # noqa: ARG001 - the signature of a kernel
    """Return price and greeks of each position in its own currency, and the value of the book in the base currency."""
    model = str(parameters.get("model", AUTO))
    book = prepare(portfolio, model=model, checkpoint=checkpoint)
    found = greeks(book, checkpoint=checkpoint)
    value = book.scale * found.price
    document = {
        "currency": portfolio.currency,
        "as_of": portfolio.as_of.isoformat(),
        "model": model,
        "value": float(value.sum()),
        "units": UNITS,
        "rates": _rates(portfolio),
        "american_method": METHOD if book.american.any() else None,
        "assumptions": list(book.assumptions),
    }
    tables = {"positions": _positions(portfolio, book, found, value)}
    options = np.flatnonzero((book.kind == Kind.LOGNORMAL) | (book.kind == Kind.NORMAL))
    if options.size:
        tables["options"] = _options(book, options)
    bonds = np.flatnonzero(~np.isnan(book.bonds.yields))
    if bonds.size:
        tables["bonds"] = _bonds(portfolio, book, bonds)
    return Result(document=document, tables=tables)


def _rates(portfolio: Portfolio) -> dict[str, float]:
    """Return the continuous rate of each currency of the positions, zero where none was given."""
    used = sorted({str(value) for value in portfolio.labels["currency"].texts()})
    return {currency: portfolio.rates.get(currency, 0.0) for currency in used}


def _positions(portfolio: Portfolio, book: Book, found: Greeks, value: Any) -> dict[str, Any]:
    columns = dict(zip(NAMES, found.columns(), strict=True))
    return {
        "id": list(portfolio.ids),
        **columns,
        "currency": [str(text) for text in portfolio.labels["currency"].texts()],
        "value": value,
        "kind": [_kind(book, row) for row in range(len(book))],
    }


def _kind(book: Book, row: int) -> str:
    kind = Kind(int(book.kind[row]))
    return WORDS.get(kind, "option")


def _options(book: Book, rows: Integers) -> dict[str, Any]:
    return {
        "id": [book.ids[row] for row in rows],
        "model": ["normal" if book.kind[row] == Kind.NORMAL else "lognormal" for row in rows],
        "exercise": ["american" if book.american[row] else "european" for row in rows],
        "underlying": [book.underlyings[book.underlying[row]] for row in rows],
        "underlying_price": book.spot[rows],
        "years": book.years[rows],
        "implied_volatility": book.vol[rows],
        "volatility_source": ["price" if book.solved[row] else "given" for row in rows],
        "rate": book.rate[rows],
        "carry": book.carry[rows],
    }


def _bonds(portfolio: Portfolio, book: Book, rows: Integers) -> dict[str, Any]:
    rating = portfolio.labels.get("rating")
    ratings = rating.texts() if rating is not None else [None] * len(book)
    return {
        "id": [book.ids[row] for row in rows],
        "yield": book.bonds.yields[rows],
        "accrued": book.bonds.accrued[rows],
        "duration": book.bonds.duration[rows],
        "convexity": book.bonds.convexity[rows],
        "rating": [ratings[row] or "unrated" for row in rows],
    }
