"""Positions → the schedule's trades, where a desk has no CRIF: one netting set, the portfolio.

Class by asset class (`derivative` by its instrument), notional |quantity * price * multiplier|, for options on the
underlying's price; present value by the change since settlement where there is one, else the market value.
"""

from datetime import date

import numpy as np

from compute.errors import InputError
from compute.margin.schedule.model import Trades, remaining_years
from compute.margin.schedule.tables import ScheduleSet
from compute.market import to_base
from compute.portfolio import Floats, Portfolio

_CLASSES = {"equity": "Equity", "bond": "Credit", "fx": "FX", "commodity": "Commodity", "crypto": "Other"}
_INSTRUMENTS = {"swap": "Rates", "bond": "Credit", "fx": "FX", "stock": "Equity", "etf": "Equity", "option": "Equity"}


def trades_of(portfolio: Portfolio, table: ScheduleSet) -> Trades:
    """Return one trade a position; raise InputError where a class needs a last date and the position has none."""
    count = len(portfolio)
    classes = np.array([table.classes.index(name) for name in _asset_classes(portfolio)], dtype=np.int64)
    maturity = _maturity(portfolio)
    graded = np.ptp(table.rates, axis=1)[classes] > 0.0 if count else np.zeros(0, np.bool_)
    for index in np.flatnonzero(graded & np.isnan(maturity)).tolist():
        raise InputError(
            f"The position {portfolio.ids[index]!r} has no last date, on which its rate depends.",
            pointer=f"/portfolio/positions/{index}/maturity",
            remedy="Give `maturity` or `expiry`.",
        )
    unit = portfolio.numbers["quantity"] * portfolio.numbers["multiplier"] * to_base(portfolio)
    price = portfolio.numbers["price"]
    return Trades(
        groups=1,
        group=np.zeros(count, dtype=np.int64),
        asset_class=classes,
        maturity=np.nan_to_num(maturity, nan=0.0),
        notional=unit * _reference(portfolio, price),
        present_value=unit * (price - portfolio.number("settlement_price", 0.0)),
    )


def _reference(portfolio: Portfolio, price: Floats) -> Floats:
    """Return the price that the notional is counted at: the underlying's, where a position has one."""
    underlying = portfolio.numbers.get("underlying_price")
    return price if underlying is None else np.where(np.isnan(underlying), price, underlying)


def _asset_classes(portfolio: Portfolio) -> list[str]:
    instruments = portfolio.labels.get("instrument")
    kinds = [None] * len(portfolio) if instruments is None else instruments.texts()
    named = zip(portfolio.labels["asset_class"].texts(), kinds, strict=True)
    return [_CLASSES.get(str(asset)) or _INSTRUMENTS.get(str(kind), "Other") for asset, kind in named]


def _maturity(portfolio: Portfolio) -> Floats:
    """Remaining years of `maturity` or else `expiry`; NaN where a position has neither."""
    years = np.full(len(portfolio), np.nan)
    for name in ("expiry", "maturity"):
        labels = portfolio.labels.get(name)
        if labels is not None:
            left = [remaining_years(portfolio.as_of, date.fromisoformat(value)) for value in labels.values]
            found = np.array([*left, np.nan], dtype=np.float64)[labels.codes]
            years = np.where(np.isnan(found), years, found)
    return np.asarray(np.maximum(years, 0.0))
