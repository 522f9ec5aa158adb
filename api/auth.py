"""Who is asking: every path but the open ones needs a bearer token, whatever route it leads to."""

import time
from collections import OrderedDict
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import TokenError
from core.names import Permission
from core.security import Principal, verify_token

OPEN_PATHS = frozenset({"/livez", "/readyz", "/health", "/api/v1/collateral/health", "/docs", "/openapi.json"})
OPEN_PREFIX = "/problems/"
_REMEMBERED = 1024
_LONGEST_TOKEN = 4096


def is_open(path: str) -> bool:
    """Return whether a path is served without a token."""
    return path in OPEN_PATHS or path.startswith(OPEN_PREFIX)


class TokenVerifier:
    """Verifies bearer tokens; a signature that was good stays good until the token expires."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self._known: OrderedDict[str, tuple[Principal, float]] = OrderedDict()

    def verify(self, token: str) -> Principal:
        """Return the bearer, or raise TokenError."""
        if len(token) > _LONGEST_TOKEN:
            raise TokenError("The bearer token is too long.")
        known = self._known.get(token)
        if known is not None and time.time() < known[1]:
            return known[0]
        self._known.pop(token, None)
        principal = verify_token(self._key, token)
        self._remember(token, principal)
        return principal

    def _remember(self, token: str, principal: Principal) -> None:
        expiry = float(jwt.decode(token, options={"verify_signature": False})["exp"])
        self._known[token] = (principal, expiry)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


class Gate:
    """ASGI middleware: refuses a request without a good token before anything else looks at it."""

    def __init__(self, app: ASGIApp, *, verifier: TokenVerifier) -> None:
        self._app = app
        self._verifier = verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put the principal into the request's state, or raise TokenError."""
        if scope["type"] == "http":
            scope["state"]["principal"] = self._principal(Headers(scope=scope), is_open(scope["path"]))
        await self._app(scope, receive, send)

    def _principal(self, headers: Headers, open_path: bool) -> Principal | None:
        try:
            return self._verifier.verify(bearer_token(headers))
        except TokenError:
            if open_path:
                return None
            raise


def bearer_token(headers: Headers) -> str:
    """Return the token of the Authorization header, or raise TokenError."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenError("No bearer token came with the request.")
    return token.strip()


def caller(request: Request, permission: Permission) -> Principal:
    """Return who asks, once the role is known to allow it."""
    principal: Any = request.scope["state"].get("principal")
    if not isinstance(principal, Principal):
        raise TokenError
    principal.require(permission)
    return principal
