"""Conditions on a job's state, as constants: a bound parameter would hide the partial indexes from a generic plan."""

from sqlalchemy import ColumnElement, FromClause, Text, literal_column

from core.names import JobState
from storage.schema import jobs


def is_in(job: FromClause, *states: JobState) -> ColumnElement[bool]:
    """Return whether a row of the jobs table is in one of some states."""
    constants = [literal_column(f"'{state.value}'", Text) for state in states]
    return job.c.state == constants[0] if len(constants) == 1 else job.c.state.in_(constants)


QUEUED = is_in(jobs, JobState.QUEUED)
RUNNING = is_in(jobs, JobState.RUNNING)
UNFINISHED = is_in(jobs, JobState.QUEUED, JobState.RUNNING)
