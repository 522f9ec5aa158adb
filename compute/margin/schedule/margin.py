"""The model `schedule`: the standardised grid, from CRIF rows or from positions."""

from collections.abc import Mapping
from typing import Any

from compute.crif import Crif, answered_in
from compute.errors import InputError
from compute.margin.schedule import positions, trades
from compute.margin.schedule.model import Schedule, schedule
from compute.margin.schedule.tables import ScheduleSet, chosen_set
from compute.margin.simm.margin import NOT_IN_THE_MODEL, combined
from compute.market import Market
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result


def margin(book: Crif | Portfolio, _market: Market, parameters: Mapping[str, Any], _checkpoint: Checkpoint) -> Result:
    """Return the schedule margin of each netting set.

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
    table = chosen_set(parameters)
    if isinstance(book, Crif):
        if not len(book):
            raise InputError("The file has no rows.", pointer="/crif", remedy="Send at least one trade.")
        found = schedule(trades.trades_of(book, table), table, side=parameters["side"])
        currency = parameters["calculation_currency"]
        factor, names, notes = answered_in(parameters), book.netting_sets, dict(book.notes)
    else:
        found = schedule(positions.trades_of(book, table), table, side=parameters["side"])
        currency, factor, names, notes = book.currency, 1.0, (book.id,), {"positions": len(book)}
    head = {
        "currency": currency,
        "as_of": book.as_of.isoformat(),
        "model": "schedule",
        "version": table.version,
        "side": parameters["side"],
        "parameter_set": {
            "version": table.version,
            "source": table.source,
            "status": table.status,
            "unverified": [],
        },
        "input": notes,
    }
    sets = [_netting_set(name, index, found, table, factor) for index, name in enumerate(names)]
    return Result(document={**head, **combined(sets)})


def _netting_set(name: str, index: int, found: Schedule, table: ScheduleSet, factor: float) -> dict[str, Any]:
    total = float(found.initial_margin[index] * factor)
    return {
        "portfolio_id": name,
        "initial_margin": total,
        "total_margin": total,
        "gross_initial_margin": float(found.gross[index] * factor),
        "net_to_gross_ratio": float(found.net_to_gross[index]),
        "breakdown": {
            label: float(value * factor) for label, value in zip(table.classes, found.by_class[index], strict=True)
        },
        **NOT_IN_THE_MODEL,
    }
