"""The house model: initial, maintenance and variation margin of a portfolio, with direction-aware offsets.

initial margin = notional * rate * (1 + volatility add-on + concentration add-on + greeks add-on), then netting and
offsets; maintenance margin is the same with the maintenance rates.
Rule, units and a worked example: docs/models/house.md.
"""

from collections.abc import Mapping
from typing import Any

from compute.margin.columns import Columns, prepare
from compute.margin.report import document, position_table
from compute.margin.requirement import Requirement, requirement
from compute.margin.tables import HouseSet, chosen_set
from compute.market import Market
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result


def compute(
    portfolio: Portfolio, market: Market, parameters: Mapping[str, Any]
) -> tuple[HouseSet, Columns, Requirement]:
    """Return the parameter set, the prepared columns and the margins; errors as in `margin`."""
    table = chosen_set(parameters)
    columns = prepare(portfolio, market, table, history_first=parameters["volatility"] == "history")
    return table, columns, requirement(columns, table)


def margin(portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], _checkpoint: Checkpoint) -> Result:
    """Return the house margin of a portfolio.

    Parameters
    ----------
    portfolio
        n positions.
    market
        Its history is read for `volatility=history` only.
    parameters
        `version` and `volatility`.

    Raises
    ------
    InputError
        Unknown version, asset class or collateral type.
    MissingRateError
        A currency has no rate into the base currency.
    NonFiniteError
        A total overflows.
    """
    table, columns, found = compute(portfolio, market, parameters)
    return Result(
        document=document(portfolio, table, columns, found),
        tables={"positions": position_table(portfolio, columns, found)},
    )
