"""Full revaluation under scenarios that move each factor by itself: prices, volatilities, curves, spreads, fx."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from compute.portfolio import Floats, Portfolio
from compute.pricing.book import Book, greeks, reprice
from compute.pricing.terms import Kind, has_word
from compute.result import Checkpoint
from compute.stress.library import Scenario
from compute.stress.moves import Moves, curve_move, nodes_of, spread_series

OPTION_KINDS = (Kind.LOGNORMAL, Kind.NORMAL)


@dataclass(frozen=True, kw_only=True)
class Valued:
    """Positions before and after s scenarios.

    Parameters
    ----------
    price
        Shape (n,): of one unit before, as given, an option's by its model where it has none.
    change
        Shape (n, s): of the price of one unit, in its own currency.
    profit_and_loss
        Shape (n, s): base currency, conversion moved too, gain positive.
    value
        Shape (n,): in the base currency before; 0 for what has a margin and no value: futures and currency pairs.
    conversion
        Shape (n, s): what the rate into the base currency is multiplied with.
    """

    price: Floats
    change: Floats
    profit_and_loss: Floats
    value: Floats
    conversion: Floats


def unit(book: Book) -> Book:
    """Return the book with one unit of each position, in its own currency."""
    ones = np.ones(len(book))
    return replace(book, quantity=ones, multiplier=ones, to_base=ones)


def revalue(portfolio: Portfolio, book: Book, moves: Moves, checkpoint: Checkpoint) -> Valued:
    """Return every position before and after every scenario.

    An option is priced at the moved underlying, volatility and rate of its currency at its expiry; a bond by its
    flows, each at the moved yield of its date and the moved spread of its rating, unless its own price has a series.
    """
    single = unit(book)
    change = np.zeros((len(book), len(moves.scenarios)))
    for rows, rates in _by_rate(portfolio, book, moves):
        change[rows] = reprice(single.only(rows), moves.spot, moves.vol, rate_shift=rates, checkpoint=checkpoint)
    _add_bonds(portfolio, book, moves, change, checkpoint)
    return converted(portfolio, book, moves, change)


def converted(portfolio: Portfolio, book: Book, moves: Moves, change: Floats) -> Valued:
    """Return changes of prices as profit and loss in the base currency."""
    price = np.array(book.price)
    bare = np.isnan(price)
    if bare.any():
        price[bare] = greeks(book).price[bare]
    has_value = ~(has_word(portfolio, "instrument", "future") | _is_pair(portfolio, book))
    value = np.where(has_value, book.scale * price, 0.0)
    conversion = _conversion(portfolio, moves)
    gain = book.scale[:, None] * change * conversion + value[:, None] * (conversion - 1.0)
    return Valued(price=price, change=change, profit_and_loss=gain, value=value, conversion=conversion)


def _is_pair(portfolio: Portfolio, book: Book) -> NDArray[np.bool_]:
    return np.asarray(has_word(portfolio, "asset_class", "fx") & (book.kind == Kind.LINEAR), dtype=np.bool_)


def _conversion(portfolio: Portfolio, moves: Moves) -> Floats:
    labels = portfolio.labels["currency"]
    table = np.array(
        [
            [moves.conversion(each, portfolio.currency, place) for place in range(len(moves.scenarios))]
            for each in labels.values
        ]
    ).reshape(len(labels.values), len(moves.scenarios))
    return table[labels.codes] if len(portfolio) else np.zeros((0, len(moves.scenarios)))


def _by_rate(portfolio: Portfolio, book: Book, moves: Moves) -> Iterator[tuple[NDArray[np.int64], Floats]]:
    """Yield rows that share a move of the rate, and that move, shape (s,): options by currency and expiry."""
    option = np.isin(book.kind, OPTION_KINDS)
    rest = np.flatnonzero(~option & (book.kind != Kind.BOND))
    if rest.size:
        yield rest, np.zeros(len(moves.scenarios))
    rows = np.flatnonzero(option)
    labels = portfolio.labels["currency"]
    keys = np.stack([labels.codes[rows], book.years[rows]], axis=1) if rows.size else np.zeros((0, 2))
    distinct, group = np.unique(keys, axis=0, return_inverse=True)
    curves = [[nodes_of(scenario, name) for scenario in moves.scenarios] for name in labels.values]
    rates = np.array([[float(curve_move(nodes, years)) for nodes in curves[int(code)]] for code, years in distinct])
    together, which = np.unique(rates, axis=0, return_inverse=True) if rows.size else (rates, group)
    for place, rate in enumerate(together):
        yield rows[which.ravel()[group.ravel()] == place], rate


def _add_bonds(portfolio: Portfolio, book: Book, moves: Moves, change: Floats, checkpoint: Checkpoint) -> None:
    """Fill the rows of bonds: the move of their own price where there is a series of it, else of flows or duration."""
    rows = np.flatnonzero(book.kind == Kind.BOND)
    if not rows.size:
        return
    underlying = book.underlying[rows]
    by_yield = _YieldMoves.of(portfolio, book)
    for place, scenario in enumerate(moves.scenarios):
        found = by_yield.changes(book, scenario)[rows]
        by_price = moves.route[underlying, place] >= 0
        change[rows, place] = np.where(by_price, np.abs(book.price[rows]) * moves.spot[underlying, place], found)
        checkpoint(place + 1, len(moves.scenarios))


@dataclass(frozen=True, kw_only=True)
class _YieldMoves:
    """What the yields of bonds depend on: the bond of each flow, base values of flows, currencies, spread series."""

    owner: NDArray[np.int64]
    base: Floats
    currency: NDArray[np.int32]
    currencies: tuple[str, ...]
    spread: list[str | None]

    @classmethod
    def of(cls, portfolio: Portfolio, book: Book) -> "_YieldMoves":
        bonds, labels = book.bonds, portfolio.labels["currency"]
        owner = np.repeat(np.arange(len(book)), np.diff(bonds.first))
        return cls(
            owner=owner,
            base=bonds.amounts * np.exp(-bonds.yields[owner] * bonds.times),
            currency=labels.codes,
            currencies=labels.values,
            spread=spread_series(portfolio),
        )

    def changes(self, book: Book, scenario: Scenario) -> Floats:
        """Return the change of the price of one unit of each position, 0 for what is no bond."""
        bonds, owner = book.bonds, self.owner
        spread = np.array([scenario.spreads.get(each or "", 0.0) for each in self.spread])
        at_flows = self._curve(scenario, bonds.times, self.currency[owner]) + spread[owner]
        found = np.bincount(owner, self.base * np.expm1(-at_flows * bonds.times), minlength=len(book))
        lumped = ~np.isnan(bonds.duration) & (np.diff(bonds.first) == 0)
        duration = np.where(lumped, bonds.duration, 0.0)
        shift = self._curve(scenario, duration, self.currency) + spread
        bend = np.nan_to_num(bonds.convexity)
        by_duration = np.nan_to_num(book.price) * shift * (0.5 * bend * shift - duration)
        return np.where(lumped, by_duration, found)

    def _curve(self, scenario: Scenario, years: Floats, currency: NDArray[np.int32]) -> Floats:
        out = np.zeros(years.size)
        for code, name in enumerate(self.currencies):
            here = currency == code
            out[here] = curve_move(nodes_of(scenario, name), years[here])
        return out
