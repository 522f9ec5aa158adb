"""Portfolios: every version is kept; a delete is a version without columns; equal content makes no new version."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, and_, bindparam, func, insert, select

from storage.errors import VersionConflictError
from storage.packed import Packed
from storage.paging import read_text, write_text
from storage.schema import portfolios


@dataclass(frozen=True, kw_only=True)
class PortfolioInfo:
    """One version of a portfolio without its columns."""

    tenant: str
    id: str
    version: int
    name: str
    currency: str
    position_count: int
    content_hash: str
    deleted: bool
    created_by: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class StoredPortfolio(PortfolioInfo):
    """One version of a portfolio; `columns` is None for a deleted one."""

    columns: bytes | None


_INFO = tuple(column for column in portfolios.c if column.name != "columns")
_SAME = and_(portfolios.c.tenant == bindparam("of_tenant"), portfolios.c.id == bindparam("portfolio_id"))
_LATEST = select(*portfolios.c).where(_SAME).order_by(portfolios.c.version.desc()).limit(1)
_NEWEST = select(portfolios.c.version, portfolios.c.deleted).where(_SAME).order_by(portfolios.c.version.desc()).limit(1)
_VERSION = select(*portfolios.c).where(_SAME, portfolios.c.version == bindparam("of_version"))
_NAME = func.concat(bindparam("of_tenant", type_=Text), "/", bindparam("portfolio_id", type_=Text))
_ORDERLY = select(func.pg_advisory_xact_lock(func.hashtextextended(_NAME, 0)))


def put(
    connection: Connection,
    tenant: str,
    portfolio_id: str,
    *,
    expected_version: int | None = None,
    name: str,
    currency: str,
    position_count: int,
    packed: Packed,
    actor: str,
) -> StoredPortfolio:
    """Store a version unless the latest has the same content, and return what is now the latest.

    `expected_version` is the version that must be the latest, 0 for none; raise VersionConflictError if it is not.
    """
    latest = _turn(connection, tenant, portfolio_id)
    _require(latest, expected_version)
    if latest and not latest.deleted and (latest.content_hash, latest.name) == (packed.content_hash, name):
        return latest
    return _add(
        connection,
        tenant=tenant,
        id=portfolio_id,
        version=(latest.version if latest else 0) + 1,
        name=name,
        currency=currency,
        position_count=position_count,
        content_hash=packed.content_hash,
        columns=packed.data,
        created_by=actor,
    )


def delete(
    connection: Connection, tenant: str, portfolio_id: str, *, expected_version: int | None = None, actor: str
) -> StoredPortfolio | None:
    """Store a version that says "deleted"; None if there is nothing to delete; raise VersionConflictError."""
    latest = _turn(connection, tenant, portfolio_id)
    _require(latest, expected_version)
    if latest is None or latest.deleted:
        return None
    return _add(
        connection,
        tenant=tenant,
        id=portfolio_id,
        version=latest.version + 1,
        name=latest.name,
        currency=latest.currency,
        position_count=0,
        content_hash="",
        deleted=True,
        created_by=actor,
    )


def get(connection: Connection, tenant: str, portfolio_id: str, version: int | None = None) -> StoredPortfolio | None:
    """Return the latest version or a certain one, also of a deleted portfolio; None if there never was one.

    A deleted latest version is None; ask for a version to read it.
    """
    bound = {"of_tenant": tenant, "portfolio_id": portfolio_id}
    if version is None:
        found = _stored(connection.execute(_LATEST, bound).one_or_none())
        return None if found is None or found.deleted else found
    return _stored(connection.execute(_VERSION, {**bound, "of_version": version}).one_or_none())


def latest_version(connection: Connection, tenant: str, portfolio_id: str) -> int | None:
    """Return the number of the latest version without reading its columns; None for a deleted one, or none at all."""
    row = connection.execute(_NEWEST, {"of_tenant": tenant, "portfolio_id": portfolio_id}).one_or_none()
    return None if row is None or row.deleted else int(row.version)


def versions(connection: Connection, tenant: str, portfolio_id: str, *, limit: int = 1000) -> list[PortfolioInfo]:
    """Return the versions of a portfolio without their columns, newest first."""
    statement = (
        select(*_INFO)
        .where(portfolios.c.tenant == tenant, portfolios.c.id == portfolio_id)
        .order_by(portfolios.c.version.desc())
        .limit(limit)
    )
    return [PortfolioInfo(**row._asdict()) for row in connection.execute(statement)]


def page(
    connection: Connection, tenant: str, *, cursor: str | None = None, limit: int = 50
) -> tuple[list[PortfolioInfo], str | None]:
    """Return the latest version of each portfolio that is not deleted, by id; raise CursorError."""
    latest = select(*_INFO).where(portfolios.c.tenant == tenant)
    if cursor is not None:
        latest = latest.where(portfolios.c.id > read_text(cursor))
    newest = latest.distinct(portfolios.c.id).order_by(portfolios.c.id, portfolios.c.version.desc()).subquery()
    statement = select(newest).where(~newest.c.deleted).order_by(newest.c.id).limit(limit + 1)
    found = [PortfolioInfo(**row._asdict()) for row in connection.execute(statement)]
    more = len(found) > limit
    return found[:limit], write_text(found[limit - 1].id) if more else None


def count(connection: Connection, tenant: str) -> int:
    """Return how many portfolios a tenant has that are not deleted."""
    newest = (
        select(portfolios.c.deleted)
        .where(portfolios.c.tenant == tenant)
        .distinct(portfolios.c.id)
        .order_by(portfolios.c.id, portfolios.c.version.desc())
        .subquery()
    )
    return connection.execute(select(func.count()).select_from(newest).where(~newest.c.deleted)).scalar_one()


def _turn(connection: Connection, tenant: str, portfolio_id: str) -> StoredPortfolio | None:
    # Writers of one portfolio take turns, also those of its first version, which has no row yet to lock.
    bound = {"of_tenant": tenant, "portfolio_id": portfolio_id}
    connection.execute(_ORDERLY, bound)
    return _stored(connection.execute(_LATEST, bound).one_or_none())


def _require(latest: StoredPortfolio | None, expected: int | None) -> None:
    present = 0 if latest is None or latest.deleted else latest.version
    if expected is not None and expected != present:
        raise VersionConflictError(f"The present version is {present}, not {expected}.")


def _add(connection: Connection, **values: Any) -> StoredPortfolio:
    row = connection.execute(insert(portfolios).returning(*portfolios.c), values).one()
    return StoredPortfolio(**row._asdict())


def _stored(row: Row[Any] | None) -> StoredPortfolio | None:
    return None if row is None else StoredPortfolio(**row._asdict())
