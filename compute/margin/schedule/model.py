"""Schedule margin of many netting sets at once.

Source: BCBS-IOSCO d475, requirement 3 and Appendix A: NetIM = 0.4 GrossIM + 0.6 NGR GrossIM, GrossIM = sum over trades
of |notional| * rate(class, remaining maturity), NGR = net over gross replacement cost, 1 where the gross is zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.margin.schedule.tables import ScheduleSet
from compute.portfolio import Floats

YEAR_DAYS = 365.0


@dataclass(frozen=True, kw_only=True)
class Trades:
    """Trades of g netting sets, n of them, validated.

    Parameters
    ----------
    netting_set
        Shape (n,): index of the trade's netting set, below `netting_sets`.
    asset_class
        Shape (n,): index into the set's `classes`.
    maturity
        Shape (n,): remaining maturity in years, ACT/365F, not negative.
    notional, present_value
        Shape (n,), in the calculation currency; present value positive where the trade owes us.
    """

    netting_sets: int
    netting_set: NDArray[np.int64]
    asset_class: NDArray[np.int64]
    maturity: Floats
    notional: Floats
    present_value: Floats


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Margins by netting set, shape (g,); `by_class` is gross, shape (g, classes)."""

    initial_margin: Floats
    gross: Floats
    net_to_gross: Floats
    by_class: Floats


def schedule(trades: Trades, table: ScheduleSet, *, side: str = "call") -> Schedule:
    """Return the margin of every netting set; `post` sees replacement cost with the other sign."""
    bucket = np.searchsorted(table.bounds, trades.maturity, side="left")
    charge = np.abs(trades.notional) * table.rates[trades.asset_class, bucket]
    count = trades.netting_sets
    key = trades.netting_set * len(table.classes) + trades.asset_class
    by_class = np.asarray(np.bincount(key, weights=charge, minlength=count * len(table.classes)), dtype=np.float64)
    by_class = by_class.reshape(count, len(table.classes))
    gross = by_class.sum(axis=1)
    value = trades.present_value if side == "call" else -trades.present_value
    net = np.maximum(np.bincount(trades.netting_set, weights=value, minlength=count), 0.0)
    gross_value = np.bincount(trades.netting_set, weights=np.maximum(value, 0.0), minlength=count)
    ratio = np.divide(net, gross_value, out=np.ones(count), where=gross_value > 0.0)
    margin = (table.net_share + table.ngr_share * ratio) * gross
    return Schedule(initial_margin=margin, gross=gross, net_to_gross=ratio, by_class=by_class)
