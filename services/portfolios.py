"""Stored portfolios: every version kept, equal content stored once, nothing overwritten unseen."""

from typing import Any

import numpy as np

from compute.portfolio import Portfolio
from core.names import Permission
from core.security import Principal
from services.errors import NotFoundError, PreconditionFailedError
from services.inputs import load_portfolio
from services.intake.values import address_problem
from services.runtime import Runtime
from storage import audit, portfolios
from storage.columns import pack
from storage.database import Connection
from storage.portfolios import PortfolioInfo, StoredPortfolio

ANY = frozenset({"*"})


def store(
    runtime: Runtime,
    principal: Principal,
    portfolio: Portfolio,
    *,
    if_match: frozenset[str] | None = None,
    if_none_match: frozenset[str] | None = None,
) -> tuple[StoredPortfolio, bool]:
    """Store a version where the preconditions hold; also say whether the portfolio is new."""
    principal.require(Permission.SUBMIT)
    packed = pack(portfolio.document(), portfolio.tables())
    with runtime.database.unit_of_work() as conn:
        before = portfolios.get(conn, principal.tenant, portfolio.id)
        stored = portfolios.put(
            conn,
            principal.tenant,
            portfolio.id,
            expected_version=_expected(before, if_match, if_none_match),
            name=portfolio.name,
            currency=portfolio.currency,
            position_count=len(portfolio),
            packed=packed,
            actor=principal.subject,
        )
        if before is None or stored.version != before.version:
            _audit(conn, principal, "portfolio.stored", stored)
    return stored, before is None


def show(runtime: Runtime, principal: Principal, portfolio_id: str, version: int | None = None) -> StoredPortfolio:
    """Return the newest version, or a certain one; a deleted portfolio is gone, its older versions are not."""
    principal.require(Permission.READ)
    _require_id(portfolio_id)
    with runtime.database.read() as conn:
        found = portfolios.get(conn, principal.tenant, portfolio_id, version)
    if found is None or found.columns is None:
        raise NotFoundError("portfolio", portfolio_id)
    return found


def listing(
    runtime: Runtime, principal: Principal, *, cursor: str | None = None, limit: int = 50
) -> tuple[list[PortfolioInfo], str | None]:
    """Return a page of the tenant's portfolios by id."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        return portfolios.page(conn, principal.tenant, cursor=cursor, limit=limit)


def versions(runtime: Runtime, principal: Principal, portfolio_id: str) -> list[PortfolioInfo]:
    """Return every version, newest first."""
    principal.require(Permission.READ)
    _require_id(portfolio_id)
    with runtime.database.read() as conn:
        found = portfolios.versions(conn, principal.tenant, portfolio_id)
    if not found:
        raise NotFoundError("portfolio", portfolio_id)
    return found


def remove(
    runtime: Runtime, principal: Principal, portfolio_id: str, *, if_match: frozenset[str] | None = None
) -> None:
    """Delete a portfolio: its versions stay for the jobs that used them."""
    principal.require(Permission.SUBMIT)
    _require_id(portfolio_id)
    with runtime.database.unit_of_work() as conn:
        before = portfolios.get(conn, principal.tenant, portfolio_id)
        if before is None:
            raise NotFoundError("portfolio", portfolio_id)
        expected = _expected(before, if_match, None)
        gone = portfolios.delete(
            conn, principal.tenant, portfolio_id, expected_version=expected, actor=principal.subject
        )
        if gone is None:
            raise NotFoundError("portfolio", portfolio_id)
        _audit(conn, principal, "portfolio.deleted", gone)


def portfolio_document(stored: StoredPortfolio) -> dict[str, Any]:
    """Return a stored portfolio in the wire shape that stores it again."""
    return book_document(load_portfolio(stored.columns or b""))


def book_document(portfolio: Portfolio) -> dict[str, Any]:
    """Return positions and what stands beside them in the wire shape."""
    head = portfolio.document()
    head.pop("vocabularies")
    return {
        **{name: value for name, value in head.items() if value is not None},
        "positions": _positions(portfolio),
    }


def info_document(info: PortfolioInfo) -> dict[str, Any]:
    """Return one version without its positions."""
    return {
        "id": info.id,
        "version": info.version,
        "name": info.name,
        "currency": info.currency,
        "position_count": info.position_count,
        "content_hash": info.content_hash,
        "deleted": info.deleted,
        "created_by": info.created_by,
        "created_at": info.created_at,
    }


def _require_id(portfolio_id: str) -> None:
    """Raise NotFoundError for what cannot be an id: Postgres could not even compare it."""
    if address_problem(portfolio_id):
        raise NotFoundError("portfolio", portfolio_id[:64].encode("ascii", "replace").decode())


def _expected(
    before: PortfolioInfo | None, if_match: frozenset[str] | None, if_none_match: frozenset[str] | None
) -> int | None:
    """Judge the preconditions, and return the version that must still be the newest when it is stored."""
    present = 0 if before is None else before.version
    tag = {"*", str(present)} if present else set()
    if (if_match is not None and not if_match & tag) or (if_none_match is not None and if_none_match & tag):
        raise PreconditionFailedError(f"The present version is {present}." if present else "No version is stored.")
    return None if if_match is None and if_none_match is None else present


def _positions(portfolio: Portfolio) -> list[dict[str, Any]]:
    columns: dict[str, list[Any]] = {"id": list(portfolio.ids)}
    columns |= {name: labels.texts() for name, labels in portfolio.labels.items()}
    columns |= {name: _numbers(values) for name, values in portfolio.numbers.items()}
    names = list(columns)
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*columns.values(), strict=True)
    ]


def _numbers(values: np.ndarray) -> list[float | None]:
    missing = np.isnan(values)
    if not missing.any():
        return values.tolist()  # type: ignore[no-any-return]
    return [None if absent else value for value, absent in zip(values.tolist(), missing.tolist(), strict=True)]


def _audit(conn: Connection, principal: Principal, action: str, stored: PortfolioInfo) -> None:
    audit.write(
        conn,
        tenant=principal.tenant,
        actor=principal.subject,
        action=action,
        subject=f"portfolio:{stored.id}",
        detail={"version": stored.version, "content_hash": stored.content_hash, "positions": stored.position_count},
    )
