"""When a schedule ticks: a grid of moments, and what is done about a tick that comes late. Pure arithmetic."""

import math
from dataclasses import dataclass
from enum import StrEnum

EARLY_SHARE = 0.25
EARLY_SECONDS = 0.5
GRACE_SHARE = 0.5
GRACE_SECONDS = 5.0


class Misfire(StrEnum):
    """What is done about a tick that comes late."""

    SKIP = "skip"  # it is left out; the next one comes at its moment
    RUN_ONCE = "run_once"  # it runs at once and makes up for all that were missed


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The moments of a schedule, in seconds since the epoch of Postgres' clock.

    Parameters
    ----------
    every
        Seconds between two moments.
    anchor
        0 for a schedule aligned on multiples of its interval since the epoch, else the moment of its creation.
    """

    every: float
    anchor: float = 0.0

    def index(self, moment: float) -> int:
        """Return the number of the latest tick at or before a moment."""
        return math.floor((moment - self.anchor) / self.every)

    def moment(self, index: int) -> float:
        """Return when a tick is due."""
        return self.anchor + index * self.every

    def latest(self, moment: float) -> float:
        """Return the grid moment at or before a moment."""
        return self.moment(self.index(moment))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Which tick a call stands for, how many seconds late it is, and whether it runs."""

    tick: int
    late: float
    runs: bool


def judge(grid: Grid, now: float, misfire: Misfire) -> Verdict:
    """Return the tick that a call at `now` stands for, and whether the misfire policy lets it run.

    A call that comes a little before its moment counts for it: the clock of the scheduler need not be Postgres'.
    """
    tick = grid.index(now + min(EARLY_SHARE * grid.every, EARLY_SECONDS))
    late = max(0.0, now - grid.moment(tick))
    in_time = late <= min(GRACE_SHARE * grid.every, GRACE_SECONDS)
    return Verdict(tick=tick, late=late, runs=in_time or misfire is Misfire.RUN_ONCE)
