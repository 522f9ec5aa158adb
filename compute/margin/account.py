"""What a margin model says of an account beside its own requirement: variation margin and available collateral."""

from typing import Any

import numpy as np

from compute.margin.report import available_collateral
from compute.margin.tables import DEFAULT_VERSION, house_set
from compute.market import to_base
from compute.portfolio import Floats, Portfolio


def variation_margins(portfolio: Portfolio) -> Floats:
    """Return each position's settlement value less its current value, shape (n,); NaN without a settlement price."""
    numbers = portfolio.numbers
    scale = numbers["quantity"] * numbers["multiplier"] * to_base(portfolio)
    return np.asarray(scale * (portfolio.number("settlement_price", np.nan) - numbers["price"]))


def account(portfolio: Portfolio, *, initial: float, maintenance: float | None) -> dict[str, Any]:
    """Return the margins and what stands against them; collateral after the haircuts of the house set.

    Parameters
    ----------
    portfolio
        The account.
    initial, maintenance
        Of the model, in the base currency; maintenance None where the model has none.
    """
    variation = variation_margins(portfolio)
    settled = ~np.isnan(variation)
    owed = float(variation[settled].sum()) if settled.any() or not len(portfolio) else None
    required = initial + max(0.0, owed or 0.0)
    available = available_collateral(portfolio, house_set(DEFAULT_VERSION))
    return {
        "initial_margin": initial,
        "maintenance_margin": maintenance,
        "variation_margin": owed,
        "positions_without_settlement_price": int(np.count_nonzero(~settled)),
        "total_margin": required,
        "available_collateral": available,
        "equity": available,
        "available_funds": available - initial,
        "excess_liquidity": available - required,
        "utilization": required / available if available > 0.0 else None,
    }
