"""A strategy as the rules name it: legs, amounts, and the paragraph that they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compute.margin.reg_t.holdings import Security, Series, Stock

Holding = Series | Stock | Security

PARAGRAPHS: Mapping[str, tuple[str, str]] = {
    "long_stock": ("50 % of market value", "12 CFR 220.12(a); FINRA 4210(b), (c)(1)"),
    "short_stock": ("150 % of market value, proceeds included", "12 CFR 220.12(c); FINRA 4210(c)(2), (c)(3)"),
    "long_option": ("paid in full", "FINRA 4210(f)(2)(D)(i)"),
    "long_option_over_9_months": ("75 % of market value", "FINRA 4210(f)(2)(D)(ii)"),
    "short_option": ("premium and percentage of the underlying, less out of the money", "FINRA 4210(f)(2)(E)"),
    "straddle": ("greater requirement and the other premium", "FINRA 4210(f)(2)(F)"),
    "spread": ("lesser of uncovered requirement and maximum loss", "FINRA 4210(f)(2)(H)(i); Regulatory Notice 12-44"),
    "long_box_european": ("50 % of the difference in strikes", "FINRA 4210(f)(2)(H)(i); Cboe Margin Manual"),
    "covered_call": (
        "none on the call; stock at no more than the strike",
        "FINRA 4210(f)(2)(H)(iii); 12 CFR 220.12(f)",
    ),
    "covered_put": ("none on the put but in the money", "FINRA 4210(f)(2)(H)(iii)"),
    "protective_put": ("10 % of strike and out of the money, at most stock's", "FINRA 4210(f)(2)(H)(v)"),
    "long_call_short_stock": ("10 % of strike and out of the money, at most stock's", "FINRA 4210(f)(2)(H)(v)"),
    "conversion": ("10 % of strike", "FINRA 4210(f)(2)(H)(v)"),
    "reverse_conversion": ("10 % of strike and in the money", "FINRA 4210(f)(2)(H)(v)"),
    "collar": ("10 % of put strike and out of the money, or 25 % of call strike", "FINRA 4210(f)(2)(H)(v)"),
    "us_government": ("percentage by maturity", "FINRA 4210(e)(2)(A)"),
    "municipal": ("7 % of market value", "FINRA 4210(e)(2)(B)"),
    "other_exempt": ("7 % of market value", "FINRA 4210(e)(2)(B)"),
    "investment_grade": ("10 % of market value", "FINRA 4210(e)(2)(C)"),
    "other": ("20 % of market value, at least 7 % of principal", "FINRA 4210(e)(2)(C)"),
}


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A strategy of an account.

    Parameters
    ----------
    name
        What it is called: `vertical_spread`, `iron_condor` …
    rule
        Key of `PARAGRAPHS`.
    legs
        Holdings and quantities of each (contracts, shares or units; positive: the sign is the holding's).
    initial, maintenance
        Requirements in the base currency, `initial` gross or net of premium as the Cboe manual states the strategy.
    premium
        Premium received that `initial` has not been reduced by.
    """

    underlying: str
    name: str
    rule: str
    legs: Sequence[tuple[Holding, float]]
    initial: float
    maintenance: float
    premium: float = 0.0

    @property
    def net(self) -> float:
        """Requirement less premium received."""
        return self.initial - self.premium

    def document(self) -> dict[str, Any]:
        """Return the strategy in the wire's words."""
        rule, paragraph = PARAGRAPHS[self.rule]
        return {
            "underlying": self.underlying,
            "strategy": self.name,
            "rule": rule,
            "source": paragraph,
            "initial_margin": self.initial,
            "maintenance_margin": self.maintenance,
            "premium_received": self.premium,
            "net_deposit": self.net,
            "legs": [_leg(holding, quantity) for holding, quantity in self.legs],
        }


def _leg(holding: Holding, quantity: float) -> dict[str, Any]:
    found = {"quantity": holding.sign * quantity, "positions": list(holding.positions)}
    if isinstance(holding, Series):
        kind = "call" if holding.call else "put"
        expiry = holding.expiry.isoformat()
        return {"kind": kind, "strike": holding.strike, "expiry": expiry, "multiplier": holding.multiplier, **found}
    return {"kind": "stock" if isinstance(holding, Stock) else "security", "symbol": holding.symbol, **found}
