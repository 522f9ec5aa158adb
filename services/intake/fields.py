"""The fields of a position and of a portfolio: one table, read by the scanner, the judge and the documentation."""

from dataclasses import dataclass
from enum import StrEnum

MAX_POSITIONS = 250_000
MAX_NOTIONAL = 1e15
MAX_TEXT = 128
MAX_AMOUNT = 1e18

ASSET_CLASSES = ("equity", "bond", "fx", "commodity", "derivative", "crypto")
INSTRUMENTS = ("stock", "etf", "bond", "fx", "future", "option", "crypto", "swap", "generic")
COLLATERAL_TYPES = (
    "cash_usd",
    "cash_eur",
    "treasury_bills",
    "government_bonds",
    "corporate_bonds",
    "equity",
)


class TextKind(StrEnum):
    """What a text field holds."""

    FREE = "free"  # any printable text up to 128 characters
    WORD = "word"  # one of the field's words, whatever its case
    DATE = "date"  # an ISO date
    CURRENCY = "currency"  # three to five capital letters or digits


@dataclass(frozen=True, kw_only=True)
class TextField:
    """A text field of a position."""

    kind: TextKind = TextKind.FREE
    words: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class NumberField:
    """A numeric field of a position; bounds are inclusive unless `above` is set, which excludes the minimum."""

    minimum: float = -1e15
    maximum: float = 1e15
    above: bool = False
    required: bool = False

    @property
    def range(self) -> str:
        """The range in words."""
        if self.minimum == -self.maximum:
            return f"from -{self.maximum:g} to {self.maximum:g}"
        return f"{'above' if self.above else 'from'} {self.minimum:g} {'up ' if self.above else ''}to {self.maximum:g}"


TEXTS: dict[str, TextField] = {
    "symbol": TextField(required=True),
    "asset_class": TextField(kind=TextKind.WORD, words=ASSET_CLASSES, required=True),
    "currency": TextField(kind=TextKind.CURRENCY),
    "sector": TextField(),
    "country": TextField(),
    "instrument": TextField(kind=TextKind.WORD, words=INSTRUMENTS),
    "underlying": TextField(),
    "option_type": TextField(kind=TextKind.WORD, words=("call", "put")),
    "exercise": TextField(kind=TextKind.WORD, words=("european", "american")),
    "expiry": TextField(kind=TextKind.DATE),
    "maturity": TextField(kind=TextKind.DATE),
    "index_class": TextField(kind=TextKind.WORD, words=("broad", "narrow")),
    "issuer": TextField(),
    "rating": TextField(),
}

NUMBERS: dict[str, NumberField] = {
    "quantity": NumberField(required=True),
    "price": NumberField(),
    "market_value": NumberField(),
    "multiplier": NumberField(minimum=0, maximum=1e9, above=True),
    "settlement_price": NumberField(),
    "duration": NumberField(minimum=0, maximum=1e3),
    "convexity": NumberField(minimum=-1e6, maximum=1e6),
    "implied_volatility": NumberField(minimum=0, maximum=100),
    "delta": NumberField(),
    "gamma": NumberField(),
    "theta": NumberField(),
    "vega": NumberField(),
    "strike": NumberField(),
    "underlying_price": NumberField(),
    "leverage": NumberField(minimum=-100, maximum=100),
    "coupon": NumberField(minimum=-1, maximum=10),
    "beta": NumberField(minimum=-1e3, maximum=1e3),
    "average_daily_volume": NumberField(minimum=0),
    "bid_ask_bp": NumberField(minimum=0, maximum=1e6),
    "dividend_yield": NumberField(minimum=-1, maximum=10),
}


def collateral_type(name: str) -> str:
    """Return a collateral type in our spelling, known or not: `Treasury Bills` and `treasury-bills` are one."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


POSITION_FIELDS = ("id", *TEXTS, *NUMBERS)
PORTFOLIO_FIELDS = (
    "id",
    "name",
    "positions",
    "available_cash",
    "currency",
    "leverage_ratio",
    "as_of",
    "fx",
    "rates",
    "collateral",
    "account_type",
    "notes",
)
