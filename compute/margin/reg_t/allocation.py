"""A Regulation T requirement taken apart: the holdings alone, what pairing them saves, and the positions' parts.

Which strategies an account is paired into is a combinatorial choice: the requirement has no derivative. A strategy's
requirement is shared out over its legs by what each would need alone, and a leg's over its positions by quantity.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from compute.margin.allocation import Allocation, kept
from compute.margin.reg_t import amounts
from compute.margin.reg_t.holdings import Account, Security, Series, Stock
from compute.margin.reg_t.intake import read
from compute.margin.reg_t.model import margin
from compute.margin.reg_t.strategy import Holding
from compute.margin.reg_t.tables import RegTSet, chosen_set
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from compute.result import Checkpoint

RULE = (
    "No derivative, for strategies are a combinatorial choice: each strategy's requirement goes to its legs in "
    "proportion to what they would need alone, and a leg's to the positions on its net side by quantity."
)
NET, INITIAL, MAINTENANCE = "net_deposit", "initial_margin", "maintenance_margin"
ALWAYS = frozenset({"holdings_alone"})


def allocation(
    portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], figure: str, checkpoint: Checkpoint
) -> Allocation:
    """Return the allocation of `net_deposit`, `initial_margin` or `maintenance_margin`; errors as the model's."""
    table = chosen_set(parameters)
    account = read(portfolio, table)
    strategies = margin(portfolio, market, parameters, checkpoint).document["strategies"]
    holdings = {item.positions: item for item in held(account)}
    places = {identity: row for row, identity in enumerate(portfolio.ids)}
    out, alone = np.zeros(len(portfolio)), 0.0
    for strategy in strategies:
        legs = [(holdings[tuple(leg["positions"])], abs(leg["quantity"])) for leg in strategy["legs"]]
        needs = [need(item, quantity, figure, table) for item, quantity in legs]
        alone += math.fsum(gross(item, quantity, figure, table) for item, quantity in legs)
        for (item, _), share in zip(legs, shares(needs), strict=True):
            _spread(out, portfolio, [places[one] for one in item.positions], item.sign, share * strategy[figure])
    return Allocation(steps=_steps(strategies, alone, figure), contributions=out, rule=RULE, differentiable=False)


def held(account: Account) -> list[Holding]:
    """Return everything that an account holds, net."""
    found: list[Holding] = list(account.securities)
    for underlying in account.underlyings:
        found += [*([underlying.stock] if underlying.stock else []), *underlying.options]
    return found


def gross(item: Holding, quantity: float, figure: str, table: RegTSet) -> float:
    """Return what a holding needs alone, premiums received included, in the base currency."""
    if isinstance(item, Security):
        return amounts.security(item, table) * quantity
    if isinstance(item, Stock):
        unit = amounts.stock_maintenance if figure == MAINTENANCE else amounts.stock_initial
        return unit(item, table) * quantity
    if item.sign > 0:
        return amounts.long_option(item, table) * quantity
    return (amounts.uncovered(item, table) + item.premium) * quantity


def need(item: Holding, quantity: float, figure: str, table: RegTSet) -> float:
    """Return what a holding needs alone by a figure: the net deposit is net of the premium of shorts."""
    whole = gross(item, quantity, figure, table)
    if figure == NET and isinstance(item, Series) and item.sign < 0:
        return whole - item.premium * quantity
    return whole


def shares(needs: list[float]) -> list[float]:
    """Return each leg's share, in proportion to its need; alike where none needs anything."""
    total = math.fsum(needs)
    return [one / total for one in needs] if total > 0.0 else [1.0 / len(needs)] * len(needs)


def _spread(out: Floats, portfolio: Portfolio, rows: list[int], sign: int, amount: float) -> None:
    """Add an amount to the positions on a holding's net side, by quantity."""
    quantity = np.maximum(sign * portfolio.numbers["quantity"][rows], 0.0)
    np.add.at(out, rows, amount * quantity / quantity.sum())


def _steps(strategies: list[dict[str, Any]], alone: float, figure: str) -> tuple[tuple[str, float], ...]:
    paired = math.fsum(item[MAINTENANCE if figure == MAINTENANCE else INITIAL] for item in strategies)
    premium = math.fsum(item["premium_received"] for item in strategies) if figure == NET else 0.0
    return kept((("holdings_alone", alone), ("pairing", paired - alone), ("premium_received", -premium)), ALWAYS)
