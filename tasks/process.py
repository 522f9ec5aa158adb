"""What a pool child sets up once: its runtime, its kernels, its database connection."""

import logging
from functools import cache
from typing import Any

from celery.signals import setup_logging, worker_process_init, worker_process_shutdown

from core.logs import configure_logs
from core.settings import Settings
from services.runtime import Runtime

POOL_SIZE = 3  # the job's own thread, its heartbeat, and one to spare


@cache
def runtime() -> Runtime:
    """Return this process's runtime, configured from the environment."""
    return Runtime.for_process(Settings.from_env(), pool_size=POOL_SIZE)


@setup_logging.connect
def keep_logs(**_: Any) -> None:
    """Log in our manner, in the main process and its children: Celery leaves it to whoever answers this signal."""
    configure_logs(Settings.from_env().log_level)
    for chatty in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # services.execute says more, once a job


@worker_process_init.connect
def warm(**_: Any) -> None:
    """Load and compile the kernels and connect, before the first job comes."""
    from services.warmth import warm_up  # loads the numerics: only in the pool's children

    warm_up(runtime())


@worker_process_shutdown.connect
def leave(**_: Any) -> None:
    """Close what `warm` opened."""
    if runtime.cache_info().currsize:
        runtime().close()
