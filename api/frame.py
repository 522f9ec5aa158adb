"""What every request gets: an id, a trace, log context, security headers, and an answer whatever goes wrong."""

import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem_of, problem_response
from core.logs import get_logger

_log = get_logger(__name__)
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NO_TRACE = "0" * 32
_SERVER_ERROR = 500
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_PRIVATE = (b"cache-control", b"no-store")
Observe = Callable[[str, str, int, float], None]
"""Called with method, route template, status and seconds once a response is complete."""


def trace_of(headers: Headers) -> str:
    """Return the trace id of a sound `traceparent`, else a new one."""
    match = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return match.group(1) if match and match.group(1) != _NO_TRACE else uuid4().hex


def request_id_of(headers: Headers) -> str:
    """Return the caller's X-Request-ID if it is harmless, else a new one."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


class Frame:
    """ASGI middleware around everything else; the last place where an error can become an answer."""

    def __init__(self, app: ASGIApp, *, observe: Observe) -> None:
        self._app = app
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within its log context."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        state = scope.setdefault("state", {})
        state["request_id"], state["trace"] = request_id_of(headers), trace_of(headers)
        with structlog.contextvars.bound_contextvars(request_id=state["request_id"], trace=state["trace"]):
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        dressed = _Dressed(send, scope["state"]["request_id"])
        try:
            await self._app(scope, receive, dressed)
        except Exception as error:  # noqa: BLE001 - the process lives on and the caller gets an answer
            await self._rescue(error, scope, receive, dressed)
        finally:
            self._observe(scope["method"], route_template(scope), dressed.status, time.perf_counter() - started)

    async def _rescue(self, error: Exception, scope: Scope, receive: Receive, send: "_Dressed") -> None:
        problem = problem_of(error)
        if problem.status >= _SERVER_ERROR:
            _log.error("request failed", path=scope["path"], code=problem.code, exc_info=error)
        if send.status:
            raise error
        response = problem_response(problem, instance=scope["path"], request_id=scope["state"]["request_id"])
        await response(scope, receive, send)


class _Dressed:
    """A send that adds the headers which every response carries, and remembers the status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id.encode()
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", [])]
            present = {name for name, _ in headers}
            extra = (*_SECURITY, _PRIVATE, (b"x-request-id", self._request_id))
            headers.extend(pair for pair in extra if pair[0] not in present)
            message = {**message, "headers": headers}
        await self._send(message)


def route_template(scope: Scope) -> str:
    """Return the path of the route with its placeholders: ids never become metric labels."""
    route = scope.get("route")
    return str(getattr(route, "path", "unmatched"))
