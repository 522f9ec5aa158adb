"""One HTTP exchange with retries: every POST carries an Idempotency-Key, so that a repeat has one effect."""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx

from client.errors import ProblemError, UnreachableError, problem

_RETRIED = frozenset({429, 502, 503, 504})
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0


class Transport:
    """Sends requests with the bearer token; raises ProblemError or UnreachableError, never httpx's own errors."""

    def __init__(
        self,
        base_url: str,
        token: str | None,
        *,
        timeout: float,
        retries: int,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"User-Agent": "collateral-client", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._retries = retries
        self._timeout = timeout
        self._http = httpx.Client(
            base_url=base_url.rstrip("/"),
            headers=headers,
            timeout=httpx.Timeout(timeout, connect=5.0),
            transport=transport,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        wait: float = 0.0,
    ) -> httpx.Response:
        """Send a request until it is answered; the answer's status is below 400."""
        request = self._http.build_request(
            method,
            path,
            json=body,
            content=content,
            headers=self._headers(method, headers),
            params={name: value for name, value in (query or {}).items() if value is not None},
            timeout=httpx.Timeout(self._timeout + wait, connect=5.0),
        )
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            try:
                response = self._http.send(request)
            except httpx.TransportError as error:
                if last:
                    raise UnreachableError(f"{self._http.base_url} does not answer: {error}") from error
                time.sleep(_pause(attempt, None))
                continue
            if last or not _worth_repeating(response):
                return _checked(response)
            time.sleep(_pause(attempt, response.headers.get("Retry-After")))
        raise UnreachableError("No attempt was allowed.")

    @contextmanager
    def stream(self, path: str, *, headers: Mapping[str, str] | None = None) -> Iterator[httpx.Response]:
        """Open a stream of server-sent events; the caller reads it line by line."""
        try:
            with self._http.stream("GET", path, headers={"Accept": "text/event-stream", **(headers or {})}) as response:
                if response.status_code >= httpx.codes.BAD_REQUEST:
                    response.read()
                yield _checked(response)
        except httpx.TransportError as error:
            raise UnreachableError(f"The stream from {self._http.base_url} broke: {error}") from error

    @staticmethod
    def _headers(method: str, given: Mapping[str, str] | None) -> dict[str, str]:
        headers = dict(given or {})
        if method == "POST":
            headers.setdefault("Idempotency-Key", uuid4().hex)
        return headers


def _worth_repeating(response: httpx.Response) -> bool:
    in_flight = response.status_code == httpx.codes.CONFLICT and "Retry-After" in response.headers
    return in_flight or response.status_code in _RETRIED


def _pause(attempt: int, retry_after: str | None) -> float:
    if retry_after is not None and retry_after.isdigit():
        return min(float(retry_after), _LONGEST_PAUSE)
    backoff = _FIRST_PAUSE * 2.0**attempt
    return min(backoff * random.uniform(0.5, 1.5), _LONGEST_PAUSE)  # noqa: S311 - jitter, not a secret


def _checked(response: httpx.Response) -> httpx.Response:
    if response.status_code < httpx.codes.BAD_REQUEST:
        return response
    raise _problem_of(response)


def _problem_of(response: httpx.Response) -> ProblemError:
    try:
        document = response.json()
    except ValueError:
        document = {"title": response.reason_phrase, "detail": response.text[:200]}
    return problem(response.status_code, document if isinstance(document, dict) else {"detail": str(document)})
