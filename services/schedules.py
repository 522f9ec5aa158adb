"""Dynamic schedules: recompute these portfolios every N seconds. Postgres holds them; beat reads them from here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.clock import isoformat
from core.names import Permission
from core.security import Principal
from services.errors import ConflictError, NotFoundError
from services.timing import Grid, Misfire
from storage import audit, schedules
from storage.database import Database
from storage.schedules import Schedule

if TYPE_CHECKING:
    from services.runtime import Runtime
    from services.schedule_request import ScheduleRequest
    from services.ticks import Ticked


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One schedule as beat needs it: its grid, the moment from which ticks are due, what is done about a late one."""

    id: UUID
    grid: Grid
    last: float
    misfire: Misfire


@dataclass(frozen=True, kw_only=True)
class PlannedSchedules:
    """Every enabled schedule, and what Postgres' clock said."""

    now: float
    ticks: tuple[Planned, ...]


def add(runtime: "Runtime", principal: Principal, request: "ScheduleRequest") -> Schedule:
    """Store a schedule; beat picks it up within a second or two."""
    principal.require(Permission.SCHEDULE)
    new = schedules.NewSchedule(
        tenant=principal.tenant,
        name=request.name,
        measure=request.measure,
        portfolio_ids=request.portfolio_ids,
        parameters=request.parameters,
        every_seconds=request.every_seconds,
        aligned=request.aligned,
        misfire=request.misfire.value,
        enabled=request.enabled,
        created_by=principal.subject,
    )
    with runtime.database.unit_of_work() as conn:
        schedule = schedules.add(conn, new)
        if schedule is None:
            raise ConflictError(
                f"A schedule named {request.name!r} exists.", remedy="Choose another name, or remove it first."
            )
        _audit(conn, principal, "schedule.added", schedule)
    return schedule


def listing(runtime: "Runtime", principal: Principal) -> list[Schedule]:
    """Return the tenant's schedules by name."""
    principal.require(Permission.READ)
    with runtime.database.read() as conn:
        return schedules.list_all(conn, principal.tenant)


def show(runtime: "Runtime", principal: Principal, name: str) -> Schedule:
    """Return one schedule by its id or its name."""
    principal.require(Permission.READ)
    for schedule in listing(runtime, principal):
        if name in {str(schedule.id), schedule.name}:
            return schedule
    raise NotFoundError("schedule", name, remedy="`collateral schedules ls` lists them.")


def remove(runtime: "Runtime", principal: Principal, name: str) -> Schedule:
    """Remove a schedule by its id or its name; a tick on its way finds nothing and does nothing."""
    principal.require(Permission.SCHEDULE)
    schedule = show(runtime, principal, name)
    with runtime.database.unit_of_work() as conn:
        if not schedules.remove(conn, principal.tenant, schedule.id):
            raise NotFoundError("schedule", name)
        _audit(conn, principal, "schedule.removed", schedule)
    return schedule


def run(runtime: "Runtime", principal: Principal, name: str, *, trace: str) -> "Ticked":
    """Submit a schedule's portfolios once, now, beside its ticks."""
    from services.ticks import run_now

    principal.require(Permission.SCHEDULE)
    return run_now(runtime, principal, show(runtime, principal, name), trace=trace)


def tick(runtime: "Runtime", schedule_id: UUID) -> "Ticked | None":
    """Submit a schedule's portfolios if this tick is nobody's yet and its misfire policy lets it run."""
    from services.ticks import tick_once

    return tick_once(runtime, schedule_id)


def planned(database: Database) -> PlannedSchedules:
    """Return every tenant's enabled schedules for beat."""
    with database.read() as conn:
        now, found = schedules.enabled(conn)
    return PlannedSchedules(now=now, ticks=tuple(_planned(schedule) for schedule in found))


def grid_of(schedule: Schedule) -> Grid:
    """Return the moments at which a schedule ticks."""
    return Grid(every=schedule.every_seconds, anchor=0.0 if schedule.aligned else schedule.created_at.timestamp())


def schedule_document(schedule: Schedule) -> dict[str, Any]:
    """Return a schedule as it goes over the wire."""
    return {
        "id": str(schedule.id),
        "name": schedule.name,
        "measure": schedule.measure.value,
        "portfolio_ids": list(schedule.portfolio_ids),
        "parameters": dict(schedule.parameters),
        "every_seconds": schedule.every_seconds,
        "aligned": schedule.aligned,
        "misfire": schedule.misfire,
        "enabled": schedule.enabled,
        "created_by": schedule.created_by,
        "created_at": isoformat(schedule.created_at),
        "last_tick_at": isoformat(schedule.last_tick_at) if schedule.last_tick_at else None,
    }


def ticked_document(ticked: "Ticked") -> dict[str, Any]:
    """Return what a run submitted as it goes over the wire."""
    return {
        "schedule_id": str(ticked.schedule_id),
        "outcome": ticked.outcome,
        "jobs": [str(job) for job in ticked.jobs],
        "errors": [{"portfolio_id": name, "detail": detail} for name, detail in ticked.errors],
    }


def _planned(schedule: Schedule) -> Planned:
    since = schedule.last_tick_at or schedule.created_at
    return Planned(id=schedule.id, grid=grid_of(schedule), last=since.timestamp(), misfire=Misfire(schedule.misfire))


def _audit(conn: Any, principal: Principal, action: str, schedule: Schedule) -> None:
    audit.write(
        conn,
        tenant=principal.tenant,
        actor=principal.subject,
        action=action,
        subject=f"schedule:{schedule.name}",
        detail=schedule_document(schedule),
    )
