"""Which step a field of a position or of a portfolio belongs to: each field to exactly one."""

TRADES, PRICES, VOLATILITY, RATES, CHARACTERISTICS = "trades", "prices", "volatility", "rates", "characteristics"

LABELS: dict[str, tuple[str, ...]] = {
    TRADES: (
        "symbol", "asset_class", "currency", "instrument", "underlying", "option_type", "exercise", "expiry",
        "maturity", "index_class",
    ),
    CHARACTERISTICS: ("sector", "country", "issuer", "rating"),
}  # fmt: skip
NUMBERS: dict[str, tuple[str, ...]] = {
    TRADES: ("quantity", "multiplier", "strike", "coupon"),
    PRICES: ("price", "settlement_price", "underlying_price"),
    VOLATILITY: ("implied_volatility",),
    RATES: ("dividend_yield",),
    CHARACTERISTICS: (
        "duration", "convexity", "delta", "gamma", "theta", "vega", "leverage", "beta", "average_daily_volume",
        "bid_ask_bp",
    ),
}  # fmt: skip
INSTRUMENT = ("symbol", "currency", "option_type", "expiry", "maturity", "strike")
"""What makes two positions positions in the same instrument."""

HEAD: dict[str, tuple[str, ...]] = {
    "fx": ("fx",),
    RATES: ("rates",),
    "time": ("as_of",),
    "cash_and_collateral": ("available_cash", "collateral", "account_type", "leverage_ratio"),
}
ALWAYS = frozenset({"symbol", "asset_class", "currency", "quantity", "price", "multiplier"})
"""Columns that every portfolio has."""


def quoted(step: str) -> tuple[str, ...]:
    """Return the fields of a step that an instrument has whoever holds it: labels first, then numbers."""
    return (*LABELS.get(step, ()), *NUMBERS.get(step, ()))


QUOTED = (PRICES, VOLATILITY, RATES, CHARACTERISTICS)
"""Steps whose fields follow the instrument from one side to the other."""
