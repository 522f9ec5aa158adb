"""Positions → contracts of the exchange: commodity, month, and whether a given risk array stands for the position."""

from dataclasses import dataclass, replace

import numpy as np

from compute.errors import InputError
from compute.margin.span.exchange import POINTER, Contract, Exchange
from compute.portfolio import Labels, Portfolio
from compute.pricing.terms import Integers, Mask, codes, has_word

GREEKS = ("delta", "gamma", "vega", "theta")


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """The positions of an account at an exchange, every column of length n.

    Parameters
    ----------
    contracts
        Each position's contract month.
    commodity
        Index into the exchange's commodities.
    given
        Where the file's risk array stands for the position.
    option, put
        What it is.
    """

    contracts: tuple[Contract, ...]
    commodity: Integers
    given: Mask
    option: Mask
    put: Mask


def read_holdings(portfolio: Portfolio, exchange: Exchange) -> Holdings:
    """Return the holdings; raise InputError for a position that the file does not know or contradicts."""
    option = has_word(portfolio, "instrument", "option") | (codes(portfolio, "option_type") >= 0)
    symbols = [str(text) for text in portfolio.labels["symbol"].texts()]
    underlyings = portfolio.labels["underlying"].texts() if "underlying" in portfolio.labels else [None] * len(symbols)
    places = {name: index for index, name in enumerate(exchange.commodities)}
    known: dict[tuple[str, str | None, bool], Contract | None] = {}
    contracts = []
    for row, names in enumerate(zip(symbols, underlyings, option.tolist(), strict=True)):
        if names not in known:
            known[names] = _contract(exchange, *names)
        found = known[names]
        if found is None:
            raise _unknown(portfolio, row, is_option=names[2])
        contracts.append(found)
    _same_currency(portfolio, exchange, contracts)
    _one_contract_an_array(portfolio, exchange, symbols)
    return Holdings(
        contracts=tuple(contracts),
        commodity=np.array([places[contract.commodity] for contract in contracts], dtype=np.int64),
        given=np.array([symbol in exchange.arrays for symbol in symbols], dtype=np.bool_),
        option=option,
        put=has_word(portfolio, "option_type", "put"),
    )


def _contract(exchange: Exchange, symbol: str, underlying: str | None, is_option: bool) -> Contract | None:
    """Return a position's contract: an option's by its underlying, another's by its symbol; else by the other name."""
    names = (underlying or symbol, symbol) if is_option else (symbol, underlying or symbol)
    return next((exchange.contracts[name] for name in names if name in exchange.contracts), None)


def _unknown(portfolio: Portfolio, row: int, *, is_option: bool) -> InputError:
    field = "underlying" if is_option else "symbol"
    return InputError(
        f"Position {portfolio.ids[row]} is of no contract that the parameters hold.",
        pointer=f"/portfolio/positions/{row}/{field}",
        remedy=f"Add its {field} to the `contracts` of a commodity in {POINTER}/combined_commodities.",
    )


def _same_currency(portfolio: Portfolio, exchange: Exchange, contracts: list[Contract]) -> None:
    for row, (currency, contract) in enumerate(zip(portfolio.labels["currency"].texts(), contracts, strict=True)):
        wanted = exchange.commodities[contract.commodity].currency
        if currency != wanted:
            raise InputError(
                f"Position {portfolio.ids[row]} is in {currency}, its commodity {contract.commodity} in {wanted}.",
                pointer=f"/portfolio/positions/{row}/currency",
                remedy=f"Give it in {wanted}, or the commodity another `currency`.",
            )


def _one_contract_an_array(portfolio: Portfolio, exchange: Exchange, symbols: list[str]) -> None:
    """Raise where one risk array would stand for two different options: symbols must name contracts."""
    if not exchange.arrays:
        return
    columns = [codes(portfolio, name).tolist() for name in ("underlying", "option_type", "expiry")]
    terms = list(zip(*columns, portfolio.number("strike", -1.0).tolist(), strict=True))
    first: dict[str, int] = {}
    for row, symbol in enumerate(symbols):
        if symbol in exchange.arrays and terms[first.setdefault(symbol, row)] != terms[row]:
            raise InputError(
                f"Position {portfolio.ids[row]} is another contract than {portfolio.ids[first[symbol]]}, "
                f"and one risk array, {symbol}, would stand for both.",
                pointer=f"/portfolio/positions/{row}/symbol",
                remedy="Give each contract a symbol, and a risk array, of its own.",
            )


def without_terms(portfolio: Portfolio, rows: Mask) -> Portfolio:
    """Return the portfolio with some positions as plain prices: what their risk arrays say needs no terms."""
    if not rows.any():
        return portfolio
    labels = dict(portfolio.labels)
    for name in ("option_type", "underlying", "instrument", "expiry"):
        if name in labels:
            keep = np.where(rows & ~_future(portfolio, name), -1, labels[name].codes).astype(np.int32)
            labels[name] = replace(labels[name], codes=keep)
    generic = Labels.of(["commodity"])
    classes = labels["asset_class"]
    values = (*classes.values, *generic.values)
    labels["asset_class"] = Labels(
        codes=np.where(rows, len(classes.values), classes.codes).astype(np.int32), values=values
    )
    numbers = {
        name: np.where(rows, np.nan, column) if name in GREEKS else column for name, column in portfolio.numbers.items()
    }
    numbers["price"] = np.where(rows, np.nan_to_num(numbers["price"]), numbers["price"])
    return replace(portfolio, labels=labels, numbers=numbers)


def _future(portfolio: Portfolio, name: str) -> Mask:
    """Return which positions keep a word: a future says so, for options on it are priced accordingly."""
    return has_word(portfolio, "instrument", "future") if name == "instrument" else np.zeros(len(portfolio), np.bool_)
