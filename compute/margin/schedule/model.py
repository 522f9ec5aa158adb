"""Schedule margin of many netting sets at once.

Source: BCBS-IOSCO d475, requirement 3 and Appendix A: NetIM = 0.4 GrossIM + 0.6 NGR GrossIM, GrossIM = sum over trades
of |notional| * rate(class, remaining maturity), NGR = net over gross replacement cost, 1 where the gross is zero.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from compute.margin.schedule.tables import ScheduleSet
from compute.portfolio import Floats

_MOST_DAYS = 366.0


@dataclass(frozen=True, kw_only=True)
class Trades:
    """Trades of g groups, a group being one netting set under one regulation; n of them, validated.

    Parameters
    ----------
    group
        Shape (n,): index of the trade's group, below `groups`.
    asset_class
        Shape (n,): index into the set's `classes`.
    maturity
        Shape (n,): remaining maturity as `remaining_years` counts it, not negative.
    notional, present_value
        Shape (n,), in the calculation currency; present value positive where the trade owes us.
    """

    groups: int
    group: NDArray[np.int64]
    asset_class: NDArray[np.int64]
    maturity: Floats
    notional: Floats
    present_value: Floats


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Margins by group, shape (g,); `grid` is gross by class and maturity bucket, shape (g, classes, buckets)."""

    initial_margin: Floats
    gross: Floats
    net_to_gross: Floats
    grid: Floats


def remaining_years(start: date, end: date) -> float:
    """Return whole years by the calendar, and the days behind them: an anniversary is a whole number of years."""
    years = end.year - start.year
    if _anniversary(start, years) > end:
        years -= 1
    return years + (end - _anniversary(start, years)).days / _MOST_DAYS


def _anniversary(start: date, years: int) -> date:
    leap_day = (start.month, start.day) == (2, 29)
    return start.replace(year=start.year + years, day=28 if leap_day else start.day)


def schedule(trades: Trades, table: ScheduleSet, *, side: str = "call") -> Schedule:
    """Return the margin of every group; `post` sees replacement cost with the other sign."""
    bucket = np.searchsorted(table.bounds, trades.maturity, side="left")
    charge = np.abs(trades.notional) * table.rates[trades.asset_class, bucket]
    shape = (trades.groups, *table.rates.shape)
    cell = np.ravel_multi_index((trades.group, trades.asset_class, bucket), shape)
    grid = np.bincount(cell, weights=charge, minlength=int(np.prod(shape))).reshape(shape)
    gross = grid.sum(axis=(1, 2))
    value = trades.present_value if side == "call" else -trades.present_value
    net = np.maximum(np.bincount(trades.group, weights=value, minlength=trades.groups), 0.0)
    gross_value = np.bincount(trades.group, weights=np.maximum(value, 0.0), minlength=trades.groups)
    ratio = np.divide(net, gross_value, out=np.ones(trades.groups), where=gross_value > 0.0)
    margin = (table.net_share + table.ngr_share * ratio) * gross
    return Schedule(initial_margin=margin, gross=gross, net_to_gross=ratio, grid=grid)
