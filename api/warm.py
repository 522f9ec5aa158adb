"""Ready means warm: kernels compiled and timed, a connection to Postgres open."""

from contextlib import suppress

from core.errors import CollateralError
from services.calculate import warm_up as warm_kernels
from services.runtime import Runtime


def warm_up(runtime: Runtime) -> None:
    """Compile and time every kernel; a database that is away is the business of `/readyz`."""
    warm_kernels()
    with suppress(CollateralError):
        runtime.database.ping()
