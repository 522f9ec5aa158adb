"""How much a tenant has computed."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from core.names import JobState, Measure
from storage.schema import jobs


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The finished jobs of one measure on one device."""

    measure: Measure
    device: str
    count: int
    mean_ms: float


_TALLIES = (
    select(jobs.c.measure, func.coalesce(jobs.c.device, ""), func.count(), func.coalesce(func.avg(jobs.c.run_ms), 0.0))
    .where(jobs.c.tenant == bindparam("of_tenant"), jobs.c.state == JobState.DONE.value)
    .group_by(jobs.c.measure, jobs.c.device)
    .order_by(jobs.c.measure, jobs.c.device)
)


def tallies(connection: Connection, tenant: str) -> list[Tally]:
    """Return a tenant's finished jobs by measure and device."""
    return [
        Tally(measure=Measure(measure), device=device, count=count, mean_ms=float(mean))
        for measure, device, count, mean in connection.execute(_TALLIES, {"of_tenant": tenant})
    ]
