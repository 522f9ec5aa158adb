"""A basket of trades: completed with what the book and stored prices know, then judged into columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from compute.analysis.whatif.basket import POINTER, Basket
from compute.crif import Crif
from compute.measures import Book
from compute.portfolio import Portfolio
from core.names import Measure
from services.errors import InvalidInputError
from services.intake import values
from services.intake.careful import read_positions, unknown_field
from services.intake.crif import read_crif
from services.intake.faults import Faults, nearest, quote
from services.intake.fields import COLLATERAL_TYPES, MAX_AMOUNT, POSITION_FIELDS
from services.intake.judge import judge
from services.intake.structures import structure

FIELDS = ("trades", "cash", "collateral", "crif")
MOST_TRADES = 10_000
_CHANGE = frozenset({"id", "quantity"})
_CLOSE = "close"
_NOT_INHERITED = frozenset({"id", "quantity"})

StoredPrices = Callable[[Sequence[str]], Mapping[str, float]]
"""Symbols → the stored prices of those that have one."""


def read_shape(value: Any, pointer: str, faults: Faults) -> dict[str, Any] | None:
    """Return a basket whose outer shape is right; what it holds is judged with the book, by `completed`."""
    before = len(faults.items) + faults.omitted
    found = structure(value, pointer, faults)
    if found is None:
        return None
    for name in found:
        if name not in FIELDS:
            unknown_field(name, pointer, FIELDS, faults)
    trades = [] if found.get("trades") is None else found["trades"]
    if not isinstance(trades, list):
        faults.add(f"{pointer}/trades", "trades must be a list.")
    elif len(trades) > MOST_TRADES:
        faults.add(f"{pointer}/trades", f"There are {len(trades):,} trades, more than {MOST_TRADES:,}.")
    elif not any(found.get(name) for name in FIELDS):
        faults.add(pointer, "The basket is empty.", remedy="Give trades, cash, collateral or, for a CRIF, crif.")
    return found if len(faults.items) + faults.omitted == before else None


def completed(value: Mapping[str, Any], book: Book, stored: StoredPrices, *, pointer: str = POINTER) -> dict[str, Any]:
    """Return the basket with nothing left open: new positions have ids, terms and prices.

    A new position in a symbol of the book takes from there what it does not say itself; a price that is nowhere in the
    book comes from storage.
    """
    if isinstance(book, Crif):
        return dict(value)
    faults = Faults()
    desk = _Desk(book, faults)
    trades = [
        desk.completed(index, trade, f"{pointer}/trades/{index}")
        for index, trade in enumerate(value.get("trades") or [])
    ]
    faults.settle()
    _price(trades, stored)
    return {**value, "trades": trades}


class _Desk:
    """Completes trades against one book."""

    def __init__(self, book: Portfolio, faults: Faults) -> None:
        self._book = book
        self._faults = faults
        self._ids = book.row_of
        self._closed: set[str] = set()
        self._changed: set[str] = set()

    def completed(self, index: int, trade: Any, pointer: str) -> dict[str, Any]:
        found = values.mapping(trade, pointer, self._faults)
        if found is None:
            return {}
        if _CLOSE in found:
            return self._close(found, pointer)
        if found.keys() <= _CHANGE:
            return self._change(found, pointer)
        return self._position(index, found, pointer)

    def _close(self, trade: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        for name in trade:
            if name != _CLOSE:
                self._faults.add(f"{pointer}/{name}", f"A trade that closes a position has no {quote(name)}.")
        self._held(trade[_CLOSE], f"{pointer}/{_CLOSE}")
        self._once(trade[_CLOSE], self._closed, f"{pointer}/{_CLOSE}")
        return dict(trade)

    def _change(self, trade: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        for name in _CHANGE - trade.keys():
            self._faults.add(f"{pointer}/{name}", f"{name} is required.", remedy="Or send the terms of a new position.")
        if "quantity" in trade:
            values.number(trade["quantity"], f"{pointer}/quantity", self._faults)
        if "id" in trade:
            self._held(trade["id"], f"{pointer}/id")
            self._once(trade["id"], self._changed, f"{pointer}/id")
        return dict(trade)

    def _held(self, name: Any, pointer: str) -> None:
        if not isinstance(name, str):
            self._faults.add(pointer, "A position is named by its id, a text.")
        elif name not in self._ids:
            remedy = "" if self._faults.full else nearest(name, self._book.ids[:1_000])
            self._faults.add(pointer, f"There is no position {quote(name)} in the book.", remedy=remedy)

    def _once(self, name: Any, into: set[str], pointer: str) -> None:
        if isinstance(name, str):
            if name in self._closed or name in self._changed:
                self._faults.add(
                    pointer, f"Two trades are in the position {quote(name)}.", remedy="Put them into one trade."
                )
            into.add(name)

    def _position(self, index: int, trade: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        for name in trade:
            if name not in POSITION_FIELDS:
                unknown_field(name, pointer, (*POSITION_FIELDS, _CLOSE), self._faults)
        if "id" in trade and trade["id"] in self._ids:
            remedy = "Give it another id; to change that position send its id and a quantity alone."
            self._faults.add(
                f"{pointer}/id", f"The book has a position {quote(str(trade['id']))} already.", remedy=remedy
            )
        given = {name: value for name, value in trade.items() if value is not None}
        return {"id": self._free(f"trade-{index + 1}"), **self._inherited(given), **given}

    def _free(self, name: str) -> str:
        while name in self._ids:
            name += "'"
        return name

    def _inherited(self, trade: Mapping[str, Any]) -> dict[str, Any]:
        """Return the terms of the book's first position in the symbol, where the trade does not say what it is."""
        symbols = self._book.labels["symbol"]
        if trade.get("symbol") not in symbols.values:
            return {}
        rows = np.flatnonzero(symbols.mask(trade["symbol"]))
        if not rows.size:
            return {}
        held = self._book.position(int(rows[0]))
        if "asset_class" in trade:
            held = {name: held[name] for name in ("price", "currency") if name in held}
        priced = {"price", "market_value"} & trade.keys()
        return {
            name: value
            for name, value in held.items()
            if name not in _NOT_INHERITED and not (priced and name == "price")
        }


def _price(trades: Sequence[dict[str, Any]], stored: StoredPrices) -> None:
    """Fill in stored prices; what then has none is judged with the positions."""
    open_ones = [trade for trade in trades if "symbol" in trade and not {"price", "market_value"} & trade.keys()]
    symbols = sorted({trade["symbol"] for trade in open_ones if isinstance(trade["symbol"], str)})
    known = stored(symbols) if symbols else {}
    for trade in open_ones:
        if trade["symbol"] in known:
            trade["price"] = known[trade["symbol"]]


def read_basket(
    value: Mapping[str, Any], parameters: Mapping[str, Any], *, unpriced: bool = False, pointer: str = POINTER
) -> Basket:
    """Return a completed basket as columns; raise InvalidInputError for whatever no position, cash or row may be."""
    faults = Faults()
    trades = value.get("trades") or []
    changed = {trade["id"]: float(trade["quantity"]) for trade in trades if trade.keys() <= _CHANGE}
    cash = values.bounded(value.get("cash") or 0.0, f"{pointer}/cash", faults, minimum=-MAX_AMOUNT, maximum=MAX_AMOUNT)
    basket = Basket(
        added=_added(trades, f"{pointer}/trades", faults, unpriced=unpriced),
        changed=changed,
        closed=tuple(trade[_CLOSE] for trade in trades if _CLOSE in trade),
        cash=cash or 0.0,
        collateral=_collateral(value.get("collateral") or {}, f"{pointer}/collateral", faults),
    )
    faults.settle()
    return replace(basket, rows=_rows(value["crif"], parameters, f"{pointer}/crif")) if value.get("crif") else basket


def _added(trades: Sequence[Mapping[str, Any]], pointer: str, faults: Faults, *, unpriced: bool) -> Portfolio | None:
    places = [index for index, trade in enumerate(trades) if _CLOSE not in trade and not trade.keys() <= _CHANGE]
    if not places:
        return None
    found = Faults()
    columns = judge(read_positions([trades[index] for index in places], "", found), "", found)
    for row in np.flatnonzero(np.isnan(columns.numbers["price"])).tolist() if not (found or unpriced) else ():
        symbol = columns.labels["symbol"].texts()[row] or ""
        found.add(f"/{row}/price", f"{quote(symbol)} came without a price, and none is known.", remedy="Send a price.")
    for fault in found.items:
        place, _, rest = fault.pointer.removeprefix("/").partition("/")
        faults.add(f"{pointer}/{places[int(place)]}/{rest}", fault.detail, remedy=fault.remedy)
    faults.omitted += found.omitted
    return Portfolio(
        id="basket",
        name="basket",
        currency="USD",
        as_of=date.min,
        ids=columns.ids,
        labels=columns.labels,
        numbers=columns.numbers,
    )


def _collateral(value: Any, pointer: str, faults: Faults) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, item in (values.mapping(value, pointer, faults) or {}).items():
        kind = name.strip().lower().replace(" ", "_").replace("-", "_")
        if kind not in COLLATERAL_TYPES:
            remedy = nearest(kind, COLLATERAL_TYPES)
            faults.add(f"{pointer}/{name}", f"The collateral type {quote(name)} is unknown.", remedy=remedy)
            continue
        amount = values.bounded(item, f"{pointer}/{name}", faults, minimum=-MAX_AMOUNT, maximum=MAX_AMOUNT)
        found[kind] = found.get(kind, 0.0) + (amount or 0.0)
    return found


def _rows(value: Any, parameters: Mapping[str, Any], pointer: str) -> Crif:
    if not isinstance(value, str):
        faults = Faults()
        faults.add(pointer, "crif must be the text of CRIF rows, header first.")
        raise InvalidInputError(faults.items)
    own = {name: each for name, each in parameters.items() if name not in {"basket", "limits"}}
    return read_crif(value.encode(), Measure.MARGIN, own, name="basket", pointer=pointer)
