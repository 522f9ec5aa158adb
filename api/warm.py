"""Ready means warm: the body reader and the kernels compiled and timed, a connection to Postgres open."""

import gc
from contextlib import suppress

import msgspec

from api.examples import MARGIN_CALCULATE
from compute.measures import MEASURES
from core.errors import CollateralError
from services import costs
from services.calculate import warm_up as warm_kernels
from services.intake.decode import decode_margin
from services.intake.files.warm import warm as warm_files
from services.runtime import Runtime
from storage.columns import pack


def warm_up(runtime: Runtime) -> None:
    """Do now what the first request would otherwise wait for; a database that is away is `/readyz`'s business."""
    computing = {name for name, spec in MEASURES.items() if spec.is_timed}
    if not computing <= set(costs.calibrated()):
        warm_kernels()
    portfolio = decode_margin(msgspec.json.encode(MARGIN_CALCULATE)).job.portfolio
    if portfolio is not None:
        pack(portfolio.document(), portfolio.tables())
    warm_files()
    with suppress(CollateralError):
        runtime.database.ping()
    gc.collect()
    gc.freeze()  # what is loaded by now stays: the collector need not walk it in the middle of a request
