"""Read portfolio columns into an account: check every position, net equal series, convert into the base currency."""

import math
from calendar import monthrange
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from compute.margin.reg_t.holdings import ADDITION, Account, Security, Series, Stock, Underlying
from compute.margin.reg_t.rows import Row, checked, fault, leverage_of, needed, positive
from compute.margin.reg_t.tables import INDEX_CLASSES, RegTSet
from compute.market import rate
from compute.portfolio import Portfolio

YEAR_DAYS = 365.0
PRINCIPAL = 100.0
"""A bond's price is for this much principal."""

SHARES = ("stock", "etf")
OUTSIDE = {"future": "futures", "fx": "currencies", "swap": "swaps", "crypto": "crypto-assets"}
MOST_CONTRACTS = 10_000_000
"""Beyond, contracts cannot be told from rounding in the search."""
INVESTMENT_GRADES = ("AAA", "AA", "A", "BBB", "BAA")
GOVERNMENT = ("us treasury", "united states", "united states treasury", "us government", "treasury", "ust")


@dataclass(frozen=True, kw_only=True)
class Lot:
    """A position's part in a net holding: signed quantity and price a unit in the base currency."""

    quantity: float
    price: float
    row: Row


def read(portfolio: Portfolio, table: RegTSet) -> Account:
    """Return the account of a portfolio; raise InputError by pointer for what Regulation T cannot margin."""
    held = checked(portfolio)
    options = [item for item in held if item["kind"] == "option"]
    shares = [item for item in held if item["kind"] in SHARES]
    others = [item for item in held if item["kind"] not in ("option", *SHARES)]
    reader = _Reader(portfolio, table)
    series = reader.netted(options, reader.option_key, reader.series)
    stocks = reader.netted(shares, reader.share_key, reader.stock)
    securities = reader.netted(others, reader.security_key, reader.security)
    return Account(
        underlyings=_underlyings(series, stocks),
        securities=tuple(item for _, item in securities),
        assumptions=_assumptions(options, others),
    )


class _Reader:
    """Keys and holdings of rows, under one portfolio's date, currency and rules."""

    def __init__(self, portfolio: Portfolio, table: RegTSet) -> None:
        self.portfolio = portfolio
        self.as_of = portfolio.as_of
        self.long_dated = add_months(portfolio.as_of, table.options.threshold_months)

    def netted(
        self, rows: Iterable[Row], key: Callable[[Row], tuple[Any, ...]], build: Callable[[tuple[Any, ...], Any], Any]
    ) -> list[tuple[tuple[Any, ...], Any]]:
        """Return (key, holding) in the order of the keys, without those that net to nothing."""
        lots: dict[tuple[Any, ...], list[Lot]] = {}
        for row in rows:
            quantity, price = float(row["quantity"]), float(row["price"]) * row["factor"]
            lots.setdefault(key(row), []).append(Lot(quantity=quantity, price=price, row=row))
        found = []
        for name in sorted(lots):
            held = _net(lots[name])
            if held is not None:
                found.append((name, build(name, held)))
        return found

    def option_key(self, row: Row) -> tuple[Any, ...]:
        """Return what makes a series, underlying first."""
        expiry = date.fromisoformat(needed(row, "expiry"))
        if expiry < self.as_of:
            raise fault(
                row, "expiry", f"the option expired on {expiry}, before {self.as_of}.", "Leave expired options out."
            )
        index_class = row["index_class"] or "equity"
        if index_class not in INDEX_CLASSES:
            raise fault(row, "index_class", f"there is no index class {index_class!r}.", "Use broad or narrow.")
        return (
            str(row["underlying"] or row["symbol"]),
            row["currency"],
            expiry,
            needed(row, "option_type") == "call",
            positive(row, "strike"),
            row["exercise"] != "european",
            row["multiplier"],
            index_class,
            leverage_of(row),
            positive(row, "underlying_price"),
        )

    def series(self, key: tuple[Any, ...], held: tuple[float, float, list[Row]]) -> Series:
        """Return a net series."""
        underlying, _, expiry, call, strike, american, multiplier, index_class, leverage, price = key
        quantity, premium, rows = held
        contracts = round(abs(quantity))
        if abs(abs(quantity) - contracts) > ADDITION * max(1.0, abs(quantity)):
            raise fault(
                rows[0], "quantity", f"{abs(quantity):g} contracts are not a whole number.", "Give whole contracts."
            )
        if contracts > MOST_CONTRACTS:
            detail = f"{contracts:,} contracts of one series are too many to pair."
            raise fault(rows[0], "quantity", detail, f"Give at most {MOST_CONTRACTS:,}.")
        factor = rows[0]["factor"]
        return Series(
            underlying=underlying,
            call=call,
            american=american,
            strike=strike * factor,
            expiry=expiry,
            multiplier=multiplier,
            sign=1 if quantity > 0 else -1,
            contracts=contracts,
            premium=premium * multiplier,
            underlying_price=price * factor,
            index_class=index_class,
            leverage=leverage,
            long_dated=expiry > self.long_dated,
            positions=tuple(sorted(row["id"] for row in rows)),
        )

    def share_key(self, row: Row) -> tuple[Any, ...]:
        """Return what makes shares one holding."""
        return (str(row["symbol"]), row["currency"], row["multiplier"], leverage_of(row))

    def stock(self, key: tuple[Any, ...], held: tuple[float, float, list[Row]]) -> Stock:
        """Return a net stock."""
        symbol, _, multiplier, leverage = key
        quantity, price, rows = held
        if price < 0.0:
            raise fault(rows[0], "price", "a stock's price is not negative.", "Give the price of one share.")
        return Stock(
            symbol=symbol,
            sign=1 if quantity > 0 else -1,
            shares=abs(quantity) * multiplier,
            price=price,
            leverage=leverage,
            usd=rate(self.portfolio.fx, "USD", self.portfolio.currency) if quantity < 0 else 0.0,
            positions=tuple(sorted(row["id"] for row in rows)),
        )

    def security_key(self, row: Row) -> tuple[Any, ...]:
        """Return what makes a bond or another security one holding; refuse what is no security."""
        if row["kind"] in OUTSIDE:
            raise fault(
                row,
                "instrument",
                f"Regulation T does not margin {OUTSIDE[row['kind']]}.",
                "Leave the position out, or use the house model.",
            )
        return (str(row["symbol"]), row["currency"], row["multiplier"], _grade(row), *self._bond_terms(row))

    def _bond_terms(self, row: Row) -> tuple[float, bool]:
        if row["kind"] != "bond":
            return 0.0, False
        if row["maturity"] is None and _grade(row) == "us_government":
            raise fault(row, "maturity", "a government bond needs its maturity.", "Give `maturity` as an ISO date.")
        matures = date.fromisoformat(row["maturity"]) if row["maturity"] else self.as_of
        if row["maturity"] and matures < self.as_of:
            raise fault(row, "maturity", f"the bond matured on {matures}.", "Leave matured bonds out.")
        return (matures - self.as_of).days / YEAR_DAYS, row["coupon"] == 0.0

    def security(self, key: tuple[Any, ...], held: tuple[float, float, list[Row]]) -> Security:
        """Return a net bond or another security."""
        symbol, _, multiplier, grade, years, zero_coupon = key
        quantity, price, rows = held
        units = abs(quantity) * multiplier
        bond = rows[0]["kind"] == "bond"
        return Security(
            symbol=symbol,
            sign=1 if quantity > 0 else -1,
            market_value=units * abs(price),
            principal=units * PRINCIPAL * rows[0]["factor"] if bond else 0.0,
            kind=grade,
            years=years,
            zero_coupon=zero_coupon,
            positions=tuple(sorted(row["id"] for row in rows)),
        )


def _grade(row: Row) -> str:
    """Return the line of the table of exempt and non-equity securities that a security is on."""
    if row["kind"] != "bond":
        return "other"
    sector, issuer = str(row["sector"] or "").lower(), str(row["issuer"] or "").lower()
    if issuer in GOVERNMENT or sector in GOVERNMENT:
        return "us_government"
    if sector in ("municipal", "exempt"):
        return "municipal" if sector == "municipal" else "other_exempt"
    rating = str(row["rating"] or "").upper().rstrip("+-123")
    return "investment_grade" if rating in INVESTMENT_GRADES else "other"


def _net(lots: list[Lot]) -> tuple[float, float, list[Row]] | None:
    """Return net quantity, mean price of the side that is left, and the rows; None where nothing is left."""
    quantity = math.fsum(lot.quantity for lot in lots)
    gross = math.fsum(abs(lot.quantity) for lot in lots)
    if abs(quantity) <= ADDITION * gross:
        return None
    side = [lot for lot in lots if lot.quantity * quantity > 0.0]
    value = math.fsum(lot.quantity * lot.price for lot in side)
    return quantity, value / math.fsum(lot.quantity for lot in side), [lot.row for lot in lots]


def _underlyings(
    series: list[tuple[tuple[Any, ...], Series]], stocks: list[tuple[tuple[Any, ...], Stock]]
) -> tuple[Underlying, ...]:
    options: dict[tuple[str, str], list[Series]] = {}
    for key, item in series:
        options.setdefault((key[0], key[1]), []).append(item)
    held: dict[tuple[str, str], list[Stock]] = {}
    for key, stock in stocks:
        held.setdefault((key[0], key[1]), []).append(stock)
    found = []
    for name in sorted({*options, *held}):
        stocks_here = held.get(name, [])
        first = stocks_here[0] if stocks_here else None
        found.append(Underlying(name=name[0], stock=first, options=tuple(options.get(name, ()))))
        found += [Underlying(name=name[0], stock=stock, options=()) for stock in stocks_here[1:]]
    return tuple(found)


def add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def _assumptions(options: list[Row], others: list[Row]) -> tuple[str, ...]:
    """Say in sentences what the input left open and how it was read."""
    said = []
    style = sum(row["exercise"] is None for row in options)
    if style:
        said.append(f"{style} option positions name no exercise style and are read as American.")
    symbol = sum(row["underlying"] is None for row in options)
    if symbol:
        said.append(f"{symbol} option positions name no underlying: their symbol is taken for it.")
    if options:
        said.append("All options are read as listed, none on exchange-traded notes.")
    if any(row["kind"] == "bond" for row in others):
        said.append("A bond's price is read as that of 100 units of principal.")
    return tuple(said)
