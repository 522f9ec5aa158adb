"""A book on the days of its history: the same positions at the closes of a day, and what they gained from there.

Quantities, strikes, implied volatilities, rates and times to expiry stand still; what has a history moves with it:
prices, the underlyings of options, conversion rates. Options are revalued in full.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from compute.errors import HistoryError
from compute.market import PriceHistory, rate
from compute.portfolio import Floats, Labels, Portfolio
from compute.pricing.book import Book, greeks, prepare
from compute.pricing.terms import Integers, Kind, Mask, given, has_word
from compute.result import Checkpoint

FAR_FROM_CLOSE = 0.1
NAMED = 10
GREEKS = ("delta", "gamma", "vega", "theta")
_DATED = ("expiry", "maturity")


@dataclass(frozen=True, kw_only=True)
class Past:
    """A book of n positions on the t days on which all of its u underlyings and its conversion rates have a close.

    Parameters
    ----------
    book
        Ready for pricing, as it is today.
    whole
        The history, with days that are left out here.
    dates
        Shape (t,), datetime64[D], rising, none after the portfolio's date.
    closes
        Shape (t, u), in the order of `book.underlyings`.
    rates
        Currency → its conversion into the base currency, shape (t,); of those alone that have a history.
    days_left_out
        Days up to the portfolio's date on which something has no close.
    """

    portfolio: Portfolio
    book: Book
    whole: PriceHistory
    dates: NDArray[np.datetime64]
    closes: Floats
    rates: dict[str, Floats]
    days_left_out: int

    def history(self, row: int) -> PriceHistory:
        """Return what was known on a day, and nothing later."""
        stop = int(np.searchsorted(self.whole.dates, self.dates[row], side="right"))
        return replace(self.whole, dates=self.whole.dates[:stop], closes=self.whole.closes[:stop])

    def spots(self, row: int) -> Floats:
        """Return what each position moves with, shape (n,): the close of its underlying."""
        return np.asarray(self.closes[row][self.book.underlying])

    def conversion(self, row: int) -> Floats:
        """Return each position's conversion into the base currency, shape (n,)."""
        labels = self.portfolio.labels["currency"]
        found = [
            float(self.rates[name][row])
            if name in self.rates
            else rate(self.portfolio.fx, name, self.portfolio.currency)
            for name in labels.values
        ]
        return np.array(found)[labels.codes] if len(self.portfolio) else np.empty(0)

    def prices(self, row: int, checkpoint: Checkpoint) -> Floats:
        """Return each position's price, shape (n,): its close, an option's by its model, else today's."""
        held = np.where(self._stands_still, self.book.price, self.spots(row))
        option = np.flatnonzero(self._option)
        if option.size:
            held[option] = greeks(self._options(option, row), checkpoint=checkpoint).price
        return held

    def portfolio_on(self, row: int, prices: Floats, *, states_volatility: bool, checkpoint: Checkpoint) -> Portfolio:
        """Return the portfolio at the closes of a day.

        Parameters
        ----------
        prices
            As of that day, shape (n,).
        states_volatility
            Give each option the volatility that it is priced with today; else only those that came with one have one.
        """
        numbers = {name: column for name, column in self.portfolio.numbers.items() if name != "settlement_price"}
        numbers["price"] = prices
        follows = self._option | self._stands_still
        if follows.any():
            numbers["underlying_price"] = np.where(follows, self.spots(row), given(self.portfolio, "underlying_price"))
        if states_volatility and self._option.any():
            volatility = given(self.portfolio, "implied_volatility")
            numbers["implied_volatility"] = np.where(self._option, self.book.vol, volatility)
        numbers |= self._greeks(row, checkpoint)
        as_of = self.dates[row].astype("datetime64[D]").item()
        return replace(
            self.portfolio,
            as_of=as_of,
            numbers=numbers,
            labels={**self.portfolio.labels, **self._shifted(as_of)},
            fx={**self.portfolio.fx, **self._fx(row)},
        )

    def gains(self, row: int, later: int, prices: Floats, prices_later: Floats) -> Floats:
        """Return what each position gained from one day to a later one, shape (n,), base currency.

        A future's value is what it gained; of anything else the whole value converts at the later rate.
        """
        size = self.book.quantity * self.book.multiplier
        now, then = self.conversion(row), self.conversion(later)
        worth = size * (then * prices_later - now * prices)
        margined = has_word(self.portfolio, "instrument", "future")
        worth = np.where(margined, size * then * (prices_later - prices), worth)
        by_greeks = self.book.kind == Kind.GREEKS
        if by_greeks.any():
            move = self.spots(later) - self.spots(row)
            delta, gamma = self.book.given[0], self.book.given[1]
            worth = np.where(by_greeks, size * then * (delta * move + 0.5 * gamma * move * move), worth)
        return np.asarray(worth)

    @cached_property
    def _option(self) -> Mask:
        return np.isin(self.book.kind, (Kind.LOGNORMAL, Kind.NORMAL))

    @cached_property
    def _stands_still(self) -> Mask:
        """Which positions go by given greeks to a price that is not their own: theirs is held."""
        if not (self.book.kind == Kind.GREEKS).any():
            return np.zeros(len(self.portfolio), np.bool_)
        symbols = self.portfolio.labels["symbol"].texts()
        own = [symbols[row] == self.book.underlyings[code] for row, code in enumerate(self.book.underlying.tolist())]
        return np.asarray((self.book.kind == Kind.GREEKS) & ~np.array(own, dtype=np.bool_))

    def _options(self, option: Integers, row: int) -> Book:
        return replace(self.book, spot=self.spots(row)).only(option)

    def _greeks(self, row: int, checkpoint: Checkpoint) -> dict[str, Floats]:
        """Return the columns of given greeks, those of options by their model on that day."""
        columns = {name: self.portfolio.numbers[name] for name in GREEKS if name in self.portfolio.numbers}
        option = np.flatnonzero(self._option & np.any([~np.isnan(c) for c in columns.values()], axis=0))
        if not columns or not option.size:
            return {}
        found = greeks(self._options(option, row), checkpoint=checkpoint)
        moved = {}
        for name, column in columns.items():
            moved[name] = np.array(column)
            there = ~np.isnan(column[option])
            moved[name][option[there]] = getattr(found, name)[there]
        return moved

    def _shifted(self, as_of: date) -> dict[str, Labels]:
        """Return the date columns, moved so that what is left to each date stays the same."""
        gone = timedelta(days=(self.portfolio.as_of - as_of).days)
        return {
            name: replace(
                labels, values=tuple((date.fromisoformat(value) - gone).isoformat() for value in labels.values)
            )
            for name, labels in self.portfolio.labels.items()
            if name in _DATED
        }

    def _fx(self, row: int) -> dict[str, float]:
        return {f"{name}/{self.portfolio.currency}": float(values[row]) for name, values in self.rates.items()}

    def assumptions(self) -> list[str]:
        """Say in sentences what stands still, and what does not look right."""
        said = [
            "The backtest holds quantities, strikes, volatilities, rates, times to expiry and collateral as they are."
        ]
        if self._stands_still.any():
            said.append("Positions with given greeks alone move by these greeks, of today; their price is held.")
        held = sorted(
            name
            for name in self.portfolio.labels["currency"].values
            if name != self.portfolio.currency and name not in self.rates
        )
        if held:
            said.append(f"Conversion rates held still, their history is not at hand: {', '.join(held)}.")
        if far := self._far():
            more = f" and {len(far) - NAMED} more" if len(far) > NAMED else ""
            said.append(
                f"The last close of {', '.join(far[:NAMED])}{more} is more than {FAR_FROM_CLOSE:.0%} from the given "
                "price: the backtest goes by closes."
            )
        if self.days_left_out:
            said.append(f"{self.days_left_out} days on which some price of the book has no close are left out.")
        return said

    def _far(self) -> list[str]:
        last, spot = self.spots(len(self.dates) - 1), self.book.spot
        rows = np.flatnonzero(np.abs(last - spot) > FAR_FROM_CLOSE * np.abs(spot))
        return sorted({self.book.underlyings[code] for code in self.book.underlying[rows].tolist()})


def open_past(portfolio: Portfolio, history: PriceHistory | None, checkpoint: Checkpoint) -> Past:
    """Return a book's past.

    Raises
    ------
    HistoryError
        A symbol or an underlying has no history, or not two days in common with the others.
    InputError
        A position lacks a term that its revaluation needs.
    """
    book = prepare(portfolio, checkpoint=checkpoint)
    if not book.underlyings:
        raise HistoryError("The book is empty: there is nothing to walk back with.")
    known = {} if history is None else {symbol: column for column, symbol in enumerate(history.symbols)}
    missing = sorted(name for name in book.underlyings if name not in known)
    if missing or history is None:
        named = ", ".join(missing[:NAMED]) + (f" and {len(missing) - NAMED} more" if len(missing) > NAMED else "")
        raise HistoryError(f"No price history of {named}.", remedy="Upload it with POST /api/v1/prices/history.")
    pairs = _pairs(portfolio, known)
    columns = [*(known[name] for name in book.underlyings), *(column for column, _inverse in pairs.values())]
    stop = int(np.searchsorted(history.dates, np.datetime64(portfolio.as_of, "D"), side="right"))
    closes = history.closes[:stop][:, columns]
    complete = np.isfinite(closes).all(axis=1)
    if complete.sum() < 2:
        raise HistoryError(f"The book has no two days up to {portfolio.as_of} on which all of it has a close.")
    count, kept = len(book.underlyings), closes[complete]
    rates = {
        currency: 1.0 / kept[:, count + index] if inverse else kept[:, count + index]
        for index, (currency, (_column, inverse)) in enumerate(pairs.items())
    }
    return Past(
        portfolio=portfolio,
        book=book,
        whole=history,
        dates=history.dates[:stop][complete].astype("datetime64[D]"),
        closes=np.ascontiguousarray(kept[:, :count]),
        rates=rates,
        days_left_out=int(np.count_nonzero(~complete)),
    )


def _pairs(portfolio: Portfolio, known: dict[str, int]) -> dict[str, tuple[int, bool]]:
    """Return the column of each foreign currency's conversion rate, and whether it holds the inverse."""
    found: dict[str, tuple[int, bool]] = {}
    for currency in portfolio.labels["currency"].values:
        direct, inverse = f"{currency}/{portfolio.currency}", f"{portfolio.currency}/{currency}"
        if currency != portfolio.currency and (direct in known or inverse in known):
            found[currency] = (known[direct], False) if direct in known else (known[inverse], True)
    return found
