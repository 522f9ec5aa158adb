"""Services are synchronous: each call runs in one of a few threads, within a deadline."""

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import ParamSpec, TypeVar

from api.errors import UncertainError
from services.errors import OverloadError

P = ParamSpec("P")
T = TypeVar("T")
_READ_PACE = 10e6  # bytes a second that decoding surely reaches
_LAST_SECONDS = 3.0
DEADLINE = 1.8  # seconds: with Postgres down or frozen the caller has its 503 within two


class Crew:
    """The threads that services run in."""

    def __init__(self, size: int, name: str = "service") -> None:
        self.size = size
        self._pool = ThreadPoolExecutor(max_workers=size, thread_name_prefix=name)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a service within the usual deadline; later means 503, though the call may still take effect."""
        return await self.run_within(DEADLINE, function, *args, **kwargs)

    async def run_sized(self, size: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a service that first reads a body of `size` bytes: reading it has its own time."""
        return await self.run_within(DEADLINE + size / _READ_PACE, function, *args, **kwargs)

    async def run_within(self, seconds: float, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a service within `seconds`."""
        context = contextvars.copy_context()
        future = asyncio.get_running_loop().run_in_executor(self._pool, lambda: context.run(function, *args, **kwargs))
        try:
            return await asyncio.wait_for(future, seconds)
        except TimeoutError:
            if future.cancelled() or not future.done():
                raise UncertainError from None
            raise

    async def close(self) -> None:
        """Take no more calls, and let the running ones finish for a moment: one may hang on a frozen database."""
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(self._pool.shutdown, cancel_futures=True), _LAST_SECONDS)


class Turnstile:
    """Counts what is under way; the one too many is refused at once."""

    def __init__(self, capacity: int, what: str) -> None:
        self._capacity = capacity
        self._what = what
        self.inside = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Take a place for the time of the block, or raise OverloadError."""
        if self.inside >= self._capacity:
            raise OverloadError(f"{self._capacity} {self._what} are under way, as many as this process allows.")
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1
