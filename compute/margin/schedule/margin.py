"""The model `schedule`: the standardised grid, from CRIF rows or from positions."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compute.crif import Crif, answered_in
from compute.errors import InputError
from compute.margin.regulations import Groups, by_regulation, counted, groups_of, worst_of
from compute.margin.schedule import positions, trades
from compute.margin.schedule.model import Schedule, schedule
from compute.margin.schedule.tables import ScheduleSet, chosen_set
from compute.margin.simm.margin import NOT_IN_THE_MODEL, combined
from compute.market import Market
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result


def margin(book: Crif | Portfolio, _market: Market, parameters: Mapping[str, Any], _checkpoint: Checkpoint) -> Result:
    """Return the schedule margin of each netting set, the worst of the regulations on the chosen side.

    Parameters
    ----------
    book
        Validated CRIF rows with PV and Notional (answered in the calculation currency), or positions (in theirs).
    parameters
        `version`, `side`, `calculation_currency`, `fx`.

    Raises
    ------
    InputError
        Unknown version, a file without rows, no rate from USD into the calculation currency, or a position without a
        last date where its rate depends on one.
    """
    table, side = chosen_set(parameters), parameters["side"]
    if isinstance(book, Portfolio):
        found = schedule(positions.trades_of(book, table), table, side=side)
        sets = [_netting_set(book.id, 0, found, table, 1.0)]
        return Result(document={**_head(book, book.currency, table, side, {"positions": len(book)}), **combined(sets)})
    if not len(book):
        raise InputError("The file has no rows.", pointer="/crif", remedy="Send at least one trade.")
    groups = groups_of(book, side)
    found = schedule(trades.trades_of(book, table, groups), table, side=side)
    sets = _netting_sets(book, groups, found, table, answered_in(parameters))
    notes = {**book.notes, **counted(book, side), "trades_without_present_value": trades.without_value(book)}
    head = _head(book, parameters["calculation_currency"], table, side, notes)
    return Result(document={**head, **combined(sets)})


def _head(
    book: Crif | Portfolio, currency: str, table: ScheduleSet, side: str, notes: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "currency": currency,
        "as_of": book.as_of.isoformat(),
        "model": "schedule",
        "version": table.version,
        "side": side,
        "parameter_set": {
            "version": table.version,
            "source": table.source,
            "status": table.status,
            "unverified": [],
        },
        "input": dict(notes),
    }


def _netting_sets(
    crif: Crif, groups: Groups, found: Schedule, table: ScheduleSet, factor: float
) -> list[dict[str, Any]]:
    regulated = by_regulation(groups.netting_set, groups.regulation, found.initial_margin * factor)
    picked = worst_of(groups.netting_set, groups.regulation, found.initial_margin)
    group_of = {int(groups.netting_set[group]): group for group in picked.tolist()}
    sets = []
    for owner, name in enumerate(crif.netting_sets):
        group = group_of.get(owner)
        shown = _netting_set(name, group, found, table, factor)
        shown["regulation"] = None if group is None else groups.regulation[group]
        shown["by_regulation"] = regulated.get(owner, {})
        sets.append(shown)
    return sets


def _netting_set(name: str, group: int | None, found: Schedule, table: ScheduleSet, factor: float) -> dict[str, Any]:
    """Return one group's figures; those of no group are of a netting set whose every row is excluded."""
    if group is None:
        total, gross, ratio, grid = 0.0, 0.0, 1.0, np.zeros(table.rates.shape)
    else:
        total, gross = (float(column[group] * factor) for column in (found.initial_margin, found.gross))
        ratio, grid = float(found.net_to_gross[group]), found.grid[group] * factor
    by_class = grid.sum(axis=1)
    return {
        "portfolio_id": name,
        "initial_margin": total,
        "total_margin": total,
        "gross_initial_margin": gross,
        "net_to_gross_ratio": ratio,
        "breakdown": dict(zip(table.classes, by_class.tolist(), strict=True)),
        "grid": {
            label: dict(zip(table.buckets, row.tolist(), strict=True))
            for label, row in zip(table.classes, grid, strict=True)
        },
        **NOT_IN_THE_MODEL,
    }
