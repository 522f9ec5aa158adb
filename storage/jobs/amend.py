"""Saying more about a job that has failed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, update
from sqlalchemy.dialects.postgresql import JSONB

from core.names import JobState
from storage.jobs.records import Job
from storage.schema import jobs

_EXPLAIN = (
    update(jobs)
    .where(jobs.c.id == bindparam("job_id"), jobs.c.state == JobState.FAILED.value)
    .values(error=bindparam("with_error", type_=JSONB))
)


def explain(connection: Connection, job: Job, error: Mapping[str, Any]) -> Job:
    """Replace a failed job's error by one that says more, in the transaction that failed it; return the job."""
    connection.execute(_EXPLAIN, {"job_id": job.id, "with_error": dict(error)})
    return replace(job, error=dict(error))
