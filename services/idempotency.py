"""Idempotency keys: a claim before the work, its answer stored in the transaction of the work."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from core.security import Principal
from services.runtime import Runtime
from storage import idempotency
from storage.database import Connection
from storage.jobs import Job

CLAIM_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the first request was answered; every repeat gets the same."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A key that this request may complete."""

    tenant: str
    key: str
    claim: UUID


Answering = Callable[[Job], Answer]
"""Writes the answer for a stored job; called inside the job's transaction, so it must only format."""


def request_hash(method: str, path: str, body: bytes) -> str:
    """Return what makes two requests the same request."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


def begin(runtime: Runtime, principal: Principal, key: str, digest: str) -> Held | Answer:
    """Claim a key, committed before the work; return the stored answer if the work was done before."""
    with runtime.database.unit_of_work() as conn:
        claimed = idempotency.claim(conn, principal.tenant, key, digest, lease_seconds=CLAIM_SECONDS)
    if isinstance(claimed, idempotency.Finished):
        return Answer(status=claimed.status, headers=claimed.headers, body=claimed.body)
    return Held(tenant=principal.tenant, key=key, claim=claimed.claim)


def complete(conn: Connection, held: Held | None, answering: Answering | None, job: Job) -> None:
    """Store the answer beside the job, in its transaction."""
    if held is None or answering is None:
        return
    answer = answering(job)
    idempotency.complete(
        conn, held.tenant, held.key, held.claim, status=answer.status, headers=dict(answer.headers), body=answer.body
    )


def give_up(runtime: Runtime, held: Held) -> None:
    """Let a repeat try at once: the work was refused and left nothing behind."""
    with runtime.database.unit_of_work() as conn:
        idempotency.release(conn, held.tenant, held.key, held.claim)


def keep(
    conn: Connection, held: Held | None, document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return the answer to any POST, stored with its key in the transaction of the work."""
    answer = Answer(status=status, headers=dict(headers or {}), body=msgspec.json.encode(document))
    if held is not None:
        idempotency.complete(
            conn, held.tenant, held.key, held.claim, status=status, headers=answer.headers, body=answer.body
        )
    return answer


def settle(runtime: Runtime, held: Held, answer: Answer) -> None:
    """Store an answer whose work has committed before."""
    with runtime.database.unit_of_work() as conn:
        idempotency.complete(
            conn,
            held.tenant,
            held.key,
            held.claim,
            status=answer.status,
            headers=dict(answer.headers),
            body=answer.body,
        )
