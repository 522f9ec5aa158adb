"""The tasks that beat sends: one tick of a schedule, and housekeeping."""

from uuid import UUID

from celery import shared_task

from tasks.process import runtime
from workers.names import HOUSEKEEPING, TICK


@shared_task(name=TICK)
def tick(schedule_id: str) -> None:
    """Carry out one tick of a schedule, if nobody else has."""
    from services.schedules import tick as carry_out  # loads the numerics: only in the pool's children

    carry_out(runtime(), UUID(schedule_id))


@shared_task(name=HOUSEKEEPING)
def housekeeping() -> None:
    """Remove what is past its retention."""
    from services.housekeeping import housekeeping as carry_out

    carry_out(runtime())
