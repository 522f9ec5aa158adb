"""A job on the wire has the names that CONVENTIONS fixes, whatever its state."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from core.names import Device, JobState, Lane, Measure, Queue
from services.wire import accepted_document, job_document, result_document, unpacked_result
from storage.columns import pack
from storage.jobs import Job

NOON = datetime(2024, 5, 31, 12, tzinfo=UTC)
ID = UUID("00000000-0000-4000-8000-000000000001")


def job(**changes: Any) -> Job:
    fields: dict[str, Any] = {
        "id": ID,
        "tenant": "desk",
        "submitted_by": "olga",
        "measure": Measure.VAR,
        "state": JobState.QUEUED,
        "lane": Lane.RT,
        "device_requested": Device.AUTO,
        "fallback": False,
        "queue": Queue.CPU_RT,
        "routing_reason": "auto: cpu",
        "predicted_ms": 40.0,
        "portfolio_id": None,
        "portfolio_version": None,
        "schedule_id": None,
        "trace": "t",
        "attempt": 0,
        "max_attempts": 3,
        "token": None,
        "worker": None,
        "lease_expires_at": None,
        "cancel_requested": False,
        "progress_done": 0,
        "progress_total": 0,
        "available_at": NOON,
        "sent_at": None,
        "sent_epoch": None,
        "sends": 0,
        "device": None,
        "code_version": None,
        "error": None,
        "deadline_seconds": 600.0,
        "deadline_at": NOON + timedelta(seconds=600),
        "submitted_at": NOON,
        "started_at": None,
        "finished_at": None,
        "run_ms": None,
    }
    return Job(**{**fields, **changes})


def test_a_queued_job() -> None:
    document = job_document(job())
    assert document["id"] == str(ID)
    assert (document["measure"], document["state"], document["queue"]) == ("var", "queued", "cpu.rt")
    assert document["progress"] == {"done": 0, "total": 0}
    assert document["routing"] == {"reason": "auto: cpu", "predicted_ms": 40.0}
    assert document["timings"]["submitted_at"] == "2024-05-31T12:00:00Z"
    assert {document["timings"][name] for name in ("started_at", "finished_at", "queued_ms", "run_ms")} == {None}
    assert (document["error"], document["result"], document["device"]) == (None, None, None)


def test_a_done_job_has_its_timings_and_result() -> None:
    done = job(
        state=JobState.DONE,
        attempt=1,
        device="cpu",
        started_at=NOON + timedelta(milliseconds=250),
        finished_at=NOON + timedelta(milliseconds=300),
        run_ms=41.5,
    )
    document = job_document(done, {"var": 1.0})
    assert document["timings"]["queued_ms"] == 250.0
    assert document["timings"]["run_ms"] == 41.5
    assert document["result"] == {"var": 1.0}


def test_a_job_computed_in_the_api_had_no_queue() -> None:
    assert job_document(job(queue=None))["queue"] is None


def test_an_accepted_job_says_where_to_look() -> None:
    path = f"/api/v1/jobs/{ID}"
    assert accepted_document(job()) == {
        "id": str(ID),
        "state": "queued",
        "measure": "var",
        "links": {"self": path, "result": f"{path}/result", "events": f"{path}/events"},
    }


def test_tables_become_lists_of_objects() -> None:
    tables: dict[str, dict[str, Any]] = {
        "positions": {"id": ["a", "b"], "margin": np.array([1.5, 2.5])},
        "empty": {"id": [], "x": np.array([])},
    }
    expected: dict[str, Any] = {
        "currency": "USD",
        "positions": [{"id": "a", "margin": 1.5}, {"id": "b", "margin": 2.5}],
        "empty": [],
    }
    assert result_document({"currency": "USD"}, tables) == expected
    assert unpacked_result(pack({"currency": "USD"}, tables).data) == expected
    assert type(expected["positions"][0]["margin"]) is float
