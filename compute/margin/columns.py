"""A portfolio's positions made ready for the house kernel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.errors import InputError
from compute.margin.groups import Groups, groups
from compute.margin.instruments import Integers, instruments
from compute.margin.tables import HouseSet
from compute.margin.volatility import choose, from_history
from compute.market import Market, to_base
from compute.portfolio import Floats, Portfolio


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Positions ready for the kernel: n positions, m instruments.

    Parameters
    ----------
    quantity, price
        Shape (n,).
    scale
        Shape (n,): multiplier times the rate into the base currency.
    settlement, duration, delta, gamma, vega
        Shape (n,) with NaN where a position has none, or empty where no position has one.
    volatility, sources
        Shape (n,): decimals per year, and index into `volatility.SOURCES`.
    classes, instruments
        Shape (n,): index of the class and of the instrument.
    groups
        The matching groups of the m instruments.
    """

    quantity: Floats
    price: Floats
    scale: Floats
    settlement: Floats
    duration: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    volatility: Floats
    sources: NDArray[np.int8]
    classes: Integers
    instruments: Integers
    groups: Groups


def prepare(portfolio: Portfolio, market: Market, table: HouseSet, *, history_first: bool) -> Columns:
    """Return a portfolio's columns; raise InputError for an unknown class and MissingRateError for a missing pair."""
    classes = _classes(portfolio, table)
    found = instruments(portfolio)
    volatility, sources = _volatility(portfolio, market, table, classes, history_first=history_first)
    return Columns(
        quantity=_column(portfolio, "quantity"),
        price=_column(portfolio, "price"),
        scale=_column(portfolio, "multiplier") * to_base(portfolio),
        settlement=_column(portfolio, "settlement_price"),
        duration=_column(portfolio, "duration"),
        delta=_column(portfolio, "delta"),
        gamma=_column(portfolio, "gamma"),
        vega=_column(portfolio, "vega"),
        volatility=volatility,
        sources=sources,
        classes=classes,
        instruments=found.codes,
        groups=groups(portfolio, found, classes, table),
    )


def _column(portfolio: Portfolio, name: str) -> Floats:
    """Return a copy, so that the kernel sees one memory layout whatever stored it; empty where there is no column."""
    column = portfolio.numbers.get(name)
    return np.empty(0) if column is None else np.array(column, dtype=np.float64)


def _classes(portfolio: Portfolio, table: HouseSet) -> Integers:
    labels = portfolio.labels["asset_class"]
    order = {name: index for index, name in enumerate(table.classes)}
    unknown = [value for value in labels.values if value not in order]
    if unknown:
        raise InputError(
            f"The house model has no rates for the asset class {unknown[0]!r}.",
            pointer="/portfolio/positions",
            remedy=f"Use one of: {', '.join(order)}.",
        )
    lookup = np.array([order[value] for value in labels.values], dtype=np.int64)
    return lookup.take(labels.codes) if len(portfolio) else np.empty(0, dtype=np.int64)


def _volatility(
    portfolio: Portfolio, market: Market, table: HouseSet, classes: Integers, *, history_first: bool
) -> tuple[Floats, NDArray[np.int8]]:
    symbols = portfolio.labels["symbol"]
    given = _column(portfolio, "implied_volatility")
    complete = given.size > 0 and not np.isnan(given).any()
    history = np.empty(0)
    if history_first and market.history is not None:
        history = from_history(market.history, symbols.values, portfolio.as_of)
    sources = np.empty(len(portfolio), dtype=np.int8)
    chosen = choose(
        classes,
        symbols.codes.astype(np.int64),
        given,
        np.empty(0) if complete else _by_symbol(symbols.values, table),
        history,
        table.default_volatilities,
        sources,
    )
    return chosen, sources


def _by_symbol(symbols: tuple[str, ...], table: HouseSet) -> Floats:
    """Return the set's volatility of each symbol, NaN where it has none; empty where it has none at all."""
    known = frozenset(table.volatilities).intersection(symbols)
    if not known:
        return np.empty(0)
    found = np.full(len(symbols), np.nan)
    for symbol in known:
        found[symbols.index(symbol)] = table.volatilities[symbol]
    return found
