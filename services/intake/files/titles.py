"""Which title of a column stands for which field; a title is known by its letters and digits alone."""

import re

from services.intake.fields import POSITION_FIELDS

SIDE = "side"
PORTFOLIO = "portfolio"
AS_OF = "as_of"
COLUMN_FIELDS = (*POSITION_FIELDS, SIDE, PORTFOLIO, AS_OF)
"""What a column can be: a field of a position, the side of an unsigned quantity, a portfolio's name or its date."""

SIDES = {**dict.fromkeys(("long", "l", "buy", "b"), 1.0), **dict.fromkeys(("short", "s", "sell", "ss"), -1.0)}
OPTION_TYPES = {"c": "call", "p": "put"}

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "id": ("position id", "pos id", "trade id", "deal id", "line id", "record id", "reference"),
    "symbol": (
        "ticker",
        "ticker symbol",
        "isin",
        "cusip",
        "sedol",
        "ric",
        "figi",
        "instrument id",
        "security id",
        "security",
        "contract",
    ),
    "asset_class": ("asset",),
    "quantity": ("qty", "size", "position size", "units", "shares", "contracts", "holding", "net quantity", "net qty"),
    "price": (
        "px",
        "mark",
        "mark price",
        "market price",
        "last",
        "last price",
        "close",
        "closing price",
        "unit price",
        "current price",
    ),
    "multiplier": ("contract multiplier", "contract size", "point value", "lot size"),
    "settlement_price": ("settlement", "settle", "settle price", "previous settlement price"),
    "currency": ("ccy", "cur", "curr", "position currency", "price currency", "trade currency", "local currency"),
    "implied_volatility": ("implied vol", "iv", "volatility", "vol"),
    "option_type": ("put call", "call put", "cp", "pc", "right"),
    "exercise": ("exercise style", "exercise type"),
    "strike": ("strike price", "strike px"),
    "expiry": ("expiration", "expiration date", "expiry date", "exp date", "expires"),
    "maturity": ("maturity date",),
    "underlying": ("underlying symbol", "underlying id", "underlier", "root", "root symbol"),
    "underlying_price": ("underlying px", "spot", "spot price", "spot px"),
    "sector": ("gics sector",),
    "country": ("country of risk",),
    "rating": ("credit rating",),
    "coupon": ("coupon rate",),
    "duration": ("modified duration",),
    "average_daily_volume": ("adv", "average volume"),
    "bid_ask_bp": ("bid ask spread bp",),
    SIDE: ("long short", "buy sell", "bs", "ls", "direction"),
    PORTFOLIO: (
        "portfolio id",
        "portfolio name",
        "book",
        "book id",
        "account",
        "account id",
        "account number",
        "acct",
        "fund",
    ),
    AS_OF: ("as of date", "valuation date", "position date", "report date", "business date", "cob date"),
}

OPEN: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("type", "securitytype", "assettype", "instrumenttype", "product", "producttype", "category", "class"),
        ("asset_class", "instrument", "option_type", SIDE),
    ),
    "position": ("quantity", SIDE),
    "instrument": ("instrument", "symbol"),
}
"""Titles that say different things in different files: what stands below them decides."""

VALUES = frozenset({"marketvalue", "mktvalue", "mktval", "mv", "positionvalue"})
"""Titles that mostly stand over the value of a whole position; the wire's `market_value` is the price of one unit."""


def key(title: str) -> str:
    """Return a title's letters and digits in lower case; a percent sign stays, because it changes the unit."""
    return re.sub(r"[^\w%]|_", "", title.casefold())


OWN = {key(name): name for name in COLUMN_FIELDS}
KNOWN = {key(word): field for field, words in _SYNONYMS.items() for word in words}


def spellings(field: str) -> tuple[str, ...]:
    """Return the titles that are taken for a field, its own name first."""
    return field, *_SYNONYMS.get(field, ())
