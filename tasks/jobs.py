"""The task that carries out one job; its id is the job's id, its only argument too."""

from typing import Any
from uuid import UUID

from celery import shared_task

from tasks.process import runtime
from workers.names import EXECUTE


@shared_task(name=EXECUTE, bind=True)
def execute(task: Any, job_id: str) -> None:
    """Carry out a job."""
    from services.execute import execute as carry_out  # loads the numerics: only in the pool's children

    carry_out(runtime(), UUID(job_id), worker=task.request.hostname)
