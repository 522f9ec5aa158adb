"""Idempotency-Key: a POST that came before gets the answer that it was given then."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from api.answers import raw_answer
from api.bodies import Body
from api.errors import BadRequestError
from core.errors import CollateralError
from core.security import Principal
from services.idempotency import Answer, Held, begin, give_up, request_hash, settle
from services.runtime import Runtime

_LONGEST_KEY = 255
Work = Callable[[Held | None], Answer]
"""Does the work and stores its answer with the key, in one transaction, where there is a key."""


@dataclass(frozen=True, kw_only=True)
class Post:
    """What a service needs to know of a POST."""

    principal: Principal
    body: Body
    trace: str
    key: str | None
    digest: str


def post_of(request: Request, principal: Principal, body: Body) -> Post:
    """Gather a POST whose body has been read."""
    key = key_of(request)
    target = request.scope["path"] + "?" + request.scope["query_string"].decode("latin-1")
    return Post(
        principal=principal,
        body=body,
        trace=request.scope["state"]["trace"],
        key=key,
        digest=request_hash(request.method, target, body.data) if key is not None else "",
    )


def key_of(request: Request) -> str | None:
    """Return the Idempotency-Key, bare or quoted; raise BadRequestError for one that cannot be a key."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    key = given[0].strip().removeprefix('"').removesuffix('"')
    if len(given) > 1 or not 0 < len(key) <= _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise BadRequestError(
            f"An Idempotency-Key is one text of 1 to {_LONGEST_KEY} printable ASCII characters.",
            remedy="Send a fresh UUID for each new request.",
        )
    return key


def once(runtime: Runtime, post: Post, work: Work) -> Answer:
    """Do the work, or return the answer that the same request got before."""
    if post.key is None:
        return work(None)
    held = begin(runtime, post.principal, post.key, post.digest)
    if isinstance(held, Answer):
        return Answer(status=held.status, headers={**held.headers, "Idempotency-Replayed": "true"}, body=held.body)
    try:
        return work(held)
    except Exception:
        with suppress(CollateralError):  # the claim runs out by itself
            give_up(runtime, held)
        raise


def once_then(runtime: Runtime, post: Post, work: Callable[[], Answer]) -> Answer:
    """Do work that knows nothing of keys, and store its answer right after it.

    For work that a second time refuses by itself (a name that is taken, a schedule that runs beside its ticks): should
    the process die between the two, a repeat is told so instead of taking effect twice unseen.
    """

    def kept(held: Held | None) -> Answer:
        answer = work()
        if held is not None:
            settle(runtime, held, answer)
        return answer

    return once(runtime, post, kept)


def response_of(found: Answer, **headers: str) -> Response:
    """Return a service's answer as a response."""
    return raw_answer(found.body, found.status, {**found.headers, **headers})
