"""The book as it stands after a scenario, its margin there, and what is left of the collateral."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from compute.analysis.figures import Figures, figures
from compute.margin.account import variation_margins
from compute.margin.models import MODELS
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from compute.pricing.book import Book
from compute.result import Checkpoint
from compute.stress.currencies import moved_rates
from compute.stress.moves import Moves, curve_move, nodes_of
from compute.stress.revaluation import OPTION_KINDS

MARGIN_YEARS = np.array([1.0])
"""Where on its curve the rate of a currency moves, for models that revalue options themselves."""


@dataclass(frozen=True, kw_only=True)
class Shifted:
    """One scenario as the columns of a book: changes of prices, relative moves of underlyings and volatilities.

    `fx` and `rates` replace the book's own; `volatility` moves every volatility that a position gives.
    """

    change: Floats
    underlying: Floats
    volatility: Floats
    fx: Mapping[str, float]
    rates: Mapping[str, float]


def shifted(portfolio: Portfolio, book: Book, moves: Moves, change: Floats, place: int) -> Shifted:
    """Return one of the scenarios of some moves; `change` of shape (n,) is what prices do in it."""
    scenario = moves.scenarios[place]
    rates = dict(portfolio.rates)
    for currency in {*portfolio.rates, *portfolio.labels["currency"].values}:
        nodes = nodes_of(scenario, currency)
        if nodes is not None:
            rates[currency] = rates.get(currency, 0.0) + float(curve_move(nodes, MARGIN_YEARS)[0])
    return Shifted(
        change=change,
        underlying=moves.spot[book.underlying, place],
        volatility=moves.vol[book.underlying, place],
        fx=moved_rates(portfolio.fx, moves.currencies[place]),
        rates=rates,
    )


def after(portfolio: Portfolio, book: Book, price: Floats, shift: Shifted) -> Portfolio:
    """Return the book at the prices of a scenario: quantities, terms and collateral stay.

    The price of an option stops at zero: where its given price is below its model's, the model may take off more.
    """
    moved = price + shift.change
    option = np.isin(book.kind, OPTION_KINDS)
    numbers = {**portfolio.numbers, "price": np.where(option, np.maximum(moved, 0.0), moved)}
    if "underlying_price" in numbers:
        level = numbers["underlying_price"]
        numbers["underlying_price"] = level + np.abs(level) * shift.underlying
    if "implied_volatility" in numbers:
        numbers["implied_volatility"] = np.maximum(numbers["implied_volatility"] * (1.0 + shift.volatility), 0.0)
    return replace(portfolio, numbers=numbers, fx=shift.fx, rates=shift.rates)


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a margin asks for and what stands against it, before a scenario or after it.

    Parameters
    ----------
    margin
        The model's figures.
    owed
        Losses to be paid: since the last settlement and in the scenario; gains of the one make up for losses of the
        other, and what is left of gains does not count.
    available
        Collateral after haircuts, less `owed`; None where the model says nothing of collateral.
    """

    margin: Figures
    owed: float
    available: float | None

    @property
    def total_margin(self) -> float | None:
        """Initial margin and what is owed."""
        return _sum(self.margin.get("initial_margin"), self.owed)

    @property
    def available_funds(self) -> float | None:
        """What is left when initial margin is covered."""
        return _sum(self.available, self.margin.get("initial_margin"), sign=-1.0)

    @property
    def excess_liquidity(self) -> float | None:
        """What is left when maintenance margin is covered."""
        return _sum(self.available, self.margin.get("maintenance_margin"), sign=-1.0)

    @property
    def breach(self) -> bool | None:
        """Whether the initial margin is no longer covered."""
        funds = self.available_funds
        return None if funds is None else funds < 0.0

    def document(self) -> dict[str, Any]:
        """Return the figures in the words of the wire."""
        return {
            "initial_margin": self.margin.get("initial_margin"),
            "maintenance_margin": self.margin.get("maintenance_margin"),
            "loss_owed": self.owed,
            "total_margin": self.total_margin,
            "available_collateral": self.available,
            "available_funds": self.available_funds,
            "excess_liquidity": self.excess_liquidity,
            "breach": self.breach,
        }


def _sum(one: float | None, other: float | None, *, sign: float = 1.0) -> float | None:
    return None if one is None or other is None else one + sign * other


@dataclass(frozen=True, kw_only=True)
class Margins:
    """A margin model as a stress test asks it: the same market and parameters, one book after another."""

    model: str
    parameters: Mapping[str, Any]
    market: Market

    def account(self, portfolio: Portfolio, owed: float, checkpoint: Checkpoint) -> tuple[Account, Mapping[str, Any]]:
        """Return the account of a book with so much owed, and the model's document; raises what the model raises."""
        result = MODELS[self.model].kernel(portfolio, self.market, self.parameters, checkpoint)
        found = figures(result)
        held = found.get("available_collateral")
        return Account(margin=found, owed=owed, available=None if held is None else held - owed), result.document


def settled_losses(portfolio: Portfolio) -> float:
    """Return what is owed since the last settlement, negative for gains; positions without one add nothing."""
    return float(np.nansum(variation_margins(portfolio)))
