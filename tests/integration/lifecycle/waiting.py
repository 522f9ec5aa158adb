"""Waiting for something to become true; the limit is only there so that a broken test ends."""

import time
from collections.abc import Callable

LIMIT_SECONDS = 60.0


def eventually(true: Callable[[], bool], what: str = "") -> None:
    """Return once it is true; fail after a minute."""
    until = time.monotonic() + LIMIT_SECONDS
    while not true():
        if time.monotonic() > until:
            raise AssertionError(f"It never came true: {what}")
        time.sleep(0.01)
