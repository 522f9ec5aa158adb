"""Stored prices and price histories of a tenant."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from core.clock import isoformat, utcnow
from core.names import Permission
from core.security import Principal
from services.errors import InvalidInputError
from services.history_file import SymbolHistory
from services.idempotency import Answer, Held, keep
from services.inputs import pack_history
from services.intake import values
from services.intake.careful import unknown_field
from services.intake.faults import Faults, escape
from services.intake.parse import parse
from services.runtime import Runtime
from storage import audit, histories, prices
from storage.histories import HistoryInfo, NewHistory
from storage.prices import Price

MAX_PRICE = 1e15
MAX_PRICES = 100_000
_TOLERANCE_SECONDS = 300.0


def decode_prices(body: bytes) -> list[Price]:
    """Return the prices in `{"prices": {"AAPL": {"price": 150.0, "as_of": …}}}`."""
    faults = Faults()
    tree = values.mapping(parse(body), "", faults) or {}
    for name in tree:
        if name != "prices":
            unknown_field(name, "", ("prices",), faults)
    if "prices" not in tree and not faults:
        faults.add("/prices", "prices is required.", remedy='Send {"prices": {"AAPL": {"price": 150.0}}}.')
    given = values.mapping(tree.get("prices", {}), "/prices", faults) or {}
    if len(given) > MAX_PRICES:
        faults.add("/prices", f"There are {len(given):,} prices, more than {MAX_PRICES:,}.")
        raise InvalidInputError(faults.items)
    now = utcnow()
    found = [_price(symbol, item, now, faults) for symbol, item in given.items()]
    faults.settle()
    return [price for price in found if price is not None]


def _price(symbol: str, item: Any, now: datetime, faults: Faults) -> Price | None:
    pointer = f"/prices/{escape(symbol)}"
    problem = values.text_problem(symbol)
    if problem is not None:
        faults.add(pointer, f"The symbol {problem}.")
        return None
    tree = values.mapping(item, pointer, faults)
    if tree is None:
        return None
    for name in tree:
        if name not in {"price", "as_of"}:
            unknown_field(name, pointer, ("price", "as_of"), faults)
    if "price" not in tree:
        faults.add(f"{pointer}/price", "price is required.")
        return None
    price = values.bounded(tree["price"], f"{pointer}/price", faults, minimum=-MAX_PRICE, maximum=MAX_PRICE)
    as_of = now if tree.get("as_of") is None else _moment(tree["as_of"], f"{pointer}/as_of", now, faults)
    return None if price is None or as_of is None else Price(symbol=symbol, price=price, as_of=as_of)


def _moment(value: Any, pointer: str, now: datetime, faults: Faults) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
        if found is not None and found.tzinfo is not None:
            found = found.astimezone(UTC)
    except (ValueError, OverflowError):  # a zone can push a moment of year 1 out of the calendar
        found = None
    if found is None or found.tzinfo is None:
        faults.add(pointer, "as_of must be a moment with its zone.", remedy="Write for example 2025-01-31T16:00:00Z.")
        return None
    if (found - now).total_seconds() > _TOLERANCE_SECONDS:
        faults.add(pointer, "as_of lies in the future.", remedy="Send the moment at which the price was true.")
        return None
    return found


def store_prices(runtime: Runtime, principal: Principal, given: Sequence[Price], *, claim: Held | None) -> Answer:
    """Store the latest prices; one that is older than what is stored stays out, and is named."""
    principal.require(Permission.MARKET)
    with runtime.database.unit_of_work() as conn:
        older = prices.put_many(conn, principal.tenant, given)
        detail = {"stored": len(given) - len(older), "older": len(older)}
        audit.write(
            conn,
            tenant=principal.tenant,
            actor=principal.subject,
            action="prices.stored",
            subject="prices",
            detail=detail,
        )
        return keep(conn, claim, {"stored": len(given) - len(older), "kept_newer": older})


def store_histories(
    runtime: Runtime, principal: Principal, given: Sequence[SymbolHistory], *, claim: Held | None
) -> Answer:
    """Store one version a symbol; equal content makes no new version."""
    principal.require(Permission.MARKET)
    new = [_new_history(history) for history in given]
    with runtime.database.unit_of_work() as conn:
        versions = histories.put_many(conn, principal.tenant, new)
        detail = {"symbols": len(new), "observations": sum(history.observations for history in new)}
        audit.write(
            conn,
            tenant=principal.tenant,
            actor=principal.subject,
            action="history.stored",
            subject="price_history",
            detail=detail,
        )
        stored = {history.symbol: _stored_document(history, versions[history.symbol]) for history in new}
        return keep(conn, claim, {"symbols": stored})


def listing(
    runtime: Runtime, principal: Principal, *, cursor: str | None = None, limit: int = 100
) -> tuple[list[Price], str | None]:
    """Return a page of the tenant's prices by symbol."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        return prices.page(conn, principal.tenant, cursor=cursor, limit=limit)


def named(runtime: Runtime, principal: Principal, symbols: Sequence[str]) -> list[Price]:
    """Return the prices of certain symbols, those that are stored."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        return list(prices.get_many(conn, principal.tenant, symbols).values())


def history_listing(runtime: Runtime, principal: Principal) -> list[HistoryInfo]:
    """Return the newest version of every symbol's history, without its closes."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        return histories.infos(conn, principal.tenant)


def price_document(price: Price) -> dict[str, Any]:
    """Return a price as it goes over the wire."""
    return {"symbol": price.symbol, "price": price.price, "as_of": isoformat(price.as_of)}


def history_document(info: HistoryInfo) -> dict[str, Any]:
    """Return a stored history without its closes."""
    return {
        "symbol": info.symbol,
        "version": info.version,
        "first_date": info.first_date.isoformat(),
        "last_date": info.last_date.isoformat(),
        "observations": info.observations,
        "content_hash": info.content_hash,
        "created_at": isoformat(info.created_at),
    }


def _new_history(history: SymbolHistory) -> NewHistory:
    return NewHistory(
        symbol=history.symbol,
        first_date=history.dates[0].item(),
        last_date=history.dates[-1].item(),
        observations=len(history.dates),
        packed=pack_history(history.dates, history.closes),
    )


def _stored_document(history: NewHistory, version: int) -> dict[str, Any]:
    return {
        "version": version,
        "first_date": history.first_date.isoformat(),
        "last_date": history.last_date.isoformat(),
        "observations": history.observations,
    }
