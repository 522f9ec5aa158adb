"""Warm-up of a process that computes: kernels compiled and timed, the database connected."""

import time

import services.execute  # noqa: F401 -- imported here so that the first job does not wait for it
from compute.jit import limit_threads
from core.logs import get_logger
from services import costs
from services.runtime import Runtime
from storage.errors import StorageUnavailableError

_log = get_logger(__name__)


def warm_up(runtime: Runtime) -> None:
    """Do now what the first job would otherwise wait for; an unreachable database is no reason not to start."""
    started = time.perf_counter()
    if not runtime.settings.cpu_optimization:
        limit_threads(1)
    costs.compile_all()
    try:
        runtime.database.ping()
    except StorageUnavailableError as error:
        _log.warning("warm without a database", error=error.detail)
    _log.info("warm", seconds=round(time.perf_counter() - started, 3))
