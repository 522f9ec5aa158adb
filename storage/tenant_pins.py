"""What a computation over all of a tenant's portfolios pins, and reading the pinned columns in parts."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, Connection, Integer, Text, and_, bindparam, column, func, select

from storage.schema import portfolios, price_history

_P, _H = portfolios.c, price_history.c
_wanted = (
    func.unnest(bindparam("ids", type_=ARRAY(Text)), bindparam("versions", type_=ARRAY(Integer)))
    .table_valued(column("id", Text), column("version", Integer))
    .render_derived("wanted")
)
_COLUMNS = (
    select(_P.id, _P["columns"])
    .select_from(portfolios.join(_wanted, and_(_P.id == _wanted.c.id, _P.version == _wanted.c.version)))
    .where(_P.tenant == bindparam("of_tenant"))
)


def portfolio_versions(connection: Connection, tenant: str) -> dict[str, int]:
    """Return the newest version of each portfolio that is not deleted, by id."""
    newest = (
        select(_P.id, _P.version, _P.deleted)
        .where(_P.tenant == tenant)
        .distinct(_P.id)
        .order_by(_P.id, _P.version.desc())
        .subquery()
    )
    statement = select(newest.c.id, newest.c.version).where(~newest.c.deleted).order_by(newest.c.id)
    return {row.id: row.version for row in connection.execute(statement)}


def history_versions(connection: Connection, tenant: str) -> dict[str, int]:
    """Return the newest version of each symbol's price history."""
    statement = select(_H.symbol, func.max(_H.version).label("version")).where(_H.tenant == tenant).group_by(_H.symbol)
    return {row.symbol: row.version for row in connection.execute(statement)}


def columns(connection: Connection, tenant: str, pins: Sequence[tuple[str, int]]) -> dict[str, bytes | None]:
    """Return the packed columns of versions of portfolios, by id; None for one whose columns are gone."""
    ids, versions = [name for name, _ in pins], [version for _, version in pins]
    rows = connection.execute(_COLUMNS, {"of_tenant": tenant, "ids": ids, "versions": versions})
    return {row.id: row.columns for row in rows}
