"""How a child shows that it lives: each probe asks once and answers true or false, never an error.

A port that merely accepts proves nothing, since the kernel accepts for a frozen process: every probe waits for bytes
that only the process itself can have sent, or for a file that only it touches.
"""

import asyncio
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

Probe = Callable[[], Coroutine[Any, Any, bool]]

_TIMEOUT = 3.0  # seconds that one question may take
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def http_ok(port: int, path: str, *, timeout: float = _TIMEOUT) -> Probe:
    """Return a probe that wants status 200 for a GET."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()

    async def probe() -> bool:
        answer = await _exchange(port, request, until=b"\r\n", timeout=timeout)
        return answer.split(b" ")[1:2] == [b"200"]

    return probe


def postgres_answers(port: int, *, timeout: float = _TIMEOUT) -> Probe:
    """Return a probe that asks a Postgres for TLS: it answers one byte, whatever else keeps it busy."""

    async def probe() -> bool:
        return await _exchange(port, _SSL_REQUEST, until=None, timeout=timeout) in {b"N", b"S"}

    return probe


def valkey_answers(port: int, *, timeout: float = _TIMEOUT) -> Probe:
    """Return a probe that sends PING; a request for the password is an answer too."""

    async def probe() -> bool:
        answer = await _exchange(port, b"PING\r\n", until=b"\r\n", timeout=timeout)
        return answer.startswith((b"+PONG", b"-NOAUTH"))

    return probe


def pulse(file: Path) -> Probe:
    """Return a probe that wants a file touched since it looked last; no clock is compared: a suspend harms nobody."""
    last = [0]

    async def probe() -> bool:
        try:
            now = file.stat().st_mtime_ns
        except OSError:
            return False
        last[0], before = now, last[0]
        return now != before

    return probe


async def _exchange(port: int, request: bytes, *, until: bytes | None, timeout: float) -> bytes:
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                await writer.drain()
                return await (reader.read(1) if until is None else reader.readuntil(until))
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
        return b""
