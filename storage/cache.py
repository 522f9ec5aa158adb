"""Redis as a hint: cached results, the broker's epoch and queue lengths, news of jobs and events.

Whatever goes wrong here is a miss that is logged, never an error: Postgres holds the truth. After a failure Redis is
left alone for a moment, so that a frozen one costs a process one timeout and not one a request.

Redis databases: 0 the broker (with its epoch, so that both are lost together), 1 cache and streams, 2 RedBeat.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID, uuid4

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from core.logs import get_logger
from core.names import JobState, Queue

JOBS_CHANNEL = "collateral:jobs"
EVENTS_STREAM = "collateral:events"
EPOCH_KEY = "collateral:epoch"
_LEFT_ALONE_SECONDS = 1.0
_TIMEOUT_SECONDS = 0.25

Found = TypeVar("Found")
_log = get_logger(__name__)


def broker_url(base: str) -> str:
    """Return the address of the broker's database."""
    return _numbered(base, 0)


def cache_url(base: str) -> str:
    """Return the address of the database of cache and streams."""
    return _numbered(base, 1)


class Cache:
    """Redis, as every service uses it; safe to share between threads.

    Parameters
    ----------
    base
        Address without a database number, `redis://:password@host:port` or `unix://:password@/path`.
    ttl_seconds
        How long a result stays.
    timeout_seconds
        Longest wait for one answer.
    """

    def __init__(self, base: str, *, ttl_seconds: int = 300, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        self._ttl = ttl_seconds
        self._broker = _client(broker_url(base), timeout_seconds)
        self._redis = _client(cache_url(base), timeout_seconds)
        self._closed = False
        self._left_alone_until = 0.0

    def get_result(self, tenant: str, job_id: UUID) -> bytes | None:
        """Return a packed result, or None for a miss."""
        return self._ask("get result", lambda: _bytes(self._redis.get(_result_key(tenant, job_id))))

    def put_result(self, tenant: str, job_id: UUID, data: bytes) -> None:
        """Keep a packed result for a while."""
        self._ask("put result", lambda: self._redis.set(_result_key(tenant, job_id), data, ex=self._ttl))

    def publish(self, job_id: UUID, state: JobState) -> None:
        """Tell whoever waits for a job that it has come to a state: `<id> <state>` on the jobs channel."""
        self._ask("publish", lambda: self._redis.publish(JOBS_CHANNEL, f"{job_id} {state.value}"))

    def append_events(self, events: Sequence[Mapping[str, str]], *, keep: int = 100_000) -> bool:
        """Append events to the stream in their order; False if it is not sure that all arrived."""

        def append() -> bool:
            pipe = self._redis.pipeline(transaction=True)
            for event in events:
                pipe.xadd(EVENTS_STREAM, dict(event.items()), maxlen=keep, approximate=True)
            pipe.execute()
            return True

        return self._ask("append events", append) or False

    def epoch(self) -> str | None:
        """Return the broker's epoch, made when the broker is empty; None while it cannot be asked.

        Read it before sending: whatever was sent under another epoch is gone.
        """

        def read() -> str | None:
            pipe = self._broker.pipeline(transaction=True)
            pipe.set(EPOCH_KEY, uuid4().hex, nx=True)
            pipe.get(EPOCH_KEY)
            found = _bytes(pipe.execute()[1])
            return None if found is None else found.decode()

        return self._ask("epoch", read)

    def queue_length(self, queue: Queue | str) -> int | None:
        """Return how many messages wait in a queue of the broker; None while it cannot be asked."""
        return self._ask("queue length", lambda: int(self._broker.llen(str(queue))))

    def ping(self) -> bool:
        """Return whether Redis answers, also while it is being left alone."""
        self._left_alone_until = 0.0
        return self._ask("ping", lambda: bool(self._broker.ping())) or False

    def close(self) -> None:
        """Close every connection; what another thread is asking at the moment has no answer."""
        self._closed = True
        self._broker.close()
        self._redis.close()

    def _ask(self, what: str, ask: Callable[[], Found]) -> Found | None:
        if time.monotonic() < self._left_alone_until:
            return None
        try:
            return ask()
        except (RedisError, OSError) as error:
            self._left_alone_until = time.monotonic() + _LEFT_ALONE_SECONDS
            _log.warning("redis did not answer", what=what, error=repr(error))
            return None
        except ValueError:  # the socket was closed under a thread that was reading it
            if not self._closed:
                raise
            return None


def _client(url: str, timeout: float) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        health_check_interval=0,
        # Once more, for a connection that the server has closed; a server that is silent is not asked twice.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )


def _numbered(base: str, number: int) -> str:
    if base.startswith("unix://"):
        return f"{base}{'&' if '?' in base else '?'}db={number}"
    address, question, options = base.partition("?")
    return f"{address.rstrip('/')}/{number}{question}{options}"


def _result_key(tenant: str, job_id: UUID) -> str:
    return f"collateral:result:{tenant}:{job_id}"


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None
