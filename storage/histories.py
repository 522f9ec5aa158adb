"""Price histories: one row for a symbol and version, its dates and closes as packed columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ARRAY, Connection, Integer, Text, and_, bindparam, column, func, insert, select

from storage.packed import Packed
from storage.schema import price_history


@dataclass(frozen=True, kw_only=True)
class NewHistory:
    """The closes of a symbol, packed."""

    symbol: str
    first_date: date
    last_date: date
    observations: int
    packed: Packed


@dataclass(frozen=True, kw_only=True)
class HistoryInfo:
    """A stored version without its columns."""

    symbol: str
    version: int
    first_date: date
    last_date: date
    observations: int
    content_hash: str
    created_at: datetime


_INFO = tuple(column for column in price_history.c if column.name not in {"tenant", "columns"})
_OF_TENANT = price_history.c.tenant == bindparam("of_tenant")
_NAMED = price_history.c.symbol == func.any(bindparam("symbols", type_=ARRAY(Text)))
_ORDERLY = select(
    func.pg_advisory_xact_lock(func.hashtextextended(func.concat("history/", bindparam("of_tenant", type_=Text)), 0))
)
_LATEST = (
    select(price_history.c.symbol, price_history.c.version, price_history.c.content_hash)
    .where(_OF_TENANT, _NAMED)
    .distinct(price_history.c.symbol)
    .order_by(price_history.c.symbol, price_history.c.version.desc())
)
_wanted = (
    func.unnest(bindparam("symbols", type_=ARRAY(Text)), bindparam("versions", type_=ARRAY(Integer)))
    .table_valued(column("symbol", Text), column("version", Integer))
    .render_derived("wanted")
)
_LOAD = (
    select(price_history.c.symbol, price_history.c["columns"])
    .select_from(
        price_history.join(
            _wanted,
            and_(price_history.c.symbol == _wanted.c.symbol, price_history.c.version == _wanted.c.version),
        )
    )
    .where(_OF_TENANT)
)


def put(connection: Connection, tenant: str, history: NewHistory) -> int:
    """Store a version unless the latest has the same content; return the version that is now the latest."""
    return put_many(connection, tenant, [history])[history.symbol]


def put_many(connection: Connection, tenant: str, histories: Sequence[NewHistory]) -> dict[str, int]:
    """Store several symbols at once; return the version of each that is now the latest."""
    bound = {"of_tenant": tenant, "symbols": [history.symbol for history in histories]}
    connection.execute(_ORDERLY, {"of_tenant": tenant})  # writers of a tenant's histories take turns
    known = {row.symbol: (row.version, row.content_hash) for row in connection.execute(_LATEST, bound)}
    nothing = (0, "")
    fresh = [
        {
            "tenant": tenant,
            "symbol": history.symbol,
            "version": known.get(history.symbol, nothing)[0] + 1,
            "first_date": history.first_date,
            "last_date": history.last_date,
            "observations": history.observations,
            "content_hash": history.packed.content_hash,
            "columns": history.packed.data,
        }
        for history in histories
        if known.get(history.symbol, nothing)[1] != history.packed.content_hash
    ]
    if fresh:
        connection.execute(insert(price_history), fresh)
    return {symbol: version for symbol, (version, _) in known.items()} | {
        str(row["symbol"]): int(str(row["version"])) for row in fresh
    }


def latest_versions(connection: Connection, tenant: str, symbols: Sequence[str]) -> dict[str, int]:
    """Return the latest version of each symbol; symbols without a history are left out."""
    rows = connection.execute(_LATEST, {"of_tenant": tenant, "symbols": list(symbols)})
    return {row.symbol: row.version for row in rows}


def load(connection: Connection, tenant: str, pinned: Sequence[tuple[str, int]]) -> dict[str, bytes]:
    """Return the packed columns of pinned versions by symbol, in the order asked; missing ones are left out."""
    bound = {
        "of_tenant": tenant,
        "symbols": [symbol for symbol, _ in pinned],
        "versions": [version for _, version in pinned],
    }
    found = {row[0]: row[1] for row in connection.execute(_LOAD, bound)}
    return {symbol: found[symbol] for symbol, _ in pinned if symbol in found}


def infos(connection: Connection, tenant: str) -> list[HistoryInfo]:
    """Return the latest version of each of a tenant's symbols, without the columns."""
    statement = (
        select(*_INFO)
        .where(price_history.c.tenant == tenant)
        .distinct(price_history.c.symbol)
        .order_by(price_history.c.symbol, price_history.c.version.desc())
    )
    return [HistoryInfo(**row._asdict()) for row in connection.execute(statement)]
