"""The Celery application: its queues, and the settings whose defaults bite."""

import pytest

from core.names import Queue
from core.settings import Settings
from workers.app import celery_url, make_app

SETTINGS = Settings(redis_url="redis://:secret@127.0.0.1:6390")


def test_every_queue_has_an_exchange_of_its_own() -> None:
    queues = make_app(SETTINGS).amqp.queues
    assert set(queues) == {queue.value for queue in Queue}
    assert all(queue.exchange.name == queue.routing_key == name for name, queue in queues.items())
    assert {queue.exchange.type for queue in queues.values()} == {"direct"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accept_content", ["json"]),
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", True),
        ("task_ignore_result", True),
        ("task_publish_retry", False),
        ("task_create_missing_queues", False),
        ("worker_prefetch_multiplier", 1),
        ("worker_pool_start_method", "spawn"),
        ("broker_connection_max_retries", None),
        ("result_backend", None),
    ],
)
def test_what_must_not_be_left_to_chance(name: str, value: object) -> None:
    assert make_app(SETTINGS).conf[name] == value


def test_the_visibility_timeout_is_twice_the_hard_limit() -> None:
    conf = make_app(SETTINGS).conf
    assert conf.broker_transport_options["visibility_timeout"] == 2 * conf.task_time_limit
    assert conf.task_soft_time_limit < conf.task_time_limit
    assert conf.broker_transport_options["socket_timeout"] > 0


def test_addresses_as_kombu_spells_them() -> None:
    assert celery_url("redis://:secret@host:1") == "redis://:secret@host:1/0"
    assert celery_url("unix://:secret@/run/v.sock") == "redis+socket://:secret@/run/v.sock?virtual_host=0"
