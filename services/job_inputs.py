"""What a number was made from: a job's pinned inputs in the shape in which they can be sent again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from compute.crif import Crif
from compute.measures import MEASURES, Book
from core.clock import isoformat
from core.names import Permission
from core.security import Principal
from services.crif_text import crif_text
from services.errors import NotFoundError
from services.inputs import load_book
from services.pins import PURGED
from services.portfolios import book_document
from services.runtime import Runtime
from storage import jobs
from storage.columns import verified
from storage.database import Connection


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """A job and what it read; `book` is None for drills."""

    job: jobs.Job
    inputs: jobs.Inputs
    book: Book | None


def pinned(conn: Connection, tenant: str, job_id: UUID) -> Pinned:
    """Return a tenant's job with its inputs; raise NotFoundError for either, CorruptColumnsError for changed bytes."""
    job, given = jobs.get(conn, tenant, job_id), jobs.inputs(conn, tenant, job_id)
    if job is None:
        raise NotFoundError("job", str(job_id))
    if given is None or (given.columns is None and MEASURES[job.measure].needs_portfolio):
        raise NotFoundError("input of the job", str(job_id), remedy=PURGED)
    book = None if given.columns is None else load_book(verified(given.columns, given.content_hash))
    return Pinned(job=job, inputs=given, book=book)


def show(runtime: Runtime, principal: Principal, job_id: UUID) -> dict[str, Any]:
    """Return a job's pinned inputs: `measure`, `parameters` and `portfolio` or `crif`, sent again, are the same job."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        found = pinned(conn, principal.tenant, job_id)
        stored = jobs.stored(conn, principal.tenant, job_id)
    return inputs_document(found, None if stored is None else stored.environment)


def sendable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return pinned parameters as a request may hold them: of a stored set the document, without its name."""
    if parameters.get("models"):
        entries = [{**entry, "parameters": sendable(entry["parameters"])} for entry in parameters["models"]]
        return {**parameters, "models": entries}
    return {**parameters, "parameter_set": ""} if parameters.get("tables") else dict(parameters)


def inputs_document(found: Pinned, environment: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return pinned inputs as they go over the wire."""
    job, book = found.job, found.book
    return {
        "job_id": str(job.id),
        "measure": job.measure.value,
        "parameters": sendable(found.inputs.parameters),
        "parameter_set": found.inputs.parameters.get("parameter_set") or None,
        "portfolio": None if book is None or isinstance(book, Crif) else book_document(book),
        "crif": crif_text(book) if isinstance(book, Crif) else None,
        "device": job.device_requested.value,
        "fallback": job.fallback,
        "lane": job.lane.value,
        "portfolio_id": job.portfolio_id,
        "portfolio_version": job.portfolio_version,
        "content_hash": found.inputs.content_hash,
        "market": found.inputs.market,
        "as_of": None if book is None else book.as_of.isoformat(),
        "state": job.state.value,
        "submitted_at": isoformat(job.submitted_at),
        "submitted_by": job.submitted_by,
        "code_version": job.code_version,
        "computed_on": job.device,
        "environment": None if environment is None else dict(environment),
        "replay_of": None if job.replay_of is None else str(job.replay_of),
    }
