"""Hints: a job's change of state is told on a channel, so that waiters look into Postgres at once instead of later."""

from services.runtime import Runtime
from storage.jobs import Job


def hint(runtime: Runtime, job: Job) -> None:
    """Tell whoever waits for this job to look; a hint that gets lost costs a waiter one polling interval."""
    runtime.cache.publish(job.id, job.state)
