"""CRIF rows → the schedule's trades: notionals and present values of one trade summed, maturities from its dates."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.crif import Crif, RowFault, answered_in, as_date, cells_among, cells_where, date_faults
from compute.margin.regulations import SIDES, Groups, Integers, groups_of, worst_of
from compute.margin.schedule.model import Trades, remaining_years, schedule
from compute.margin.schedule.tables import ScheduleSet, chosen_set
from compute.portfolio import Floats, Labels

NOTIONAL, PRESENT_VALUE = "Notional", "PV"


def row_faults(crif: Crif, parameters: Mapping[str, Any]) -> Iterator[RowFault]:
    """Yield every cell of a schedule file that cannot be used; raise InputError for parameters that no file can be."""
    table = chosen_set(parameters)
    answered_in(parameters)
    every = np.ones(len(crif), np.bool_)
    yield from cells_among(crif, every, "risk_type", (NOTIONAL, PRESENT_VALUE))
    yield from cells_among(crif, every, "product_class", table.classes)
    yield from cells_where(crif, every, "trade", bool, "Give the trade's id.")
    yield from cells_where(crif, every, "end_date", bool, "Give the trade's last date.")
    dates = [fault for column in ("valuation_date", "end_date") for fault in date_faults(crif, column)]
    yield from dates
    if not dates:
        yield from _ended(crif)
    yield from _unlike(crif, ("product_class", "end_date", "valuation_date", SIDES[parameters["side"]]))
    yield from _without_notional(crif)


def _ended(crif: Crif) -> Iterator[RowFault]:
    for row in np.flatnonzero(_years(crif) < 0.0).tolist():
        yield RowFault(
            row=row,
            column="end_date",
            detail="The trade ended before its valuation date.",
            remedy="Leave out what has ended, or correct the date.",
        )


def _unlike(crif: Crif, columns: tuple[str, ...]) -> Iterator[RowFault]:
    """Yield the cells in which a trade is another one than in its first row."""
    first, index = _trades(crif)
    for column in columns:
        codes = crif.column(column).codes
        for row in np.flatnonzero(codes != codes[first[index]]).tolist():
            yield RowFault(
                row=row,
                column=column,
                detail="The trade's first row says something else here.",
                remedy="Say the same in every row of a trade.",
            )


def _without_notional(crif: Crif) -> Iterator[RowFault]:
    first, index = _trades(crif)
    has = np.bincount(index, weights=crif.labels["risk_type"].mask(NOTIONAL), minlength=first.size) > 0.0
    named = crif.column("trade").codes[first] >= 0
    for row in first[~has & named].tolist():
        detail = "The trade has no row of its notional."
        yield RowFault(row=row, column="risk_type", detail=detail, remedy=f"Add a row with RiskType {NOTIONAL}.")


def without_value(crif: Crif) -> int:
    """Count the trades without a row of their present value, which is then taken as zero."""
    first, index = _trades(crif)
    has = np.bincount(index, weights=crif.labels["risk_type"].mask(PRESENT_VALUE), minlength=first.size) > 0.0
    return int(np.sum(~has))


def _trades(crif: Crif) -> tuple[Integers, Integers]:
    """Return the first row of each trade of a netting set, shape (t,), and each row's trade, shape (n,)."""
    key = crif.labels["netting_set"].codes.astype(np.int64) * _width(crif) + crif.column("trade").codes
    _keys, first, index = np.unique(key, return_index=True, return_inverse=True)
    return first, index


def _width(crif: Crif) -> int:
    return len(crif.column("trade").values) + 1


def trades_of(crif: Crif, table: ScheduleSet, groups: Groups) -> Trades:
    """Return the trades of a validated file, each once for every group that it counts for; see `trade_numbers`."""
    rows, index = groups.index, trade_numbers(crif, groups)
    _numbers, first = np.unique(index, return_index=True)
    is_value = crif.labels["risk_type"].mask(PRESENT_VALUE)[rows]
    amount = crif.amount[rows]

    def summed(mask: NDArray[np.bool_]) -> Floats:
        total = np.bincount(index, weights=np.where(mask, amount, 0.0), minlength=first.size)
        return np.asarray(total, dtype=np.float64)

    classes = crif.labels["product_class"]
    position = np.array([table.classes.index(value) for value in classes.values], dtype=np.int64)
    return Trades(
        groups=groups.netting_set.size,
        group=groups.group[first],
        asset_class=position[classes.codes[rows[first]]],
        maturity=_years(crif)[rows[first]],
        notional=summed(~is_value),
        present_value=summed(is_value),
    )


def trade_numbers(crif: Crif, groups: Groups) -> Integers:
    """Return for each of the groups' rows which of `trades_of` it belongs to, shape (n,)."""
    key = groups.group * _width(crif) + crif.column("trade").codes[groups.index]
    _keys, index = np.unique(key, return_inverse=True)
    numbers: Integers = index.astype(np.int64)
    return numbers


def counting(crif: Crif, table: ScheduleSet, side: str) -> Groups:
    """Return the rows that decide the margin: those of each netting set under its worst regulation."""
    groups = groups_of(crif, side)
    total = schedule(trades_of(crif, table, groups), table, side=side).initial_margin
    picked = worst_of(groups.netting_set, groups.regulation, total)
    position = np.full(groups.netting_set.size, -1)
    position[picked] = np.arange(picked.size)
    kept = position[groups.group] >= 0
    return Groups(
        index=groups.index[kept],
        group=position[groups.group[kept]],
        netting_set=groups.netting_set[picked],
        regulation=tuple(groups.regulation[group] for group in picked.tolist()),
    )


def _years(crif: Crif) -> Floats:
    """Return the remaining maturity of each row, shape (n,), from its own valuation date or the file's."""
    starts, ends = crif.column("valuation_date"), crif.column("end_date")
    begin, finish = (_dates(labels, crif.as_of) for labels in (starts, ends))
    key = (starts.codes.astype(np.int64) % len(begin)) * len(finish) + ends.codes % len(finish)
    pairs, index = np.unique(key, return_inverse=True)
    years = [remaining_years(begin[pair // len(finish)], finish[pair % len(finish)]) for pair in pairs.tolist()]
    return np.array(years, dtype=np.float64)[index]


def _dates(labels: Labels, missing: date) -> list[date]:
    """Return the dates that codes index; the last, code -1, is of empty cells."""
    return [*(as_date(value) or missing for value in labels.values), missing]
