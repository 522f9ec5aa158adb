"""Any format → validated columns: the one edge where input is judged, for the API and the CLI alike."""

from services.intake.decode import decode_bare, decode_job, decode_margin, decode_portfolio
from services.intake.parameters import read_parameters
from services.intake.request import JobRequest, MarginRequest

__all__ = [
    "JobRequest",
    "MarginRequest",
    "decode_bare",
    "decode_job",
    "decode_margin",
    "decode_portfolio",
    "read_parameters",
]
