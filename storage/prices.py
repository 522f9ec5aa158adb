"""The last price of each symbol that a tenant stored; a price never gives way to an older one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, Connection, DateTime, Double, Text, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import insert

from storage.paging import read_text, write_text
from storage.schema import prices
from storage.sql import now


@dataclass(frozen=True, kw_only=True)
class Price:
    """A price per unit and the moment it was true."""

    symbol: str
    price: float
    as_of: datetime


_MOMENT = DateTime(timezone=True)
_FIELDS = (prices.c.symbol, prices.c.price, prices.c.as_of)
_given = (
    func.unnest(
        bindparam("symbols", type_=ARRAY(Text)),
        bindparam("amounts", type_=ARRAY(Double)),
        bindparam("moments", type_=ARRAY(_MOMENT)),
    )
    .table_valued(column("symbol", Text), column("price", Double), column("as_of", _MOMENT))
    .render_derived("given")
)
_insert = insert(prices).from_select(
    ["tenant", "symbol", "price", "as_of"],
    select(bindparam("of_tenant", type_=Text), _given.c.symbol, _given.c.price, _given.c.as_of).order_by(
        _given.c.symbol
    ),
)
_PUT = _insert.on_conflict_do_update(
    index_elements=[prices.c.tenant, prices.c.symbol],
    set_={"price": _insert.excluded.price, "as_of": _insert.excluded.as_of, "updated_at": now()},
    where=_insert.excluded.as_of >= prices.c.as_of,
).returning(prices.c.symbol)
_GET = select(*_FIELDS).where(
    prices.c.tenant == bindparam("of_tenant"), prices.c.symbol == func.any(bindparam("symbols", type_=ARRAY(Text)))
)


def put_many(connection: Connection, tenant: str, given: Sequence[Price]) -> list[str]:
    """Store prices, each symbol once, and return the symbols whose stored price is younger and stays."""
    ordered = {price.symbol: price for price in given}
    bound = {
        "of_tenant": tenant,
        "symbols": list(ordered),
        "amounts": [price.price for price in ordered.values()],
        "moments": [price.as_of for price in ordered.values()],
    }
    stored = set(connection.execute(_PUT, bound).scalars())
    return [symbol for symbol in ordered if symbol not in stored]


def get_many(connection: Connection, tenant: str, symbols: Sequence[str]) -> dict[str, Price]:
    """Return the stored prices by symbol; symbols without one are left out."""
    rows = connection.execute(_GET, {"of_tenant": tenant, "symbols": list(symbols)})
    return {row.symbol: Price(**row._asdict()) for row in rows}


def page(
    connection: Connection, tenant: str, *, cursor: str | None = None, limit: int = 100
) -> tuple[list[Price], str | None]:
    """Return a tenant's prices by symbol and the cursor of the next page; raise CursorError."""
    statement = select(*_FIELDS).where(prices.c.tenant == tenant)
    if cursor is not None:
        statement = statement.where(prices.c.symbol > read_text(cursor))
    rows = connection.execute(statement.order_by(prices.c.symbol).limit(limit + 1))
    found = [Price(**row._asdict()) for row in rows]
    more = len(found) > limit
    return found[:limit], write_text(found[limit - 1].symbol) if more else None
