"""How a child shows that it lives, against small servers."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from embedded.probes import Probe, http_ok, postgres_answers, pulse, valkey_answers
from embedded.server import free_port


@asynccontextmanager
async def _answering(answer: bytes) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def _ask(make: object, answer: bytes) -> bool:
    async def ask() -> bool:
        async with _answering(answer) as port:
            probe: Probe = make(port)  # type: ignore[operator]
            return await probe()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("answer", "lives"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", False),
        (b"", False),
        (b"nonsense\r\n", False),
        (b"x" * 100_000, False),
    ],
)
def test_http(answer: bytes, lives: bool) -> None:
    assert _ask(lambda port: http_ok(port, "/livez"), answer) is lives


@pytest.mark.parametrize(("answer", "lives"), [(b"N", True), (b"S", True), (b"", False), (b"?", False)])
def test_postgres(answer: bytes, lives: bool) -> None:
    assert _ask(postgres_answers, answer) is lives


@pytest.mark.parametrize(
    ("answer", "lives"), [(b"+PONG\r\n", True), (b"-NOAUTH Authentication required.\r\n", True), (b"", False)]
)
def test_valkey(answer: bytes, lives: bool) -> None:
    assert _ask(valkey_answers, answer) is lives


def test_nobody_answers_on_a_free_port() -> None:
    assert asyncio.run(http_ok(free_port(), "/")()) is False


def test_one_that_accepts_and_stays_silent_does_not_live() -> None:
    async def ask() -> bool:
        async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(hold, "127.0.0.1", 0)
        try:
            return await valkey_answers(server.sockets[0].getsockname()[1], timeout=0.2)()
        finally:
            server.close()

    assert asyncio.run(ask()) is False


def test_a_pulse_is_a_file_touched_since_the_last_look(tmp_path: Path) -> None:
    file = tmp_path / "pulse"
    probe = pulse(file)
    assert asyncio.run(probe()) is False
    file.touch()
    assert asyncio.run(probe()) is True
    assert asyncio.run(probe()) is False
    os.utime(file, ns=(1, 1))  # a clock that was set back is a touch as well
    assert asyncio.run(probe()) is True
