"""Liquidity and concentration add-ons, from what the positions say of their market.

Both work on the net position in each symbol.
Liquidity: half of the quoted spread on the net exposure, the cost of closing it at once
(A. Bangia, F. Diebold, T. Schuermann, J. Stroughair, "Modeling liquidity risk" (1999), exogenous part).
Concentration: closing the net quantity at a share of the average daily volume takes d days; where that is more than the
margin period h, the symbol's stand-alone margin is scaled from h to d days by the root of time (as liquidity horizons
are in Basel MAR33): stand-alone margin x (sqrt(d / h) - 1).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from compute.errors import InputError
from compute.portfolio import Floats, Portfolio

Standalone = Callable[[int, float], float]
"""(position, amount) -> the margin of that exposure to the position's own factor, alone."""


@dataclass(frozen=True, kw_only=True)
class AddOn:
    """One add-on by symbol.

    Parameters
    ----------
    symbols
        Length m.
    exposure
        Shape (m,): net exposure, base currency, signed.
    market
        Shape (m,): the figure of the market that was used: spread in basis points, or days to close.
    amounts
        Shape (m,), base currency.
    without
        Symbols of the portfolio for which the figure was not given.
    """

    symbols: tuple[str, ...]
    exposure: Floats
    market: Floats
    amounts: Floats
    without: tuple[str, ...]

    def by_position(self, portfolio: Portfolio, exposures: Floats) -> Floats:
        """Return each position's part, shape (n,): its symbol's amount by the size of its exposure."""
        known = dict(zip(self.symbols, self.amounts.tolist(), strict=True))
        labels = portfolio.labels["symbol"]
        amounts = np.array([known.get(name, 0.0) for name in labels.values])
        gross = _by_symbol(portfolio, np.abs(exposures))
        shares = np.divide(amounts, gross, out=np.zeros_like(gross), where=gross > 0.0)
        return np.asarray(np.abs(exposures) * shares[labels.codes])

    @property
    def total(self) -> float | None:
        """The sum; None where no position said enough."""
        return float(self.amounts.sum()) if self.symbols else None


def _by_symbol(portfolio: Portfolio, values: Floats) -> Floats:
    labels = portfolio.labels["symbol"]
    return np.asarray(np.bincount(labels.codes, weights=values, minlength=len(labels.values)), dtype=np.float64)


def _extreme(portfolio: Portfolio, name: str, join: np.ufunc) -> Floats:
    """Return the most cautious of each symbol's figures, NaN where no position gives one."""
    labels = portfolio.labels["symbol"]
    found = np.full(len(labels.values), np.nan)
    join.at(found, labels.codes, portfolio.number(name, np.nan))
    return found


def _add_on(portfolio: Portfolio, exposure: Floats, market: Floats, amounts: Floats) -> AddOn:
    names = portfolio.labels["symbol"].values
    there = ~np.isnan(market)
    return AddOn(
        symbols=tuple(name for name, known in zip(names, there.tolist(), strict=True) if known),
        exposure=exposure[there],
        market=market[there],
        amounts=amounts[there],
        without=tuple(name for name, known in zip(names, there.tolist(), strict=True) if not known),
    )


def liquidity(portfolio: Portfolio, exposures: Floats) -> AddOn:
    """Return half the spread on each symbol's net exposure; exposures (n,) in the base currency."""
    net = _by_symbol(portfolio, exposures)
    spread = _extreme(portfolio, "bid_ask_bp", np.fmax)
    return _add_on(portfolio, net, spread, np.abs(net) * spread / 2.0 * 1e-4)


def concentration(
    portfolio: Portfolio, exposures: Floats, standalone: Standalone, *, mpor_days: int, share: float
) -> AddOn:
    """Return what closing each symbol over more days than the margin period adds.

    Parameters
    ----------
    exposures
        Shape (n,), base currency.
    standalone
        The margin of an exposure alone.
    share
        Of the average daily volume, that can be closed out a day.

    Raises
    ------
    InputError
        A symbol that is held trades no volume at all.
    """
    net = _by_symbol(portfolio, exposures)
    quantity = np.abs(_by_symbol(portfolio, portfolio.numbers["quantity"]))
    volume = _extreme(portfolio, "average_daily_volume", np.fmin)
    _check_volume(portfolio, quantity, volume)
    days = np.divide(quantity, share * volume, out=np.zeros_like(quantity), where=volume != 0.0)
    amounts = np.zeros(len(days))
    for index in np.flatnonzero(days > mpor_days).tolist():
        alone = standalone(int(np.argmax(portfolio.labels["symbol"].codes == index)), float(net[index]))
        amounts[index] = alone * (np.sqrt(days[index] / mpor_days) - 1.0)
    return _add_on(portfolio, net, days, amounts)


def _check_volume(portfolio: Portfolio, quantity: Floats, volume: Floats) -> None:
    for index in np.flatnonzero((volume == 0.0) & (quantity > 0.0)).tolist():
        row = int(
            np.argmax(
                (portfolio.labels["symbol"].codes == index) & (portfolio.number("average_daily_volume", 1.0) == 0.0)
            )
        )
        raise InputError(
            f"Position {portfolio.ids[row]} has an average daily volume of zero: closing it takes for ever.",
            pointer=f"/portfolio/positions/{row}/average_daily_volume",
            remedy="Give the volume, or leave the field out: then no concentration add-on is computed for the symbol.",
        )
