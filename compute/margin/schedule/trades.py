"""CRIF rows → the schedule's trades: notionals and present values of one trade summed, maturities from its dates."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.crif import Crif, RowFault, answered_in, date_faults, days_of
from compute.margin.schedule.model import YEAR_DAYS, Trades
from compute.margin.schedule.tables import ScheduleSet, chosen_set
from compute.portfolio import Floats

NOTIONAL, PRESENT_VALUE = "Notional", "PV"


def row_faults(crif: Crif, parameters: Mapping[str, Any]) -> Iterator[RowFault]:
    """Yield every cell of a schedule file that cannot be used."""
    table = chosen_set(parameters)
    answered_in(parameters)
    everything = {
        "risk_type": ((NOTIONAL, PRESENT_VALUE), f"Use {NOTIONAL} or {PRESENT_VALUE}."),
        "product_class": (table.classes, f"Use one of: {', '.join(table.classes)}."),
    }
    for name, (known, remedy) in everything.items():
        labels = crif.column(name)
        for row, text in enumerate(labels.texts()):
            if text not in known:
                yield RowFault(row=row, column=name, detail=f"{text!r} is not known here.", remedy=remedy)
    for row, text in enumerate(crif.column("trade").texts()):
        if text is None:
            yield RowFault(row=row, column="trade", detail="The cell is empty.", remedy="Give the trade's id.")
    yield from _date_faults(crif)


def _date_faults(crif: Crif) -> Iterator[RowFault]:
    yield from date_faults(crif, "valuation_date")
    yield from date_faults(crif, "end_date")
    for row in np.flatnonzero(crif.column("end_date").codes < 0).tolist():
        yield RowFault(row=row, column="end_date", detail="The cell is empty.", remedy="Give the trade's last date.")
    for row in np.flatnonzero(_years(crif) < 0.0).tolist():
        yield RowFault(
            row=row,
            column="end_date",
            detail="The trade ended before its valuation date.",
            remedy="Leave out what has ended, or correct the date.",
        )


def trades_of(crif: Crif, table: ScheduleSet) -> Trades:
    """Return the trades of a validated file, in order of first appearance."""
    netting = crif.labels["netting_set"].codes.astype(np.int64)
    trade = crif.column("trade").codes.astype(np.int64)
    key = netting * (int(trade.max(initial=0)) + 1) + trade
    _keys, first, index = np.unique(key, return_index=True, return_inverse=True)
    is_value = crif.labels["risk_type"].mask(PRESENT_VALUE)

    def summed(mask: NDArray[np.bool_]) -> Floats:
        total = np.bincount(index, weights=np.where(mask, crif.amount, 0.0), minlength=first.size)
        return np.asarray(total, dtype=np.float64)

    classes = crif.labels["product_class"]
    position = np.array([table.classes.index(value) for value in classes.values], dtype=np.int64)
    return Trades(
        netting_sets=len(crif.netting_sets),
        netting_set=netting[first],
        asset_class=position[classes.codes[first]],
        maturity=_years(crif)[first],
        notional=summed(~is_value),
        present_value=summed(is_value),
    )


def _years(crif: Crif) -> Floats:
    """Return the remaining maturity of each row, ACT/365F, from its own valuation date or the file's."""
    start, end = (days_of(crif.column(name), missing=crif.as_of) for name in ("valuation_date", "end_date"))
    years: Floats = (end - start) / YEAR_DAYS
    return years
