"""The Celery application of beat: the workers' own, and RedBeat's settings, each explicit."""

from typing import Any

from celery import Celery

from core.settings import Settings
from workers.app import make_app

DATABASE = 2  # of Redis: 0 is the broker's, 1 the cache's
KEY_PREFIX = "collateral:beat:"
LOCK_SECONDS = 10  # a leader that is silent for so long has lost the lead
_FAIL_SOON = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
LOOP_SECONDS = 1.0  # longest sleep between two looks at the schedule


def redbeat_url(base: str) -> str:
    """Return the address of RedBeat's own database, from redis:// or unix://."""
    return f"{base}?db={DATABASE}" if base.startswith("unix://") else f"{base}/{DATABASE}"


def configuration(settings: Settings) -> dict[str, Any]:
    """Return RedBeat's settings."""
    return {
        "redbeat_redis_url": redbeat_url(settings.broker_base),
        "redbeat_redis_options": {"socket_timeout": 3, "socket_connect_timeout": 1, "health_check_interval": 5},
        "redbeat_key_prefix": KEY_PREFIX,
        "redbeat_lock_timeout": LOCK_SECONDS,
        "beat_max_loop_interval": LOOP_SECONDS,
        "beat_schedule": {},
    }


def make_beat_app(settings: Settings) -> Celery:
    """Return the application that beat sends with; it connects to nothing until it sends."""
    app = make_app(settings)
    app.conf.update(configuration(settings))
    # kombu would wait for a broker for ever, deaf to a signal; beat's own loop tries again.
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, **_FAIL_SOON}
    return app
