"""What an account holds, as Regulation T sees it: net option series, net stocks, other securities, by underlying."""

from dataclasses import dataclass, field
from datetime import date

ADDITION = 1e-9
"""Net quantities below this share of what was added up are the rounding of sums that cancel."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One option series, netted: `contracts` long or short.

    Parameters
    ----------
    sign
        1 long, -1 short.
    contracts
        A positive whole number.
    premium
        Market value of one contract, in the base currency.
    strike, underlying_price
        A unit of the underlying, in the base currency.
    multiplier
        Units of the underlying a contract.
    index_class
        `broad`, `narrow` or `equity`.
    positions
        Ids of the positions that make up the series.
    """

    underlying: str
    call: bool
    american: bool
    strike: float
    expiry: date
    multiplier: float
    sign: int
    contracts: int
    premium: float
    underlying_price: float
    index_class: str
    leverage: float
    long_dated: bool
    positions: tuple[str, ...]

    @property
    def in_the_money(self) -> float:
        """What exercise of a contract would pay, in the base currency."""
        move = self.underlying_price - self.strike if self.call else self.strike - self.underlying_price
        return max(move, 0.0) * self.multiplier

    @property
    def out_of_the_money(self) -> float:
        """How far a contract is from paying, in the base currency."""
        move = self.strike - self.underlying_price if self.call else self.underlying_price - self.strike
        return max(move, 0.0) * self.multiplier


@dataclass(frozen=True, kw_only=True)
class Stock:
    """One stock or fund, netted: `shares` (positive) long or short; `price` a share in the base currency."""

    symbol: str
    sign: int
    shares: float
    price: float
    leverage: float
    usd: float
    positions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Security:
    """A bond or another non-equity security: absolute market value and principal in the base currency."""

    symbol: str
    sign: int
    market_value: float
    principal: float
    kind: str
    years: float
    zero_coupon: bool
    positions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Underlying:
    """All that can be paired with each other: one underlying in one currency."""

    name: str
    stock: Stock | None
    options: tuple[Series, ...]

    @property
    def longs(self) -> tuple[Series, ...]:
        """The long series."""
        return tuple(item for item in self.options if item.sign > 0)

    @property
    def shorts(self) -> tuple[Series, ...]:
        """The short series."""
        return tuple(item for item in self.options if item.sign < 0)


@dataclass(frozen=True, kw_only=True)
class Account:
    """Everything held, in an order that does not depend on the order of the positions."""

    underlyings: tuple[Underlying, ...]
    securities: tuple[Security, ...]
    assumptions: tuple[str, ...] = field(default=())
