"""The earlier side of a bridge: judged and pinned by its job's id at submit, loaded when the bridge is computed."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from compute.analysis.bridge.earlier import POINTER, Earlier, judge_pair
from compute.analysis.figures import figures
from compute.market import Market
from compute.measures import Book
from compute.result import Result
from core.clock import isoformat
from core.names import JobState, Measure
from services.errors import InvalidInputError
from services.pins import PURGED
from storage import jobs
from storage.columns import unpack, verified
from storage.database import Connection
from workers.version import code_version

EARLIER = "earlier"
"""The parameter that names the job, and the pin."""

Read = Callable[[bytes], Book]
Markets = Callable[[Connection, str, Mapping[str, Any]], Market]


def pin(conn: Connection, tenant: str, parameters: Mapping[str, Any], book: Book, read: Read) -> dict[str, Any]:
    """Return the pin of the job that the parameters name; raise where no bridge from it to this book can stand."""
    job = _job(conn, tenant, str(parameters[EARLIER]))
    judge_pair(_earlier(conn, tenant, job, read), book, parameters)
    return {"job_id": str(job.id), "code_version": job.code_version}


def load(conn: Connection, tenant: str, pinned: Mapping[str, Any], read: Read, market: Markets) -> Earlier:
    """Return the earlier side of a pin; raise where it was removed since."""
    return _earlier(conn, tenant, _job(conn, tenant, pinned["job_id"]), read, market)


def _job(conn: Connection, tenant: str, name: str) -> jobs.Job:
    try:
        job_id = UUID(name)
    except ValueError:
        raise _fault(f"{name[:64]!a} is no job id.", "`collateral jobs ls` lists them.") from None
    job = jobs.get(conn, tenant, job_id)
    if job is None:
        raise _fault(f"There is no job {name}.", "Check the id; jobs are removed when their retention is over.")
    if job.measure is not Measure.MARGIN:
        raise _fault(f"The job {name} is of the measure {job.measure.value}, not margin.", "Name a margin job.")
    if job.state is not JobState.DONE:
        raise _fault(f"The job {name} is {job.state.value} and has no figures.", "Name a job that is done.")
    return job


def _earlier(conn: Connection, tenant: str, job: jobs.Job, read: Read, market: Markets | None = None) -> Earlier:
    given, result = jobs.inputs(conn, tenant, job.id), jobs.stored(conn, tenant, job.id)
    if given is None or given.columns is None or result is None:
        raise _fault(f"What the job {job.id} was computed from is no longer stored.", PURGED)
    document, _tables = unpack(result.columns, content_hash=result.content_hash)
    return Earlier(
        name=str(job.id),
        book=read(verified(given.columns, given.content_hash)),
        history=None if market is None else market(conn, tenant, given.market).history,
        parameters=given.parameters,
        figures=figures(Result(document=document)),
        version=document.get("version"),
        code_version=job.code_version,
        present_code_version=code_version(),
        facts={"job_id": str(job.id), "finished_at": None if job.finished_at is None else isoformat(job.finished_at)},
    )


def _fault(detail: str, remedy: str) -> InvalidInputError:
    return InvalidInputError.at(POINTER, detail, remedy=remedy)
