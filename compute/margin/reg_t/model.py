"""The reg_t model: strategy-based margin with the cheapest legal pairing of every underlying.

Rules, units, sources and a worked example: docs/models/reg_t.md.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compute.margin.reg_t import unpack
from compute.margin.reg_t.holdings import Account, Stock
from compute.margin.reg_t.intake import read
from compute.margin.reg_t.pairing import Pairing
from compute.margin.reg_t.program import solve
from compute.margin.reg_t.proof import prove
from compute.margin.reg_t.strategy import Strategy
from compute.margin.reg_t.tables import RegTSet, chosen_set
from compute.margin.report import available_collateral
from compute.margin.tables import house_set
from compute.market import Market, rate
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result, no_checkpoint

NODES = {"quick": 0, "standard": 1_000, "proof": 100_000}
"""Nodes of HiGHS for an underlying whose optimum our own search leaves unproven, by `effort`."""
BUDGET = 8e7
"""Multiplications of the search for an account of at most `LEGS` series; beyond, in proportion."""
LEGS = 200


@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """An account's strategies, the bound proven for their net deposit, and where the search stopped before its end."""

    strategies: Sequence[Strategy]
    bound: float
    unproven: Sequence[str]


def decompose(
    account: Account, table: RegTSet, effort: str = "standard", checkpoint: Checkpoint = no_checkpoint
) -> Decomposition:
    """Return the strategies of least net deposit, and among those of least maintenance margin.

    The smaller pairings come first, and what they leave of the budget is the larger ones'. The checkpoint is called
    between underlyings.
    """
    held = sorted(account.underlyings, key=lambda item: len(item.options))
    series = sum(len(item.options) for item in held)
    budget, gap = BUDGET * max(1.0, series / LEGS), 0.0
    found, unproven = [], []
    for place, item in enumerate(held):
        checkpoint(place, len(held))
        pairing = Pairing(item, table)
        solution = solve(pairing.program, budget * len(item.options) / max(1, series))
        budget, series = budget - solution.spent, series - len(item.options)
        if not solution.optimal and NODES[effort]:
            solution = prove(pairing.program, solution, NODES[effort])
        found += unpack.strategies(pairing, solution.values)
        if not solution.optimal:
            unproven.append(item.name)
            gap += solution.cost - solution.bound
    found = [*sorted(found, key=lambda item: item.underlying), *unpack.securities(account, table)]
    return Decomposition(strategies=found, bound=math.fsum(item.net for item in found) - gap, unproven=unproven)


def margin(portfolio: Portfolio, _market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return the strategy-based margin of an account.

    Parameters
    ----------
    portfolio
        Stocks, funds, options on them or on indices, bonds and other securities.
    parameters
        `version`, of the packaged sets; `effort`, standard where it is not there.

    Raises
    ------
    InputError
        A position is no security, is expired, or lacks what its rule needs; an unknown version.
    MissingRateError
        A currency has no rate into the base currency, or USD (in which the rules state amounts) has none.
    """
    table = chosen_set(parameters)
    account = read(portfolio, table)
    effort = parameters.get("effort", "standard")
    return Result(document=_document(portfolio, account, table, decompose(account, table, effort, checkpoint)))


def minimum_equity(portfolio: Portfolio, account: Account, table: RegTSet) -> float:
    """Return 2,000 USD, or the full price of what is held where that is lower and nothing is short (4210(b)(4))."""
    if not len(portfolio):
        return 0.0
    holdings = [*(item for held in account.underlyings for item in _holdings(held.stock, held.options))]
    worth = [value for sign, value in holdings] + [item.market_value for item in account.securities]
    short = any(sign < 0 for sign, _ in holdings) or any(item.sign < 0 for item in account.securities)
    if not worth:
        return 0.0
    floor = table.account.minimum_equity * rate(portfolio.fx, "USD", portfolio.currency)
    return floor if short else min(floor, math.fsum(worth))


def _holdings(stock: Stock | None, options: Iterable[Any]) -> list[tuple[int, float]]:
    found = [(item.sign, item.premium * item.contracts) for item in options]
    return found + ([(stock.sign, stock.price * stock.shares)] if stock is not None else [])


def _document(portfolio: Portfolio, account: Account, table: RegTSet, found: Decomposition) -> dict[str, Any]:
    strategies = found.strategies
    initial = math.fsum(item.initial for item in strategies)
    maintenance = math.fsum(item.maintenance for item in strategies)
    available = available_collateral(portfolio, house_set())
    proceeds = math.fsum(
        held.stock.price * held.stock.shares
        for held in account.underlyings
        if held.stock is not None and held.stock.sign < 0
    )
    return {
        "currency": portfolio.currency,
        "as_of": portfolio.as_of.isoformat(),
        "model": "reg_t",
        "version": table.version,
        "position_count": len(portfolio),
        "initial_margin": initial,
        "maintenance_margin": maintenance,
        "net_deposit": math.fsum(item.net for item in strategies),
        "premium_received": math.fsum(item.premium for item in strategies),
        "short_sale_proceeds": proceeds,
        "minimum_equity": minimum_equity(portfolio, account, table),
        "variation_margin": None,
        "total_margin": initial,
        "available_collateral": available,
        "available_funds": available - initial,
        "excess_liquidity": available - initial,
        "utilization": initial / available if available > 0.0 else None,
        "strategies": [item.document() for item in strategies],
        "breakdown": {
            "by_strategy": _grouped(strategies, [item.name for item in strategies]),
            "by_underlying": _grouped(strategies, [item.underlying for item in strategies]),
        },
        "pairing": {
            "objective": "net_deposit",
            "optimal": not found.unproven,
            "lower_bound": found.bound,
            "stopped_at_limit": list(found.unproven),
        },
        "parameter_set": table.document(),
        "assumptions": list(account.assumptions),
    }


def _grouped(strategies: Sequence[Strategy], names: Sequence[str]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[Strategy]] = {}
    for name, item in zip(names, strategies, strict=True):
        groups.setdefault(name, []).append(item)
    return {
        name: {
            "count": len(items),
            "initial_margin": math.fsum(item.initial for item in items),
            "maintenance_margin": math.fsum(item.maintenance for item in items),
            "net_deposit": math.fsum(item.net for item in items),
        }
        for name, items in sorted(groups.items())
    }
