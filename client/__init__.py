"""A small typed HTTP client; it stands alone: copy the folder, install httpx, go."""

from client.client import Client
from client.errors import ClientError, Fault, JobFailedError, ProblemError, UnreachableError, WaitTimeoutError
from client.models import Event, Job, Progress
from client.results import columns, tables

__all__ = [
    "Client",
    "ClientError",
    "Event",
    "Fault",
    "Job",
    "JobFailedError",
    "ProblemError",
    "Progress",
    "UnreachableError",
    "WaitTimeoutError",
    "columns",
    "tables",
]
