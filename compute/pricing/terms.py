"""What each position is, and the terms that its pricing needs: read from a portfolio's columns, faults named."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from compute.errors import InputError
from compute.portfolio import Floats, Labels, Portfolio

Mask = NDArray[np.bool_]
Integers = NDArray[np.int64]

DAYS_A_YEAR = 365.0


class Kind(IntEnum):
    """How a position is revalued."""

    LINEAR = 0  # its price moves as its underlying does: stock, ETF, currency pair, future, crypto, commodity
    BOND = 1  # price, with a yield or a duration for moves of the rate
    LOGNORMAL = 2  # option by Black-Scholes-Merton, Black-76, Garman-Kohlhagen
    NORMAL = 3  # option by Bachelier: its underlying or strike is not positive, or the caller says so
    GREEKS = 4  # by its given greeks


def fault(portfolio: Portfolio, wrong: Mask, field: str, why: str, remedy: str) -> None:
    """Raise InputError for the first position of a mask."""
    if wrong.any():
        row = int(np.argmax(wrong))
        pointer = f"/portfolio/positions/{row}/{field}"
        raise InputError(f"Position {portfolio.ids[row]} {why}.", pointer=pointer, remedy=remedy)


def has_word(portfolio: Portfolio, name: str, word: str) -> Mask:
    """Return where a text column holds a word, shape (n,)."""
    labels = portfolio.labels.get(name)
    return np.zeros(len(portfolio), np.bool_) if labels is None else labels.mask(word)


def codes(portfolio: Portfolio, name: str) -> NDArray[np.int32]:
    """Return the codes of a text column, -1 where there is no such column."""
    labels = portfolio.labels.get(name)
    return np.full(len(portfolio), -1, np.int32) if labels is None else labels.codes


def given(portfolio: Portfolio, name: str) -> Floats:
    """Return a numeric column, NaN where a position has none."""
    return portfolio.number(name, np.nan)


def years_to(portfolio: Portfolio, name: str) -> Floats:
    """Return ACT/365F years from the portfolio's date to a date column, negative if past, NaN where there is none."""
    labels = portfolio.labels.get(name)
    if labels is None or not labels.values:
        return np.full(len(portfolio), np.nan)
    days = [(date.fromisoformat(value) - portfolio.as_of).days for value in labels.values]
    return np.array([*days, np.nan])[labels.codes] / DAYS_A_YEAR


def by_currency(portfolio: Portfolio) -> Floats:
    """Return each position's continuous rate, zero where the portfolio has none for its currency."""
    labels = portfolio.labels["currency"]
    return np.array([*(portfolio.rates.get(value, 0.0) for value in labels.values), 0.0])[labels.codes]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The positions sorted out, every column of shape (n,).

    Parameters
    ----------
    option, future, bond
        What a position is; an option without the terms to price it is none of them, and goes by its greeks.
    underlying
        The name whose relative move drives the position: of an option its underlying, else its symbol.
    on_future
        Options whose underlying is a future.
    spot
        Price of what moves: of an option its underlying, else its own price; NaN for greeks without an underlying.
    years
        To expiry (options), NaN elsewhere.
    carry
        Dividend yield, foreign rate, or the rate itself on a future.
    """

    option: Mask
    future: Mask
    bond: Mask
    greeks: Mask
    underlying: Labels
    on_future: Mask
    spot: Floats
    years: Floats
    rate: Floats
    carry: Floats


def read_terms(portfolio: Portfolio) -> Terms:
    """Sort out the positions; raise InputError naming the first that lacks a term."""
    called = has_word(portfolio, "instrument", "option") | (codes(portfolio, "option_type") >= 0)
    complete = _complete(portfolio, called)
    option = called & complete
    greeks = _goes_by_greeks(portfolio, called, option)
    underlying = _underlying(portfolio, called | greeks)
    future = has_word(portfolio, "instrument", "future")
    on_future = option & _on_future(portfolio, underlying, future)
    rate = by_currency(portfolio)
    years = np.where(option, years_to(portfolio, "expiry"), np.nan)
    fault(
        portfolio,
        option & (years < 0.0),
        "expiry",
        "has expired before the portfolio's date",
        "Leave it out, or send the `as_of` of a day on which it lived.",
    )
    return Terms(
        option=option,
        future=future,
        bond=_is_bond(portfolio) & ~called & ~greeks,
        greeks=greeks,
        underlying=underlying,
        on_future=on_future,
        spot=_spot(portfolio, called, option, greeks, underlying),
        years=years,
        rate=rate,
        carry=_carry(portfolio, option, on_future, underlying, rate),
    )


def _complete(portfolio: Portfolio, called: Mask) -> Mask:
    """Return which options have all their terms; raise for one that has neither terms nor a delta."""
    by_delta = ~np.isnan(given(portfolio, "delta"))
    terms = {
        "option_type": codes(portfolio, "option_type") >= 0,
        "expiry": codes(portfolio, "expiry") >= 0,
        "strike": ~np.isnan(given(portfolio, "strike")),
    }
    for name, there in terms.items():
        remedy = f"Give its `{name}`, or its `delta` to go by given greeks."
        fault(portfolio, called & ~there & ~by_delta, name, f"is an option without its {name}", remedy)
    return np.asarray(np.logical_and.reduce(list(terms.values())), dtype=np.bool_)


def _goes_by_greeks(portfolio: Portfolio, called: Mask, option: Mask) -> Mask:
    some = np.zeros(len(portfolio), np.bool_)
    for name in ("delta", "gamma", "vega", "theta"):
        some |= ~np.isnan(given(portfolio, name))
    return np.asarray((called & ~option) | (some & ~called), dtype=np.bool_)


def _is_bond(portfolio: Portfolio) -> Mask:
    unnamed = codes(portfolio, "instrument") < 0
    return has_word(portfolio, "instrument", "bond") | (unnamed & has_word(portfolio, "asset_class", "bond"))


def _underlying(portfolio: Portfolio, follows: Mask) -> Labels:
    """Return what drives each position: its `underlying` where it follows one, else its symbol; only those that do."""
    symbol, underlying = portfolio.labels["symbol"], portfolio.labels.get("underlying")
    if not len(portfolio):
        return Labels(codes=symbol.codes, values=())
    if underlying is None:
        return _present(symbol)
    index = {value: code for code, value in enumerate(symbol.values)}
    extended = list(symbol.values)
    lookup = []
    for value in underlying.values:
        if value not in index:
            index[value] = len(extended)
            extended.append(value)
        lookup.append(index[value])
    moved = np.array([*lookup, -1], dtype=np.int32)[underlying.codes]
    followed = np.where(follows & (moved >= 0), moved, symbol.codes).astype(np.int32)
    return _present(Labels(codes=followed, values=tuple(extended)))


def _present(labels: Labels) -> Labels:
    """Return a column whose values are those that occur."""
    present, places = np.unique(labels.codes, return_inverse=True)
    return Labels(codes=places.astype(np.int32), values=tuple(labels.values[code] for code in present.tolist()))


def _on_future(portfolio: Portfolio, underlying: Labels, future: Mask) -> Mask:
    """Return where the underlying is a future of this portfolio, or a commodity, whose options are on futures."""
    symbols = portfolio.labels["symbol"]
    named = {symbols.values[code] for code in np.unique(symbols.codes[future]).tolist()}
    known = np.array([value in named for value in underlying.values], dtype=np.bool_)
    commodity = has_word(portfolio, "asset_class", "commodity")
    return known[underlying.codes] | commodity if len(portfolio) else commodity


def _spot(portfolio: Portfolio, called: Mask, option: Mask, greeks: Mask, underlying: Labels) -> Floats:
    """Return the level that moves: `underlying_price`, else the price of a position in the underlying, else its own."""
    price = portfolio.numbers["price"]
    follows = called | greeks
    stated = given(portfolio, "underlying_price")
    if not follows.any():
        return np.asarray(price, dtype=np.float64)
    quoted = np.full(len(underlying.values), np.nan)
    own = ~follows & ~np.isnan(price)
    quoted[underlying.codes[own][::-1]] = price[own][::-1]  # of several the first
    spot = np.where(follows, np.where(np.isnan(stated), quoted[underlying.codes], stated), price)
    fault(
        portfolio,
        (option | called) & np.isnan(spot),
        "underlying_price",
        "is an option without a price of its underlying",
        "Give its `underlying_price`, or a position in its `underlying`.",
    )
    return np.asarray(np.where(greeks & np.isnan(spot), price, spot), dtype=np.float64)


def _carry(portfolio: Portfolio, option: Mask, on_future: Mask, underlying: Labels, rate: Floats) -> Floats:
    carry = np.where(on_future, rate, portfolio.number("dividend_yield", 0.0))
    pairs = {code: pair for code, value in enumerate(underlying.values) if (pair := pair_of(value))}
    currency = portfolio.labels["currency"]
    for code, (foreign, domestic) in pairs.items():
        rows = option & ~on_future & (underlying.codes == code)
        same = np.array([*(value == domestic for value in currency.values), False])[currency.codes]
        fault(
            portfolio,
            rows & ~same,
            "currency",
            f"is an option on {foreign}/{domestic} in another currency than {domestic}",
            f"Price it in {domestic}.",
        )
        carry[rows] = portfolio.rates.get(foreign, 0.0)
    return carry


def pair_of(name: str) -> tuple[str, str] | None:
    """Return the two currencies of a pair such as EUR/USD, or None."""
    foreign, slash, domestic = name.partition("/")
    words = (foreign, domestic)
    return words if slash and all(len(word) == 3 and word.isalpha() and word.isupper() for word in words) else None
