"""What moves each underlying: the series that stand for it, best first, and how well each does."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from compute.portfolio import Floats, Portfolio
from compute.pricing.book import Book
from compute.pricing.terms import codes, given, pair_of
from compute.result import Checkpoint, no_checkpoint
from compute.stress.series import Vocabulary, vocabulary

DRIVERS_A_CHECKPOINT = 256


class How(StrEnum):
    """By what an underlying is moved."""

    OWN = "own"  # the series is its own, or its tracker's
    PAIR = "pair"  # a currency pair, direct or through others
    COUNTRY = "country"  # its country's index
    SECTOR = "sector"  # its sector's fund or industry portfolio
    BETA = "beta"  # the market, by the beta that its position gives
    ASSUMED = "beta assumed to be 1"  # the market or Bitcoin, one for one: nothing better is known


@dataclass(frozen=True, kw_only=True)
class Route:
    """One way to move an underlying: relative move = factor x move of the series, or of the pair."""

    how: How
    series: str
    factor: float = 1.0
    pair: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Driver:
    """An underlying as its positions describe it; `level` is its price, `routes` are best first."""

    name: str
    asset_class: str
    currency: str
    level: float
    routes: tuple[Route, ...]


def drivers(portfolio: Portfolio, book: Book, checkpoint: Checkpoint = no_checkpoint) -> list[Driver]:
    """Return what drives each of the book's underlyings, in their order."""
    known = vocabulary()
    rows = _described_by(portfolio, book)
    texts = {name: _texts(portfolio, name, rows)
             for name in ("asset_class", "currency", "sector", "country", "underlying")}  # fmt: skip
    beta, leverage = given(portfolio, "beta"), given(portfolio, "leverage")
    found = []
    for place, (name, row) in enumerate(zip(book.underlyings, rows.tolist(), strict=True)):
        if place % DRIVERS_A_CHECKPOINT == 0:
            checkpoint(place, len(book.underlyings))
        words = {key: values[place] for key, values in texts.items()}
        routes = tuple(_routes(name, words, _number(beta, row), _number(leverage, row), known))
        found.append(
            Driver(
                name=name,
                asset_class=words["asset_class"],
                currency=words["currency"],
                level=float(book.spot[row]),
                routes=routes,
            )
        )
    return found


def _described_by(portfolio: Portfolio, book: Book) -> np.ndarray:
    """Return for each underlying the row that describes it: a position in itself, else the first on it."""
    count, rows = len(book.underlyings), np.arange(len(book))
    symbols = portfolio.labels["symbol"]
    place = {name: index for index, name in enumerate(book.underlyings)}
    of_symbol = np.array([*(place.get(value, -1) for value in symbols.values), -1])
    own = of_symbol[symbols.codes] == book.underlying
    found = np.full(count, len(book))
    np.minimum.at(found, book.underlying[own], rows[own])
    bare = found[book.underlying] == len(book)
    np.minimum.at(found, book.underlying[bare], rows[bare])
    return found


def _texts(portfolio: Portfolio, name: str, rows: np.ndarray) -> list[str]:
    values = [*(portfolio.labels[name].values if name in portfolio.labels else ()), ""]
    return [values[code] for code in codes(portfolio, name)[rows].tolist()]


def _number(column: Floats, row: int) -> float | None:
    value = float(column[row])
    return None if np.isnan(value) else value


def _routes(
    name: str, words: dict[str, str], beta: float | None, leverage: float | None, known: Vocabulary
) -> Iterator[Route]:
    for each in dict.fromkeys((name, words["underlying"])):
        if series := known.by_symbol.get(each.upper()):
            yield Route(how=How.OWN, series=series)
        if pair := pair_in(each):
            yield Route(how=How.PAIR, series="/".join(pair), pair=pair)
    asset_class = words["asset_class"]
    if asset_class in {"equity", "derivative"}:
        yield from _of_equity(words, 1.0 if leverage is None else leverage, known)
    if beta is not None and asset_class != "bond":
        yield Route(how=How.BETA, series=known.market, factor=beta)
    elif asset_class in {"equity", "derivative"}:
        yield Route(how=How.ASSUMED, series=known.market, factor=1.0 if leverage is None else leverage)
    elif asset_class == "crypto":
        yield Route(how=How.ASSUMED, series=known.crypto)


def _of_equity(words: dict[str, str], leverage: float, known: Vocabulary) -> Iterator[Route]:
    for series in known.countries.get(words["country"].upper(), ()):
        yield Route(how=How.COUNTRY, series=series, factor=leverage)
    for series in known.sectors.get(words["sector"].strip().lower().replace("_", " "), ()):
        yield Route(how=How.SECTOR, series=series, factor=leverage)


def pair_in(name: str) -> tuple[str, str] | None:
    """Return the currencies of a name such as EUR/USD or EURUSD."""
    if (found := pair_of(name)) is not None:
        return found
    return pair_of(f"{name[:3]}/{name[3:]}") if len(name) == 6 and name.isalpha() and name.isupper() else None
