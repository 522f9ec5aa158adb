"""Ready means warm: kernels compiled and timed, a connection to Postgres open."""

from contextlib import suppress

from compute.measures import MEASURES
from core.errors import CollateralError
from services import costs
from services.calculate import warm_up as warm_kernels
from services.runtime import Runtime


def warm_up(runtime: Runtime) -> None:
    """Compile and time every kernel, once a process; a database that is away is the business of `/readyz`."""
    computing = {name for name, spec in MEASURES.items() if spec.needs_portfolio}
    if not computing <= set(costs.calibrated()):
        warm_kernels()
    with suppress(CollateralError):
        runtime.database.ping()
