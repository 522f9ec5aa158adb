"""Parameter sets: every version is kept as it was written; only its state moves on, one statement a step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Text, and_, bindparam, func, insert, select, update

from core.names import SetState
from storage.errors import VersionConflictError
from storage.paging import read_number, read_text, write_number, write_text
from storage.schema import parameter_sets
from storage.sql import now


@dataclass(frozen=True, kw_only=True)
class SetInfo:
    """One version of a parameter set without its document."""

    tenant: str
    name: str
    version: int
    model: str
    content_hash: str
    note: str
    state: SetState
    revision: int
    created_by: str
    created_at: datetime
    submitted_by: str | None
    submitted_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    withdrawn_by: str | None
    withdrawn_at: datetime | None

    @property
    def tag(self) -> str:
        """What changes with every version and every step."""
        return f"{self.version}.{self.revision}"


@dataclass(frozen=True, kw_only=True)
class StoredSet(SetInfo):
    """One version of a parameter set."""

    document: dict[str, Any]


_C = parameter_sets.c
_INFO = tuple(column for column in _C if column.name != "document")
_SAME = and_(_C.tenant == bindparam("of_tenant"), _C.name == bindparam("of_name"))
_LATEST = select(*_C).where(_SAME).order_by(_C.version.desc()).limit(1)
_VERSION = select(*_C).where(_SAME, _C.version == bindparam("of_version"))
_APPROVED = select(*_C).where(_SAME, _C.state == SetState.APPROVED.value).order_by(_C.version.desc()).limit(1)
_TURN = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("turn", type_=Text), 0)))


def turn(connection: Connection, tenant: str, kind: str, name: str) -> None:
    """Wait until nobody else changes this: writers of one thing take turns until their transactions end."""
    connection.execute(_TURN, {"turn": f"{kind}/{tenant}/{name}"})


def put(
    connection: Connection,
    tenant: str,
    name: str,
    *,
    expected: str | None = None,
    model: str,
    document: Mapping[str, Any],
    content_hash: str,
    note: str,
    actor: str,
) -> tuple[StoredSet, bool]:
    """Store a draft unless the latest version says the same; return what is now the latest, and whether it is new.

    `expected` is the tag of what must be the latest, empty for none; raise VersionConflictError if it is not.
    """
    turn(connection, tenant, "parameter-set", name)
    latest = get(connection, tenant, name)
    present = "" if latest is None else latest.tag
    if expected is not None and expected != present:
        raise VersionConflictError(f"The present version is {present or 'none'}, not {expected or 'none'}.")
    if latest and latest.content_hash == content_hash and latest.state is not SetState.WITHDRAWN:
        return latest, False
    values = {
        "tenant": tenant,
        "name": name,
        "version": (latest.version if latest else 0) + 1,
        "model": model,
        "content_hash": content_hash,
        "document": dict(document),
        "note": note,
        "state": SetState.DRAFT.value,
        "created_by": actor,
    }
    return _stored(connection.execute(insert(parameter_sets).returning(*_C), values).one()), True


def get(connection: Connection, tenant: str, name: str, version: int | None = None) -> StoredSet | None:
    """Return the latest version or a certain one; None if there is none."""
    bound = {"of_tenant": tenant, "of_name": name}
    if version is None:
        row = connection.execute(_LATEST, bound).one_or_none()
    else:
        row = connection.execute(_VERSION, {**bound, "of_version": version}).one_or_none()
    return None if row is None else _stored(row)


def latest_approved(connection: Connection, tenant: str, name: str) -> StoredSet | None:
    """Return the newest version that is approved; None if there is none."""
    row = connection.execute(_APPROVED, {"of_tenant": tenant, "of_name": name}).one_or_none()
    return None if row is None else _stored(row)


def versions(
    connection: Connection, tenant: str, name: str, *, cursor: str | None = None, limit: int = 50
) -> tuple[list[SetInfo], str | None]:
    """Return versions without their documents, newest first; raise CursorError."""
    statement = select(*_INFO).where(_C.tenant == tenant, _C.name == name)
    if cursor is not None:
        statement = statement.where(_C.version < min(read_number(cursor), 2**31 - 1))
    found = [_info(row) for row in connection.execute(statement.order_by(_C.version.desc()).limit(limit + 1))]
    return found[:limit], write_number(found[limit - 1].version) if len(found) > limit else None


def page(
    connection: Connection, tenant: str, *, model: str | None = None, cursor: str | None = None, limit: int = 50
) -> tuple[list[SetInfo], str | None]:
    """Return the latest version of each set, by name; raise CursorError."""
    statement = select(*_INFO).where(_C.tenant == tenant)
    if model is not None:
        statement = statement.where(_C.model == model)
    if cursor is not None:
        statement = statement.where(_C.name > read_text(cursor))
    newest = statement.distinct(_C.name).order_by(_C.name, _C.version.desc()).limit(limit + 1)
    found = [_info(row) for row in connection.execute(newest)]
    return found[:limit], write_text(found[limit - 1].name) if len(found) > limit else None


def move(
    connection: Connection, found: SetInfo, *, sources: Sequence[SetState], target: SetState, actor: str
) -> StoredSet | None:
    """Take a version from one of some states to another; None if it is in none of them (any more)."""
    statement = (
        update(parameter_sets)
        .where(
            _C.tenant == found.tenant,
            _C.name == found.name,
            _C.version == found.version,
            _C.revision == found.revision,
            _C.state.in_([state.value for state in sources]),
        )
        .values(
            {
                "state": target.value,
                "revision": _C.revision + 1,
                f"{target.value}_by": actor,
                f"{target.value}_at": now(),
            }
        )
        .returning(*_C)
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else _stored(row)


def _stored(row: Row[Any]) -> StoredSet:
    return StoredSet(**_values(row))


def _info(row: Row[Any]) -> SetInfo:
    return SetInfo(**_values(row))


def _values(row: Row[Any]) -> dict[str, Any]:
    found = row._asdict()
    return {**found, "state": SetState(found["state"])}
