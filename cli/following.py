"""Waiting for jobs on a terminal: a progress bar there, silence in a pipe."""

import time
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from client import Client, Job, WaitTimeoutError

_PAUSE = 0.1


def progress_bar(console: Console) -> Progress:
    """Return a bar that is drawn on a terminal and silent elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def await_job(client: Client, job_id: str, *, timeout: float) -> Job:
    """Return a final job; on a terminal with its own progress drawn on stderr."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return client.wait(job_id, timeout=timeout)
    with progress_bar(console) as bar:
        task = bar.add_task(job_id[:8], total=None)
        return client.wait(
            job_id,
            timeout=timeout,
            on_progress=lambda now: bar.update(task, completed=now.done, total=now.total or None),
        )


def await_jobs(client: Client, job_ids: Sequence[str], *, timeout: float) -> Iterator[Job]:
    """Yield several jobs in their order, each once final; a timeout counts for all of them together."""
    if len(job_ids) == 1:
        yield await_job(client, job_ids[0], timeout=timeout)
        return
    end = time.monotonic() + timeout
    with progress_bar(Console(stderr=True)) as bar:
        task = bar.add_task("jobs", total=len(job_ids))
        for job_id in job_ids:
            try:
                job = client.wait(job_id, timeout=max(_PAUSE, end - time.monotonic()))
            except WaitTimeoutError as error:
                job = error.job
            bar.advance(task)
            yield job
