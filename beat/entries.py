"""RedBeat entries on a grid of moments: a late tick does not shift those after it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Celery
from celery.schedules import schedule as interval
from redbeat import RedBeatSchedulerEntry

from core.clock import utcnow
from services.timing import Grid


class GridEntry(RedBeatSchedulerEntry):  # type: ignore[misc]  # redbeat has no types
    """An entry whose `last_run_at` always lies on its grid, so that the grid needs no field of its own."""

    @property
    def grid(self) -> Grid:
        """The moments of this entry."""
        return Grid(every=self.schedule.run_every.total_seconds(), anchor=self.last_run_at.timestamp())

    def is_due(self) -> tuple[bool, float]:
        """Return whether a tick is due, and the seconds until the one after."""
        now = utcnow().timestamp()
        due = self.grid.index(now) >= 1
        return due, self.grid.latest(now) + self.grid.every - now

    def _next_instance(self, last_run_at: datetime | None = None, only_update_last_run_at: bool = False) -> Any:
        latest = self.grid.latest((last_run_at or utcnow()).timestamp())
        return super()._next_instance(last_run_at=moment(latest), only_update_last_run_at=only_update_last_run_at)

    __next__ = next = _next_instance


def make_entry(
    app: Celery, *, name: str, task: str, args: Sequence[str], queue: str, every: float, last: float
) -> GridEntry:
    """Return an entry that ticks every so many seconds after `last`, a moment of its grid.

    A message that waits longer than one interval expires: the next one stands for it.
    """
    return GridEntry(
        app=app,
        name=name,
        task=task,
        args=list(args),
        kwargs={},
        schedule=interval(run_every=timedelta(seconds=every), app=app),
        options={"queue": queue, "expires": max(every, 5.0)},
        last_run_at=moment(last),
    )


def moment(seconds: float) -> datetime:
    """Return seconds since the epoch as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)
