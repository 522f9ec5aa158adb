"""`collateral beat` and `collateral flower` as processes: they start, show life, ask for the password, and stop."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex

import httpx
import pytest
import redis

from beat.configuration import KEY_PREFIX

PATIENCE = 60.0
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(postgres_url: str, redis_url: str, tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def call(*arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("COLLATERAL_")}
        given = {"DATABASE_URL": postgres_url, "COLLATERAL_REDIS_URL": redis_url, **environment}
        with (tmp_path / f"{arguments[0]}.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "cli.main", *arguments], env={**inherited, **given}, stdout=log, stderr=log
            )
        started.append(process)
        return process

    yield call
    for process in started:
        process.kill()
        process.wait()


def until(met: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def test_beat_leads_pulses_and_hands_the_lead_over(start: Start, redis_url: str, tmp_path: Path) -> None:
    pulse = tmp_path / "pulse"
    process = start("beat", COLLATERAL_PULSE_FILE=str(pulse))
    with redis.Redis.from_url(f"{redis_url}/2") as client:
        until(lambda: client.exists(f"{KEY_PREFIX}:lock"))
        until(pulse.exists)
        maps = Path(f"/proc/{process.pid}/maps")
        if maps.exists():
            assert "numpy" not in maps.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert not client.exists(f"{KEY_PREFIX}:lock")


def test_flower_asks_for_its_password(start: Start) -> None:
    port = _free_port()
    password = token_hex(8)
    process = start("flower", "--port", str(port), COLLATERAL_FLOWER_PASSWORD=password)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/healthcheck").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    until(answers)
    for path in ("/", "/tasks", "/api/tasks", "/workers", "/metrics"):
        assert httpx.get(f"{url}{path}", follow_redirects=True).status_code == httpx.codes.UNAUTHORIZED
        assert httpx.get(f"{url}{path}", auth=("operator", "wrong")).status_code == httpx.codes.UNAUTHORIZED
    allowed = httpx.get(f"{url}/tasks", auth=("operator", password))
    assert allowed.status_code == httpx.codes.OK
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
