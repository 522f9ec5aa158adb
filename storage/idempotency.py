"""Idempotency keys: a claim committed before the work, completed in the transaction of the work."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Integer, LargeBinary, Text, and_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE

from storage.errors import KeyInFlightError, KeyReusedError
from storage.schema import idempotency_keys as keys
from storage.sql import interval, now


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """The key is ours: do the work and complete it with this claim."""

    claim: UUID


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The work was done before: this was its answer."""

    status: int
    headers: dict[str, str]
    body: bytes


_OURS = and_(keys.c.tenant == bindparam("of_tenant"), keys.c.key == bindparam("of_key"))
_insert = insert(keys).values(
    tenant=bindparam("of_tenant", type_=Text),
    key=bindparam("of_key", type_=Text),
    request_hash=bindparam("of_request", type_=Text),
    claim=func.gen_random_uuid(),
    claimed_until=now() + interval("lease_seconds"),
)
_CLAIM = _insert.on_conflict_do_update(
    index_elements=[keys.c.tenant, keys.c.key],
    set_={"claim": _insert.excluded.claim, "claimed_until": _insert.excluded.claimed_until},
    where=and_(
        keys.c.status.is_(None),
        keys.c.claimed_until <= now(),
        keys.c.request_hash == _insert.excluded.request_hash,
    ),
).returning(keys.c.claim)
_READ = select(keys.c.request_hash, keys.c.status, keys.c.headers, keys.c.body).where(_OURS)
_HELD = and_(_OURS, keys.c.claim == bindparam("of_claim", type_=UUID_TYPE(as_uuid=True)), keys.c.status.is_(None))
_COMPLETE = (
    update(keys)
    .where(_HELD)
    .values(
        status=bindparam("with_status", type_=Integer),
        headers=bindparam("with_headers", type_=JSONB),
        body=bindparam("with_body", type_=LargeBinary),
    )
)
_RELEASE = delete(keys).where(_HELD)


def claim(
    connection: Connection, tenant: str, key: str, request_hash: str, lease_seconds: float = 10.0
) -> Claimed | Finished:
    """Claim a key, or return the answer stored under it; raise KeyReusedError or KeyInFlightError.

    Commit it before the work begins. A claim that is not completed within its lease can be taken by a repeat.
    """
    bound = {"of_tenant": tenant, "of_key": key, "of_request": request_hash, "lease_seconds": lease_seconds}
    taken = connection.execute(_CLAIM, bound).scalar_one_or_none()
    if taken is not None:
        return Claimed(claim=taken)
    row = connection.execute(_READ, {"of_tenant": tenant, "of_key": key}).one_or_none()
    if row is None:  # released between the two statements
        raise KeyInFlightError
    if row.request_hash != request_hash:
        raise KeyReusedError
    if row.status is None:
        raise KeyInFlightError
    return Finished(status=row.status, headers=row.headers, body=row.body)


def complete(
    connection: Connection,
    tenant: str,
    key: str,
    claim: UUID,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
) -> None:
    """Store the answer, in the transaction of the work.

    Raise KeyInFlightError if a repeat has taken the key over: the transaction must not be committed then.
    """
    bound: dict[str, Any] = {
        "of_tenant": tenant,
        "of_key": key,
        "of_claim": claim,
        "with_status": status,
        "with_headers": dict(headers),
        "with_body": body,
    }
    if connection.execute(_COMPLETE, bound).rowcount != 1:
        raise KeyInFlightError("A repeat of this request has taken its Idempotency-Key over.")


def release(connection: Connection, tenant: str, key: str, claim: UUID) -> None:
    """Give a key back: its work was refused and left nothing behind."""
    connection.execute(_RELEASE, {"of_tenant": tenant, "of_key": key, "of_claim": claim})


def prune(connection: Connection, *, older_than_days: float, limit: int = 1000) -> int:
    """Forget keys of a certain age; return how many."""
    old = (
        select(keys.c.tenant, keys.c.key)
        .where(keys.c.created_at <= now() - interval("older_seconds"))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    statement = delete(keys).where(keys.c.tenant == old.c.tenant, keys.c.key == old.c.key)
    return connection.execute(statement, {"older_seconds": older_than_days * 86_400.0}).rowcount
