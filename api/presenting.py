"""Jobs as stored answers: bytes and headers that an idempotency key may keep."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.idempotency import Answer
from services.wire import accepted_document, job_document, links
from storage.jobs import Job

POLL_SECONDS = "1"
_encoder = msgspec.json.Encoder()


def accepted_answer(job: Job) -> Answer:
    """Return the 202 that a submission is answered with."""
    return Answer(status=202, headers=job_headers(job), body=_encoder.encode(accepted_document(job)))


def replay_answer(job: Job) -> Answer:
    """Return the 202 that a replay is answered with: where its job is, and where its verdict will be."""
    found = accepted_document(job)
    where = {**found["links"], "verdict": f"{links(job.id)['self']}/replay"}
    document = {**found, "replay_of": str(job.replay_of), "links": where}
    return Answer(status=202, headers=job_headers(job), body=_encoder.encode(document))


def job_answer(job: Job, result: Mapping[str, Any] | None = None, status: int = 200) -> Answer:
    """Return a job as a GET shows it."""
    headers = {} if job.state.is_final else {"Retry-After": POLL_SECONDS}
    return Answer(status=status, headers=headers, body=_encoder.encode(job_document(job, result)))


def job_headers(job: Job) -> dict[str, str]:
    """Return where to look for a job, and when."""
    return {"Location": links(job.id)["self"], "Retry-After": POLL_SECONDS}


def document_answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return any document as an answer that may be stored."""
    return Answer(status=status, headers=dict(headers or {}), body=_encoder.encode(document))


def page_document(items: list[dict[str, Any]], following: str | None) -> dict[str, Any]:
    """Return a page of a listing."""
    return {"items": items, "next": following}
