"""The Celery application: json only, late acknowledgement, one exchange a queue, no result backend."""

from functools import cache
from typing import Any

from celery import Celery
from kombu import Exchange, Queue

from core.names import Queue as QueueName
from core.settings import Settings
from storage.cache import broker_url

HARD_LIMIT_SECONDS = 3_600
SOFT_SHUTDOWN_SECONDS = 10


def celery_url(base: str) -> str:
    """Return the address of the broker's database as kombu spells it, from redis:// or unix://."""
    if base.startswith("unix://"):
        return f"redis+socket://{base.removeprefix('unix://')}?virtual_host=0"
    return broker_url(base)


def queue_of(name: QueueName) -> Queue:
    """Return a queue bound to its own direct exchange: a bare queue would share the default one."""
    return Queue(name.value, Exchange(name.value, type="direct"), routing_key=name.value)


def configuration(settings: Settings) -> dict[str, Any]:
    """Return every Celery setting that differs from its default."""
    return {
        "broker_url": celery_url(settings.broker_base),
        "broker_connection_max_retries": None,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "visibility_timeout": 2 * HARD_LIMIT_SECONDS,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            "socket_timeout": 3,
            "socket_connect_timeout": 1,
            "health_check_interval": 5,
        },
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        "include": ["tasks.jobs", "tasks.sweeps"],
        "enable_utc": True,
        "task_queues": [queue_of(name) for name in QueueName],
        "task_default_queue": QueueName.MONITOR.value,
        "task_default_exchange": QueueName.MONITOR.value,
        "task_default_routing_key": QueueName.MONITOR.value,
        "task_create_missing_queues": False,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "task_publish_retry": False,
        "task_time_limit": HARD_LIMIT_SECONDS,
        "task_soft_time_limit": HARD_LIMIT_SECONDS - 60,
        "worker_prefetch_multiplier": 1,
        "worker_pool_start_method": "spawn",
        "worker_proc_alive_timeout": 120.0,
        "worker_soft_shutdown_timeout": SOFT_SHUTDOWN_SECONDS,
        "worker_send_task_events": True,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_enable_remote_control": True,
    }


def make_app(settings: Settings) -> Celery:
    """Return a configured application; it connects to nothing until it sends or consumes."""
    app = Celery("collateral", set_as_current=False)
    app.conf.update(configuration(settings))
    return app


@cache
def process_app() -> Celery:
    """Return this process's application, configured from the environment, and make it the current one."""
    app = make_app(Settings.from_env())
    app.set_current()
    app.set_default()
    return app
