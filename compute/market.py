"""What a computation knows of the market beside the portfolio: price histories; conversion between currencies."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from compute.errors import MissingRateError
from compute.portfolio import Floats, Portfolio
from compute.resident import Resident

if TYPE_CHECKING:
    from compute.analysis.bridge.earlier import Earlier
    from compute.pricing.memo import PricingMemo


@dataclass(frozen=True, kw_only=True)
class PriceHistory:
    """Daily closes of several symbols on one calendar.

    Parameters
    ----------
    symbols
        Length m, unique.
    dates
        Shape (t,), datetime64[D], strictly rising.
    closes
        Shape (t, m), float64, in the symbol's own currency; NaN where a day is missing.
    """

    symbols: tuple[str, ...]
    dates: NDArray[np.datetime64]
    closes: Floats


@dataclass(frozen=True, kw_only=True)
class Market:
    """The market beside the portfolio; `history` is None where none was asked for.

    `resident` holds what earlier calculations on the very same book have found, where a process keeps any; `books` are
    what a computation over all of a tenant's portfolios reads; `earlier` is what a bridge begins at.
    """

    history: PriceHistory | None = None
    resident: Resident | None = None

    @property
    def pricing(self) -> "PricingMemo | None":
        """What is known of the book's options, None where nothing is kept."""
        return None if self.resident is None else self.resident.pricing

    books: Collection["StoredBook"] = ()
    earlier: "Earlier | None" = None


@dataclass(frozen=True, kw_only=True)
class StoredBook:
    """One of the portfolios that a computation over many reads; without one, `problem` says why."""

    id: str
    version: int
    portfolio: Portfolio | None = None
    market: Market = Market()
    problem: Mapping[str, str] | None = None


def rate(fx: Mapping[str, float], source: str, target: str) -> float:
    """Return the units of `target` for one of `source`, directly or as an inverse; raise MissingRateError."""
    if source == target:
        return 1.0
    direct = fx.get(f"{source}/{target}")
    if direct is not None:
        return direct
    inverse = fx.get(f"{target}/{source}")
    if inverse is not None:
        return 1.0 / inverse
    raise MissingRateError(
        f"No rate for {source}/{target}.", pointer="/portfolio/fx", remedy=f'Add "{source}/{target}" to `fx`.'
    )


def to_base(portfolio: Portfolio) -> Floats:
    """Return each position's conversion factor into the base currency, shape (n,)."""
    currencies = portfolio.labels["currency"]
    factors = np.array([rate(portfolio.fx, value, portfolio.currency) for value in currencies.values])
    return factors[currencies.codes] if len(portfolio) else np.empty(0)
