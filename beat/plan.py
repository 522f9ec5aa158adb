"""What beat should send: one entry for each enabled schedule in Postgres, and the housekeeping."""

from dataclasses import dataclass

from celery import Celery

from beat.entries import GridEntry, make_entry
from core.names import Queue
from services import schedules
from services.timing import Grid, Misfire
from storage.database import Database
from workers.names import HOUSEKEEPING, TICK

HOUSEKEEPING_SECONDS = 3_600.0
QUEUE = Queue.MONITOR.value


@dataclass(frozen=True, kw_only=True)
class PlannedTick:
    """One entry: its task, its interval, the moment of its grid that it last ran at, and whether it should have since.

    Beat sends a tick once; where the message or its transaction was lost, `overdue` says so, and it is sent again.
    """

    name: str
    task: str
    args: tuple[str, ...]
    every: float
    last: float
    overdue: bool = False

    def entry(self, app: Celery) -> GridEntry:
        """Return the RedBeat entry; a moment already missed makes it due at once, and the tick judges that."""
        return make_entry(
            app,
            name=self.name,
            task=self.task,
            args=self.args,
            queue=QUEUE,
            every=self.every,
            last=self.last,
        )


class Plan:
    """Reads the plan from Postgres; the housekeeping is always in it."""

    def __init__(self, database: Database, *, housekeeping_seconds: float = HOUSEKEEPING_SECONDS) -> None:
        self._database = database
        self._housekeeping = housekeeping_seconds

    def read(self) -> dict[str, PlannedTick]:
        """Return the wanted entries by name."""
        found = schedules.planned(self._database)
        ticks = [self._housekeeping_tick(found.now), *(_tick(one, found.now) for one in found.ticks)]
        return {tick.name: tick for tick in ticks}

    def _housekeeping_tick(self, now: float) -> PlannedTick:
        grid = Grid(every=self._housekeeping)
        return PlannedTick(name="housekeeping", task=HOUSEKEEPING, args=(), every=grid.every, last=grid.latest(now))


def _tick(planned: schedules.Planned, now: float) -> PlannedTick:
    last = planned.grid.latest(planned.last)
    missed = now - (last + planned.grid.every) > 0.0
    return PlannedTick(
        name=f"schedule/{planned.id}",
        task=TICK,
        args=(str(planned.id),),
        every=planned.grid.every,
        last=last,
        overdue=missed and planned.misfire is Misfire.RUN_ONCE,
    )
