"""What the book would bring if it were closed: its value less half the quoted spread, and less what its size costs.

Size costs by the square-root law: volatility of a day x square root of (quantity / average daily volume), of the price
(Torre 1997; Tóth et al. 2011, Physical Review X 1, 021006); its factor is 1, about what is measured.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.portfolio import Floats, Portfolio
from compute.pricing.terms import given
from compute.stress.library import Scenario

TRADING_DAYS = 252.0
FACTOR = 1.0
PARTICIPATION = 0.20
"""The share of a day's volume that a liquidation is taken to be."""
BP = 1e-4


@dataclass(frozen=True, kw_only=True)
class Depth:
    """What positions say of their liquidity, shape (n,), NaN where they do not; spreads and volatility as shares."""

    half_spread: Floats
    volume: Floats
    volatility: Floats
    quantity: Floats

    @classmethod
    def of(cls, portfolio: Portfolio) -> "Depth":
        """Return what a portfolio's positions say."""
        return cls(
            half_spread=0.5 * BP * given(portfolio, "bid_ask_bp"),
            volume=given(portfolio, "average_daily_volume"),
            volatility=given(portfolio, "implied_volatility") / np.sqrt(TRADING_DAYS),
            quantity=np.abs(portfolio.numbers["quantity"]),
        )

    def known(self) -> dict[str, int]:
        """Return how many positions say nothing of their spread, of their volume, and of the volatility it needs."""
        deep = self.volume > 0.0
        return {
            "positions_without_bid_ask": int(np.isnan(self.half_spread).sum()),
            "positions_without_volume": int((~deep).sum()),
            "positions_without_volatility": int((deep & np.isnan(self.volatility)).sum()),
        }


def liquidation(
    depth: Depth, value: Floats, exposure: Floats, volatility: Floats, scenario: Scenario
) -> dict[str, Any]:
    """Return what closing everything brings after a scenario.

    Parameters
    ----------
    value
        Shape (n,): after the scenario, signed; of futures and pairs what they gained.
    exposure
        Shape (n,): absolute market value of what is to be traded.
    volatility
        Shape (n,): relative moves of volatility.
    """
    quoted = np.nan_to_num(exposure * depth.half_spread * scenario.bid_ask_multiple)
    moved = depth.volatility * np.maximum(1.0 + volatility, 0.0)
    volume = np.where(depth.volume > 0.0, depth.volume * scenario.volume_share, np.nan)
    share = depth.quantity / volume
    impact = np.minimum(np.nan_to_num(FACTOR * exposure * moved * np.sqrt(share)), exposure)
    slow = share[~np.isnan(share)] / PARTICIPATION
    return {
        "liquidation_value": float(value.sum() - quoted.sum() - impact.sum()),
        "market_value": float(value.sum()),
        "bid_ask_cost": float(quoted.sum()),
        "depth_cost": float(impact.sum()),
        "days_to_liquidate": float(slow.max()) if slow.size else None,
    }
