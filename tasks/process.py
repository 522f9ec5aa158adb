"""What a pool child sets up once: its runtime, its kernels, its database connection."""

from functools import cache
from typing import Any

from celery.signals import worker_process_init, worker_process_shutdown

from core.logs import get_logger
from core.settings import Settings
from services.runtime import Runtime

POOL_SIZE = 3  # the job's own thread, its heartbeat, and one to spare

_log = get_logger(__name__)


@cache
def runtime() -> Runtime:
    """Return this process's runtime, configured from the environment."""
    return Runtime.for_process(Settings.from_env(), pool_size=POOL_SIZE)


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
