"""The portfolios that a preview reads: loaded part by part while it runs, none of them held longer than needed."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from compute.market import Market, StoredBook
from compute.measures import MeasureSpec
from compute.portfolio import Portfolio
from services.errors import InvalidInputError
from services.impact_pins import BOOKS
from services.inputs import load_market, load_portfolio
from services.intake.pricing import fill_prices
from storage import tenant_pins
from storage.database import Connection, Database

CHUNK = 16
"""Portfolios in memory at once, with their histories."""
_GONE = {
    "code": "not-found",
    "detail": "The pinned version of the portfolio is no longer stored.",
    "pointer": "",
    "remedy": "Preview again.",
}


class StoredBooks(Collection[StoredBook]):
    """Pinned portfolios, read from Postgres in parts each time they are gone through."""

    def __init__(
        self, database: Database, tenant: str, pins: Mapping[str, Any], spec: MeasureSpec, parameters: Mapping[str, Any]
    ) -> None:
        self._database = database
        self._tenant = tenant
        self._versions: Mapping[str, int] = pins["portfolios"]
        self._levels = {symbol: price["price"] for symbol, price in pins["prices"].items()}
        self._histories: Mapping[str, int] = pins["histories"]
        self._spec = spec
        self._needs_history = spec.needs_history(parameters)

    def __len__(self) -> int:
        return len(self._versions)

    def __contains__(self, item: object) -> bool:
        return isinstance(item, StoredBook) and self._versions.get(item.id) == item.version

    def __iter__(self) -> Iterator[StoredBook]:
        items = iter(self._versions.items())
        while part := list(islice(items, CHUNK)):
            with self._database.read() as conn:
                stored = tenant_pins.columns(conn, self._tenant, part)
                books = [self._book(conn, name, version, stored.get(name)) for name, version in part]
            yield from books

    def _book(self, conn: Connection, name: str, version: int, columns: bytes | None) -> StoredBook:
        found = StoredBook(id=name, version=version, problem=_GONE)
        if columns is None:
            return found
        try:
            portfolio = load_portfolio(columns)
            priced = fill_prices(portfolio, self._levels, pointer="", partly=self._spec.values_itself)
            market = self._market(conn, portfolio) if self._needs_history else Market()
        except InvalidInputError as error:
            return replace(found, problem=_problem(error))
        return StoredBook(id=name, version=version, portfolio=priced, market=market)

    def _market(self, conn: Connection, portfolio: Portfolio) -> Market:
        names = list(dict.fromkeys(self._spec.history_names(portfolio)))
        missing = [name for name in names if name not in self._histories]
        if missing:
            raise InvalidInputError.at(
                "/positions",
                f"No price history is stored for {', '.join(missing[:5])}{' …' if missing[5:] else ''}.",
                remedy="Send it to POST /api/v1/prices/history.",
            )
        wanted = [*names, *self._spec.more_history(portfolio)]
        return load_market(
            conn,
            self._tenant,
            {"histories": {name: self._histories[name] for name in wanted if name in self._histories}},
        )


def with_books(
    database: Database,
    tenant: str,
    pins: Mapping[str, Any],
    spec: MeasureSpec,
    parameters: Mapping[str, Any],
    market: Market,
) -> Market:
    """Return the market with the portfolios that a job pins, if it pins any."""
    if BOOKS not in pins:
        return market
    return replace(market, books=StoredBooks(database, tenant, pins[BOOKS], spec, parameters))


def _problem(error: InvalidInputError) -> dict[str, str]:
    first = error.faults[0]
    return {"code": error.code, "detail": error.detail, "pointer": first.pointer, "remedy": first.remedy}
