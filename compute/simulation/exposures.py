"""Linear exposures of a portfolio to its risk factors: what a relative move of one factor does to its value.

A position's factor is its symbol; an option's is its underlying, where it names one. Exposure = quantity x level x
multiplier x conversion into the base currency x delta (1 where there is none); the level is the price, for an option
with an underlying price that price.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.errors import InputError
from compute.market import to_base
from compute.portfolio import Floats, Labels, Portfolio

MOST_FACTORS = 2_000


@dataclass(frozen=True, kw_only=True)
class Exposures:
    """Exposure by factor.

    Parameters
    ----------
    symbols
        Length k, sorted: the order of positions does not matter.
    amounts
        Shape (k,), float64, base currency, signed; never zero.
    """

    symbols: tuple[str, ...]
    amounts: Floats


def option_mask(portfolio: Portfolio) -> NDArray[np.bool_]:
    """Return which positions are options, shape (n,)."""
    instrument = portfolio.labels.get("instrument")
    kind = portfolio.labels.get("option_type")
    mask = np.zeros(len(portfolio), dtype=np.bool_)
    if instrument is not None:
        mask |= instrument.mask("option")
    if kind is not None:
        mask |= kind.codes >= 0
    return mask


def factor_labels(portfolio: Portfolio) -> Labels:
    """Return each position's factor as a text column, its values sorted."""
    symbol, underlying = portfolio.labels["symbol"], portfolio.labels.get("underlying")
    codes, texts = symbol.codes.astype(np.int64), symbol.values
    if underlying is not None:
        follows = option_mask(portfolio) & (underlying.codes >= 0)
        codes, texts = np.where(follows, len(texts) + underlying.codes, codes), texts + underlying.values
    present, places = np.unique(codes, return_inverse=True)
    named = [texts[code] for code in present.tolist()]
    values = tuple(sorted(set(named)))
    order = {text: index for index, text in enumerate(values)}
    lookup = np.array([order[text] for text in named], dtype=np.int32)
    return Labels(codes=lookup[places] if named else np.empty(0, np.int32), values=values)


def factor_names(portfolio: Portfolio) -> list[str]:
    """Return each position's factor, length n."""
    return [str(name) for name in factor_labels(portfolio).texts()]


def position_exposures(portfolio: Portfolio) -> Floats:
    """Return each position's exposure, shape (n,), base currency; raise InputError where it has no meaning."""
    options = option_mask(portfolio)
    price, delta = portfolio.numbers["price"], portfolio.number("delta", np.nan)
    _refuse(portfolio, options & np.isnan(delta), "is an option without a delta", "Give its `delta`.")
    _refuse(
        portfolio,
        price < 0,
        "has a negative price, which lognormal revaluation refuses",
        "Leave it out: this measure has no normal shocks yet.",
    )
    level = np.where(options, portfolio.number("underlying_price", np.nan), price)
    _refuse(
        portfolio, np.isnan(level), "is an option without a price of its underlying", "Give its `underlying_price`."
    )
    numbers = portfolio.numbers
    return np.asarray(
        numbers["quantity"] * level * numbers["multiplier"] * to_base(portfolio) * np.where(np.isnan(delta), 1.0, delta)
    )


def exposures(portfolio: Portfolio) -> Exposures:
    """Return the exposures by factor, factors whose positions cancel out left out."""
    factors = factor_labels(portfolio)
    amounts = np.zeros(len(factors.values))
    np.add.at(amounts, factors.codes, position_exposures(portfolio))
    kept = np.flatnonzero(amounts)
    return Exposures(symbols=tuple(factors.values[index] for index in kept), amounts=amounts[kept])


def check_count(factors: Sequence[str]) -> None:
    """Raise InputError for more factors than a covariance of them is computed for."""
    if len(factors) > MOST_FACTORS:
        raise InputError(f"{len(factors)} factors are more than the {MOST_FACTORS} that this measure takes.")


def _refuse(portfolio: Portfolio, wrong: NDArray[np.bool_], why: str, remedy: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(f"Position {portfolio.ids[row]} {why}.", pointer=f"/portfolio/positions/{row}", remedy=remedy)
