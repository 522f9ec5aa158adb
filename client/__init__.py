"""A small typed HTTP client; it stands alone: copy the folder, install httpx, go."""

from client.client import Client
from client.errors import (
    BadRequestError,
    ClientError,
    ConflictError,
    Fault,
    ForbiddenError,
    InvalidError,
    JobFailedError,
    NotFoundError,
    PreconditionFailedError,
    ProblemError,
    TooLargeError,
    TooManyError,
    UnauthorizedError,
    UnavailableError,
    UnreachableError,
    UnsupportedTypeError,
    WaitTimeoutError,
)
from client.models import Event, Job, Progress
from client.results import columns, tables

__all__ = [
    "BadRequestError",
    "Client",
    "ClientError",
    "ConflictError",
    "Event",
    "Fault",
    "ForbiddenError",
    "InvalidError",
    "Job",
    "JobFailedError",
    "NotFoundError",
    "PreconditionFailedError",
    "ProblemError",
    "Progress",
    "TooLargeError",
    "TooManyError",
    "UnauthorizedError",
    "UnavailableError",
    "UnreachableError",
    "UnsupportedTypeError",
    "WaitTimeoutError",
    "columns",
    "tables",
]
