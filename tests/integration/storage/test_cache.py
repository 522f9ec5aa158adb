"""Redis is a hint: it serves while it is there, and whatever happens to it is a miss."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest
import redis

from core.names import JobState, Queue
from storage.cache import EVENTS_STREAM, JOBS_CHANNEL, Cache, broker_url, cache_url

JOB = uuid4()


@pytest.fixture
def cache(redis_url: str) -> Iterator[Cache]:
    """A cache over an empty Valkey; slow machines are given their time."""
    cache = Cache(redis_url, ttl_seconds=60, timeout_seconds=10.0)
    yield cache
    cache.close()


@pytest.fixture
def raw(redis_url: str) -> Iterator[redis.Redis]:
    """Another connection to the cache's database."""
    with redis.Redis.from_url(cache_url(redis_url)) as client:
        yield client


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("redis://:pw@h:6379", "redis://:pw@h:6379/1"),
        ("redis://h/", "redis://h/1"),
        ("rediss://h?ssl_cert_reqs=none", "rediss://h/1?ssl_cert_reqs=none"),
        ("unix://:pw@/run/r.sock", "unix://:pw@/run/r.sock?db=1"),
        ("unix:///run/r.sock?socket_timeout=1", "unix:///run/r.sock?socket_timeout=1&db=1"),
    ],
)
def test_addresses(base: str, expected: str) -> None:
    assert cache_url(base) == expected


def test_a_result_stays_for_its_time_under_its_tenant(cache: Cache, raw: redis.Redis) -> None:
    cache.put_result("acme", JOB, b"\x00packed")

    assert cache.get_result("acme", JOB) == b"\x00packed"
    assert cache.get_result("other", JOB) is None
    assert cache.get_result("acme", uuid4()) is None
    (key,) = raw.scan_iter("collateral:result:*")
    assert 0 < int(raw.ttl(key)) <= 60


def test_news_of_a_job(cache: Cache, raw: redis.Redis) -> None:
    with closing(raw.pubsub()) as channel:
        channel.subscribe(JOBS_CHANNEL)
        channel.get_message(timeout=10.0)
        cache.publish(JOB, JobState.DONE)
        message = channel.get_message(timeout=10.0)

    assert message is not None
    assert message["data"] == f"{JOB} done".encode()


def test_events_are_appended_in_order(cache: Cache, raw: redis.Redis) -> None:
    assert cache.append_events([{"id": "1"}, {"id": "2"}]) is True

    entries = raw.xrange(EVENTS_STREAM) or []
    assert [entry[1] for entry in entries if entry] == [{b"id": b"1"}, {b"id": b"2"}]


def test_an_epoch_lasts_until_the_broker_is_emptied(cache: Cache, redis_url: str, raw: redis.Redis) -> None:
    first = cache.epoch()
    other = Cache(redis_url, timeout_seconds=10.0)

    assert first is not None
    assert cache.epoch() == other.epoch() == first
    raw.flushall()
    assert other.epoch() not in {None, first}
    other.close()


def test_queue_length_counts_the_brokers_messages(cache: Cache, redis_url: str) -> None:
    with redis.Redis.from_url(broker_url(redis_url)) as broker:
        broker.lpush(Queue.CPU_RT.value, "a", "b")

    assert cache.queue_length(Queue.CPU_RT) == 2
    assert cache.queue_length(Queue.MONITOR) == 0


def _nothing_works(cache: Cache) -> None:
    cache.put_result("acme", JOB, b"x")
    cache.publish(JOB, JobState.DONE)
    assert cache.get_result("acme", JOB) is None
    assert cache.append_events([{"id": "1"}]) is False
    assert cache.epoch() is None
    assert cache.queue_length(Queue.CPU_RT) is None
    assert cache.ping() is False


def test_nobody_there_is_a_miss() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can answer there
        cache = Cache(f"redis://127.0.0.1:{taken.getsockname()[1]}")
        _nothing_works(cache)
        cache.close()


def test_a_frozen_server_is_a_miss() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        cache = Cache(f"redis://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.05)
        _nothing_works(cache)
        cache.close()


def test_a_server_that_failed_is_left_alone_then_asked_again(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, raw: redis.Redis
) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    raw.set("collateral:result:acme:" + str(JOB), "kept")

    def refuse(*_arguments: object) -> None:
        raise redis.ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(redis.Redis, "get", refuse)
        assert cache.get_result("acme", JOB) is None
    assert cache.get_result("acme", JOB) is None
    clock[0] += 5.0
    assert cache.get_result("acme", JOB) == b"kept"


def test_ping(cache: Cache) -> None:
    assert cache.ping() is True
