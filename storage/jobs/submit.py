"""Storing a new job: queued for a worker, or done by the API process itself. One statement each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    Connection,
    DateTime,
    Double,
    LargeBinary,
    Select,
    Text,
    bindparam,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from core.names import JobState
from storage.jobs.records import Job, NewJob, job_from
from storage.packed import Packed
from storage.schema import job_inputs, jobs, results
from storage.sql import interval, now

_GIVEN = (
    "id",
    "tenant",
    "submitted_by",
    "measure",
    "lane",
    "device_requested",
    "fallback",
    "queue",
    "routing_reason",
    "predicted_ms",
    "portfolio_id",
    "portfolio_version",
    "schedule_id",
    "trace",
    "max_attempts",
    "deadline_seconds",
    "replay_of",
)
_MOMENTS = ("available_at", "deadline_at", "submitted_at", "started_at", "finished_at")


def _given() -> dict[str, Any]:
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=jobs.c[name].type) for name in _GIVEN}
    return values | {"deadline_at": now() + interval("new_deadline_seconds")}


def _inputs() -> CTE:
    return (
        insert(job_inputs)
        .values(
            job_id=bindparam("new_id", type_=UUID(as_uuid=True)),
            parameters=bindparam("given_parameters", type_=JSONB),
            market=bindparam("given_market", type_=JSONB),
            content_hash=bindparam("input_hash", type_=Text),
            columns=bindparam("input_columns", type_=LargeBinary),
        )
        .cte("stored_inputs")
    )


def _insert_queued() -> Select[Any]:
    job = insert(jobs).values(**_given(), state=JobState.QUEUED.value).returning(*jobs.c).cte("new_job")
    return select(*job.c).add_cte(_inputs())


def _insert_done() -> Select[Any]:
    run_ms = bindparam("given_run_ms", type_=Double)
    started = func.coalesce(
        bindparam("given_started_at", type_=DateTime(timezone=True)),
        func.statement_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, run_ms / 1000.0),
    )
    outcome = {
        "state": JobState.DONE.value,
        "attempt": 1,
        "device": bindparam("given_device", type_=Text),
        "code_version": bindparam("given_code_version", type_=Text),
        "run_ms": run_ms,
        "submitted_at": started,
        "started_at": started,
        "finished_at": func.statement_timestamp(),
    }
    job = insert(jobs).values(**(_given() | outcome)).returning(*jobs.c).cte("new_job")
    result = (
        insert(results)
        .values(
            job_id=bindparam("new_id", type_=UUID(as_uuid=True)),
            tenant=bindparam("new_tenant", type_=Text),
            content_hash=bindparam("result_hash", type_=Text),
            columns=bindparam("result_columns", type_=LargeBinary),
            environment=bindparam("given_environment", type_=JSONB(none_as_null=True)),
        )
        .cte("stored_result")
    )
    return select(*(job.c[name] for name in _MOMENTS)).add_cte(_inputs(), result)


_INSERT_QUEUED = _insert_queued()
_INSERT_DONE = _insert_done()


def insert_job(
    connection: Connection,
    job: NewJob,
    *,
    parameters: Mapping[str, Any],
    market: Mapping[str, Any],
    columns: Packed | None,
) -> Job:
    """Store a queued job with its inputs; `columns` is None where a stored portfolio version is the input."""
    return job_from(connection.execute(_INSERT_QUEUED, _bound(job, parameters, market, columns)).one())


def insert_done(
    connection: Connection,
    job: NewJob,
    *,
    parameters: Mapping[str, Any],
    market: Mapping[str, Any],
    columns: Packed | None,
    result: Packed,
    device: str,
    run_ms: float,
    started_at: datetime | None = None,
    code_version: str,
    environment: Mapping[str, Any] | None = None,
) -> Job:
    """Store a job that the API process has computed, with inputs and result; it began `run_ms` ago unless told."""
    outcome = {
        "result_hash": result.content_hash,
        "result_columns": result.data,
        "given_device": device,
        "given_run_ms": run_ms,
        "given_started_at": started_at,
        "given_code_version": code_version,
        "given_environment": None if environment is None else dict(environment),
    }
    row = connection.execute(_INSERT_DONE, _bound(job, parameters, market, columns) | outcome).one()
    return _done(job, device=device, run_ms=run_ms, code_version=code_version, moments=row._asdict())


def _done(job: NewJob, *, device: str, run_ms: float, code_version: str, moments: Mapping[str, Any]) -> Job:
    """Return the row as it was stored: only Postgres' moments have to be read back, which is a third of the time."""
    given = {name: getattr(job, name) for name in _GIVEN}
    return Job(
        **given,
        **moments,
        state=JobState.DONE,
        attempt=1,
        token=None,
        worker=None,
        lease_expires_at=None,
        cancel_requested=False,
        progress_done=0,
        progress_total=0,
        sent_at=None,
        sent_epoch=None,
        sends=0,
        device=device,
        code_version=code_version,
        error=None,
        run_ms=run_ms,
    )


def _bound(
    job: NewJob, parameters: Mapping[str, Any], market: Mapping[str, Any], columns: Packed | None
) -> dict[str, Any]:
    values: dict[str, Any] = {f"new_{name}": getattr(job, name) for name in _GIVEN}
    return values | {
        "given_parameters": dict(parameters),
        "given_market": dict(market),
        "input_hash": columns.content_hash if columns else None,
        "input_columns": columns.data if columns else None,
    }
