"""Who a pid is."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from embedded.identity import Identity, put_down, wait_gone

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
PARENT = [sys.executable, "-c", "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)",
]


def _popen(command: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  (fixed commands)


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    with _popen(SLEEP) as process:
        yield process
        process.kill()


def _of(process: "subprocess.Popen[bytes]") -> Identity:
    identity = Identity.of(process.pid)
    assert identity is not None
    return identity


def test_a_running_process_is_alive(process: "subprocess.Popen[bytes]") -> None:
    assert _of(process).alive


def test_another_life_of_the_same_pid_is_not_ours(process: "subprocess.Popen[bytes]") -> None:
    earlier = Identity(pid=process.pid, started=_of(process).started - 100)
    assert not earlier.alive
    earlier.send(signal.SIGKILL)
    put_down(earlier, signal.SIGKILL, 0.0)
    assert process.poll() is None


def test_a_zombie_is_gone(process: "subprocess.Popen[bytes]") -> None:
    identity = _of(process)
    os.kill(process.pid, signal.SIGKILL)
    assert wait_gone([identity], 10) == []


def test_nobody_has_no_identity(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    assert Identity.of(process.pid) is None


def test_a_process_is_put_down_with_its_children() -> None:
    with _popen(PARENT) as parent:
        root = _of(parent)
        while len(root.family()) < 2:
            pass
        family = root.family()
        put_down(root, signal.SIGTERM, 0.0)
        assert wait_gone(family, 0) == []


def test_a_stopped_process_is_put_down(process: "subprocess.Popen[bytes]") -> None:
    identity = _of(process)
    os.kill(process.pid, signal.SIGSTOP)
    put_down(identity, signal.SIGTERM, 10)
    assert process.wait(10) == -signal.SIGTERM


def test_a_process_that_ignores_its_signal_is_killed() -> None:
    with _popen(DEAF) as deaf:
        assert deaf.stdout is not None
        deaf.stdout.readline()
        put_down(_of(deaf), signal.SIGTERM, 0.2)
        assert deaf.wait(10) == -signal.SIGKILL
