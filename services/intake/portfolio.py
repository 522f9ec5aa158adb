"""A portfolio object of a JSON tree → `compute.portfolio.Portfolio`."""

from collections.abc import Mapping
from typing import Any

from compute.portfolio import Portfolio
from services.errors import InvalidInputError
from services.intake import values
from services.intake.careful import read_positions
from services.intake.draft import Draft, Ready
from services.intake.faults import Faults
from services.intake.fields import MAX_POSITIONS
from services.intake.head import Head, read_head, require_rates
from services.intake.judge import Columns, judge


def read_portfolio(
    tree: Any, pointer: str, faults: Faults, *, default_id: str | None = None
) -> tuple[Portfolio, tuple[str, ...]]:
    """Return a portfolio and what was assumed for it; with faults recorded it is not fit for use."""
    if isinstance(tree, Ready):
        return tree.portfolio, tree.assumed
    found = values.mapping(tree, pointer, faults)
    if found is None:
        raise InvalidInputError(faults.items, omitted=faults.omitted)
    head = read_head(found, pointer, faults, default_id=default_id)
    columns = judge(_draft(found, f"{pointer}/positions", faults), f"{pointer}/positions", faults)
    require_rates(columns.labels["currency"].values, head, pointer, faults)
    return _assemble(head, columns), () if head.as_of_given else ("as_of",)


def _draft(tree: Mapping[str, Any], pointer: str, faults: Faults) -> Draft:
    positions = tree.get("positions")
    if isinstance(positions, Draft):
        return positions
    if isinstance(positions, list):
        if len(positions) <= MAX_POSITIONS:
            return read_positions(positions, pointer, faults)
        faults.add(pointer, f"There are {len(positions):,} positions, more than {MAX_POSITIONS:,}.")
    elif "positions" not in tree:
        faults.add(pointer, "positions is required.", remedy="Send an empty list for an empty portfolio.")
    else:
        faults.add(pointer, f"positions must be a list, and is {values.kind_of(positions)}.")
    return Draft(ids=[])


def _assemble(head: Head, columns: Columns) -> Portfolio:
    return Portfolio(
        id=head.id,
        name=head.name,
        currency=head.currency,
        as_of=head.as_of,
        ids=columns.ids,
        labels=columns.labels,
        numbers=columns.numbers,
        available_cash=head.available_cash,
        collateral=head.collateral,
        fx=head.fx,
        rates=head.rates,
        account_type=head.account_type,
        leverage_ratio=head.leverage_ratio,
        notes=head.notes,
    )
