"""A basket of trades: completed with what the book and stored prices know, then judged into columns."""

import re
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
from services.intake import values
from services.intake.careful import read_positions, unknown_field
from services.intake.crif import read_crif
from services.intake.faults import Faults, escape, nearest, quote
from services.intake.fields import COLLATERAL_TYPES, MAX_AMOUNT, MAX_NOTIONAL, NUMBERS, POSITION_FIELDS, collateral_type
from services.intake.judge import judge
from services.intake.structures import structure

FIELDS = ("trades", "cash", "collateral", "crif")
MOST_TRADES = 10_000
_CHANGE = frozenset({"id", "quantity"})
_CLOSE = "close"
_NOT_INHERITED = frozenset({"id", "quantity"})
_NOTIONAL = ("quantity", "price", "multiplier")
_CRIF = "crif"
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")

StoredPrices = Callable[[Sequence[str]], Mapping[str, float]]
"""Symbols → the stored prices of those that have one."""


def read_shape(value: Any, pointer: str, faults: Faults) -> dict[str, Any] | None:
    """Return a basket whose outer shape is right; what it holds is judged with the book, by `completed`."""
    before = len(faults.items) + faults.omitted
    rows = value.get(_CRIF) if isinstance(value, dict) else None
    found = structure(value if rows is None else {**value, _CRIF: ""}, pointer, faults)
    if found is None:
        return None
    if rows is not None:
        found[_CRIF] = _crif_text(rows, f"{pointer}/{_CRIF}", faults)
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


def _crif_text(value: Any, pointer: str, faults: Faults) -> str:
    """Return the text of CRIF rows, which has lines as no other text of a structure; its rows are judged later."""
    problem = _NOT_STORABLE.search(value) if isinstance(value, str) else None
    if not isinstance(value, str):
        faults.add(pointer, f"crif must be the text of CRIF rows, header first, and is {values.kind_of(value)}.")
    elif problem is not None:
        faults.add(pointer, f"crif holds the forbidden character U+{ord(problem[0]):04X}.")
    elif not value.strip():
        faults.add(pointer, "crif is empty.", remedy="Leave it out, or send the rows that the trades add.")
    else:
        return value
    return ""


def completed(value: Mapping[str, Any], book: Book, stored: StoredPrices, *, pointer: str = POINTER) -> dict[str, Any]:
    """Return the basket with nothing left open: new positions have ids, terms and prices.

    A new position in a symbol of the book takes from there what it does not say itself; a price that is nowhere in the
    book comes from storage.
    """
    if isinstance(book, Crif):
        return dict(value)
    faults = Faults()
    given = value.get("trades") or []
    desk = _Desk(book, given, faults)
    trades = [desk.completed(index, trade, f"{pointer}/trades/{index}") for index, trade in enumerate(given)]
    faults.settle()
    _price(trades, stored)
    return {**value, "trades": trades}


class _Desk:
    """Completes trades against one book."""

    def __init__(self, book: Portfolio, trades: Sequence[Any], faults: Faults) -> None:
        self._book = book
        self._faults = faults
        self._ids = book.row_of
        ids = (trade.get("id") for trade in trades if isinstance(trade, Mapping))
        self._given = {each for each in ids if isinstance(each, str)}
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
        change = None
        if "quantity" in trade:
            change = values.number(trade["quantity"], f"{pointer}/quantity", self._faults)
        if "id" in trade:
            self._held(trade["id"], f"{pointer}/id")
            self._once(trade["id"], self._changed, f"{pointer}/id")
            if change is not None:
                self._bound(trade["id"], change, f"{pointer}/quantity")
        return dict(trade)

    def _bound(self, name: Any, change: float, pointer: str) -> None:
        """Hold the quantity after a change, and its notional, to the limits of any position."""
        row = self._ids.get(name) if isinstance(name, str) else None
        if row is None:
            return
        quantity, price, multiplier = (float(self._book.numbers[each][row]) for each in _NOTIONAL)
        after = quantity + change
        if not abs(after) <= NUMBERS["quantity"].maximum:
            self._faults.add(pointer, f"The quantity after it must be {NUMBERS['quantity'].range}.")
        elif abs(after * price * multiplier) > MAX_NOTIONAL:
            self._faults.add(pointer, f"The absolute notional after it is above {MAX_NOTIONAL:g}.")

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
        if isinstance(trade.get("id"), str) and trade["id"] in self._ids:
            remedy = "Give it another id; to change that position send its id and a quantity alone."
            self._faults.add(f"{pointer}/id", f"The book has a position {quote(trade['id'])} already.", remedy=remedy)
        given = {name: value for name, value in trade.items() if value is not None}
        return {"id": self._free(f"trade-{index + 1}"), **self._inherited(given), **given}

    def _free(self, name: str) -> str:
        while name in self._ids or name in self._given:
            name += "'"
        return name

    def _inherited(self, trade: Mapping[str, Any]) -> dict[str, Any]:
        """Return the terms of the book's first position in the symbol, where the trade does not say what it is."""
        symbol = trade.get("symbol")
        row = self._book.labels["symbol"].first_row.get(symbol) if isinstance(symbol, str) else None
        if row is None:
            return {}
        held = self._book.position(row)
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
    open_ones = [
        trade
        for trade in trades
        if isinstance(trade.get("symbol"), str) and not {"price", "market_value"} & trade.keys()
    ]
    symbols = sorted({trade["symbol"] for trade in open_ones})
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
    given = 0.0 if value.get("cash") is None else value["cash"]
    cash = values.bounded(given, f"{pointer}/cash", faults, minimum=-MAX_AMOUNT, maximum=MAX_AMOUNT)
    basket = Basket(
        added=_added(trades, f"{pointer}/trades", faults, unpriced=unpriced),
        changed=changed,
        closed=tuple(trade[_CLOSE] for trade in trades if _CLOSE in trade),
        cash=cash or 0.0,
        collateral=_collateral(value.get("collateral"), f"{pointer}/collateral", faults),
    )
    faults.settle()
    rows = value.get(_CRIF)
    return basket if rows is None else replace(basket, rows=_rows(rows, parameters, f"{pointer}/{_CRIF}"))


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
    given = None if value is None else values.mapping(value, pointer, faults)
    for name, item in (given or {}).items():
        at = f"{pointer}/{escape(name)}"
        kind = collateral_type(name)
        if kind not in COLLATERAL_TYPES:
            remedy = nearest(kind, COLLATERAL_TYPES)
            faults.add(at, f"The collateral type {quote(name)} is unknown.", remedy=remedy)
        elif kind in found:
            faults.add(at, f"The collateral type {kind} comes more than once.", remedy="Add the amounts up.")
        else:
            found[kind] = values.bounded(item, at, faults, minimum=-MAX_AMOUNT, maximum=MAX_AMOUNT) or 0.0
    return found


def _rows(text: str, parameters: Mapping[str, Any], pointer: str) -> Crif:
    own = {name: each for name, each in parameters.items() if name not in {"basket", "limits"}}
    return read_crif(text.encode(), Measure.MARGIN, own, name="basket", pointer=pointer)
