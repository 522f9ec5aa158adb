"""What a computation reads beside its request: stored portfolios, prices and histories, each pinned by version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from compute.analysis.whatif.basket import Basket
from compute.crif import KIND as CRIF
from compute.crif import Crif
from compute.market import Market, PriceHistory
from compute.measures import Book, MeasureSpec, Takes, measure
from compute.parameters import Kind
from compute.portfolio import Portfolio
from compute.resident import Resident
from core.clock import isoformat
from core.errors import Fault
from core.names import Measure
from services import earlier
from services.earlier import EARLIER
from services.errors import InvalidInputError, NotFoundError
from services.impact_pins import pinned
from services.intake.basket import StoredPrices, completed, read_basket
from services.intake.pricing import fill_prices, unpriced_symbols
from services.intake.request import JobRequest
from services.parameter_set_choice import with_set, with_sets_of_models
from services.pins import PURGED
from services.resident import Held, Residents
from storage import histories, portfolios, prices
from storage.columns import Packed, pack, unpack
from storage.database import Connection

FIELD_OF = {Takes.POSITIONS: "portfolio", Takes.CRIF: "crif"}


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """A request's inputs, resolved; `itself` unless a stored portfolio version is the input as it is.

    `parameters` are the request's with whatever storage adds to them written out, so that a replay needs nothing else.
    """

    portfolio: Book | None
    parameters: Mapping[str, Any]
    portfolio_version: int | None
    itself: bool
    market: Mapping[str, Any]
    resident: Resident | None = None  # what this process knows of the very same book
    stored: Packed | None = None  # the columns as they lie with another job, to be stored as they are

    @cached_property
    def packed(self) -> Packed | None:
        """What has to be stored with the job, packed when first asked for."""
        if self.stored is not None:
            return self.stored
        book = self.portfolio
        return pack(book.document(), book.tables()) if book is not None and self.itself else None


def resolve(conn: Connection, tenant: str, request: JobRequest, residents: Residents | None = None) -> Inputs:
    """Fill in what is stored and pin its versions; raise for a portfolio, price or history that is not there."""
    spec = measure(request.measure).chosen(request.parameters)
    if request.measure is Measure.IMPACT:
        return _of_everything(conn, tenant, spec, request)
    book, version, resident = request.portfolio, None, None
    market: dict[str, Any] = {}
    if request.portfolio_id is not None:
        held = _stored(conn, tenant, request.portfolio_id, residents)
        book, version, resident = held.portfolio, held.version, held.known
    _judge_kind(book, spec, request)
    as_of = None if book is None else book.as_of
    chosen = with_sets_of_models(conn, tenant, with_set(conn, tenant, spec, request, as_of), as_of)
    parameters = settled(spec, chosen, book, lambda symbols: _levels(conn, tenant, symbols))
    unpriced: tuple[str, ...] = ()
    if isinstance(book, Portfolio):
        unpriced = unpriced_symbols(book)
        if unpriced:
            book, market["prices"] = _priced(conn, tenant, book, unpriced, request.pointer, partly=spec.values_itself)
        reads = spec.needs_history(request.parameters)
        needed, traded = (spec.history_names(book), _traded(spec, parameters)) if reads else ([], {})
        more = spec.more_history(book)
        if needed or traded or more:
            market["histories"] = _history_versions(conn, tenant, needed, more, traded)
    if book is not None and EARLIER in spec.parameters:
        market[EARLIER] = earlier.pin(conn, tenant, parameters, book, load_book)
    itself = version is None or bool(unpriced)  # prices filled in are part of the input
    return Inputs(
        portfolio=book,
        parameters=parameters,
        portfolio_version=version,
        itself=itself,
        market=market,
        resident=None if itself else resident,
    )


def _of_everything(conn: Connection, tenant: str, spec: MeasureSpec, request: JobRequest) -> Inputs:
    """Pin all of the tenant's portfolios; none may be given."""
    if request.portfolio is not None or request.portfolio_id is not None:
        raise InvalidInputError.at(
            "/portfolio", f"{request.measure.value} is over all stored portfolios.", remedy="Leave it out."
        )
    parameters, pins = pinned(conn, tenant, spec, request)
    return Inputs(portfolio=None, parameters=parameters, portfolio_version=None, itself=False, market=pins)


def _stored(conn: Connection, tenant: str, portfolio_id: str, residents: Residents | None) -> Held:
    """Return the latest version of a stored portfolio: held ready by this process, or read now and held from now on."""
    version = portfolios.latest_version(conn, tenant, portfolio_id) if residents is not None else None
    held = residents.get(tenant, portfolio_id, version) if residents is not None and version is not None else None
    if held is not None:
        return held
    stored = portfolios.get(conn, tenant, portfolio_id)
    if stored is None or stored.columns is None:
        raise NotFoundError("portfolio", portfolio_id)
    portfolio = load_portfolio(stored.columns)
    kept = residents.keep(tenant, portfolio_id, stored.version, portfolio) if residents is not None else None
    return kept or Held.of(stored.version, portfolio)


def settled(
    spec: MeasureSpec, parameters: Mapping[str, Any], book: Book | None, stored: StoredPrices
) -> Mapping[str, Any]:
    """Return the parameters with each basket completed from the book and stored prices, and judged."""
    found = dict(parameters)
    for name in _baskets(spec):
        if book is not None and found[name]:
            found[name] = completed(found[name], book, stored, pointer=f"/parameters/{name}")
    opened(spec, found)
    return found


def opened(spec: MeasureSpec, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters as a kernel takes them: each basket as columns."""
    read = {
        name: read_basket(parameters[name], parameters, unpriced=spec.values_itself, pointer=f"/parameters/{name}")
        for name in _baskets(spec)
    }
    return {**parameters, **read} if read else parameters


def _baskets(spec: MeasureSpec) -> list[str]:
    return [name for name, parameter in spec.parameters.items() if parameter.kind is Kind.BASKET]


def _levels(conn: Connection, tenant: str, symbols: Sequence[str]) -> dict[str, float]:
    return {symbol: price.price for symbol, price in prices.get_many(conn, tenant, symbols).items()}


def load_book(data: bytes) -> Book:
    """Rebuild a job's portfolio, or the rows of its CRIF, from stored columns."""
    document, tables = unpack(data)
    return (Crif if document.get("kind") == CRIF else Portfolio).from_parts(document, tables)


def load_portfolio(data: bytes) -> Portfolio:
    """Rebuild a stored portfolio from its columns."""
    return Portfolio.from_parts(*unpack(data))


def _judge_kind(book: Book | None, spec: MeasureSpec, request: JobRequest) -> None:
    if book is None:
        return
    kind = Takes.CRIF if isinstance(book, Crif) else Takes.POSITIONS
    if kind not in spec.takes:
        model = request.parameters.get("model", request.measure.value)
        wanted = " or ".join(f"`{FIELD_OF[take]}`" for take in spec.takes)
        raise InvalidInputError(
            [
                Fault(
                    pointer=f"/{FIELD_OF[kind]}" if request.portfolio_id is None else "/portfolio_id",
                    detail=f"{model} does not take {kind.value}.",
                    remedy=f"Send {wanted}, or choose another model." if wanted else "Leave it out.",
                )
            ]
        )


def load_market(conn: Connection, tenant: str, pins: Mapping[str, Any]) -> Market:
    """Load the pinned versions of the histories, on one calendar, and the earlier side of a bridge."""
    before = earlier.load(conn, tenant, pins[EARLIER], load_book, load_market) if pins.get(EARLIER) else None
    return Market(history=_history(conn, tenant, pins.get("histories")), earlier=before)


def _history(conn: Connection, tenant: str, versions: Mapping[str, int] | None) -> PriceHistory | None:
    if not versions:
        return None
    stored = histories.load(conn, tenant, sorted(versions.items()))
    for symbol in versions:
        if symbol not in stored:
            raise NotFoundError("price history", f"{symbol}, version {versions[symbol]}", remedy=PURGED)
    return _on_one_calendar(stored)


def pack_history(dates: np.ndarray, closes: np.ndarray) -> Packed:
    """Pack one symbol's closes: shape (t,) datetime64[D], strictly rising, and (t,) float64."""
    return pack({}, {"history": {"day": dates.astype("datetime64[D]").astype(np.int64), "close": closes}})


def _priced(
    conn: Connection, tenant: str, portfolio: Portfolio, symbols: Sequence[str], pointer: str, *, partly: bool
) -> tuple[Portfolio, dict[str, Any]]:
    known = prices.get_many(conn, tenant, symbols)
    levels = {symbol: price.price for symbol, price in known.items()}
    filled = fill_prices(portfolio, levels, pointer=pointer, partly=partly)
    pins = {symbol: {"price": price.price, "as_of": isoformat(price.as_of)} for symbol, price in known.items()}
    return filled, pins


def _traded(spec: MeasureSpec, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the names whose histories the new positions of baskets need, and where the trades stand."""
    found: dict[str, str] = {}
    for name, basket in opened(spec, parameters).items():
        if isinstance(basket, Basket) and basket.added is not None:
            found |= dict.fromkeys(spec.history_names(basket.added), f"/parameters/{name}/trades")
    return found


def _history_versions(
    conn: Connection, tenant: str, names: Sequence[str], more: Sequence[str], traded: Mapping[str, str]
) -> dict[str, int]:
    """Return the latest version of each symbol's history; raise for one without any, unless it is of `more` alone.

    `names` are those of the positions in their order, `traded` those of new ones and where they stand.
    """
    versions = histories.latest_versions(conn, tenant, list(dict.fromkeys([*names, *traded, *more])))
    missing = [symbol for symbol in dict.fromkeys([*names, *traded]) if symbol not in versions]
    if missing:
        places = {
            **traded,
            **{name: f"/portfolio/positions/{names.index(name)}/symbol" for name in missing[:50] if name in names},
        }
        raise InvalidInputError(
            [_no_history(symbol, places[symbol]) for symbol in missing[:50]], omitted=max(0, len(missing) - 50)
        )
    return dict(versions)


def _no_history(symbol: str, pointer: str) -> Fault:
    return Fault(
        pointer=pointer,
        detail=f"No price history is stored for {symbol!r}.",
        remedy="Send it to POST /api/v1/prices/history.",
    )


def _on_one_calendar(stored: Mapping[str, bytes]) -> PriceHistory:
    columns = {symbol: unpack(data)[1]["history"] for symbol, data in stored.items()}
    days = np.unique(np.concatenate([np.asarray(column["day"]) for column in columns.values()]))
    closes = np.full((days.size, len(columns)), np.nan)
    for index, column in enumerate(columns.values()):
        closes[np.searchsorted(days, column["day"]), index] = column["close"]
    return PriceHistory(symbols=tuple(columns), dates=days.astype("datetime64[D]"), closes=closes)
