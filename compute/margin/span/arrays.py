"""Risk arrays: profit and loss of every position in the sixteen scenarios, given by the file or revalued at once."""

from dataclasses import dataclass

import numpy as np

from compute.errors import InputError
from compute.margin.span.exchange import Commodity, Exchange
from compute.margin.span.holdings import Holdings, without_terms
from compute.margin.span.tables import MOVES, SCENARIOS, SpanSet
from compute.market import to_base
from compute.portfolio import Floats, Portfolio
from compute.pricing.book import Book, prepare, reprice
from compute.pricing.memo import PricingMemo
from compute.pricing.terms import Integers, Kind, Mask, given
from compute.result import Checkpoint

BUMP = 0.01
"""Half the step of the composite delta's differences, in price scan ranges."""


@dataclass(frozen=True, kw_only=True)
class Arrays:
    """What the scenarios do to the positions.

    Parameters
    ----------
    gains
        Shape (n, 16): profit of each position, base currency, the covered fraction applied.
    deltas
        Shape (n,): composite deltas, scaled, times contracts held; NaN where the file's array has none.
    assumptions
        What was taken for granted, in sentences.
    """

    gains: Floats
    deltas: Floats
    assumptions: tuple[str, ...]


def risk_arrays(
    portfolio: Portfolio,
    exchange: Exchange,
    holdings: Holdings,
    table: SpanSet,
    checkpoint: Checkpoint,
    memo: PricingMemo | None = None,
) -> Arrays:
    """Return the risk arrays; raise InputError for a commodity without the scan range that a position needs."""
    _needs_ranges(portfolio, exchange, holdings)
    gains = np.zeros((len(portfolio), SCENARIOS))
    deltas = np.ones(len(portfolio))
    assumptions: tuple[str, ...] = ()
    if not holdings.given.all():
        book = prepare(without_terms(portfolio, holdings.given), checkpoint=checkpoint, memo=memo)
        assumptions = book.assumptions
        gains, deltas = _revalued(portfolio, book, exchange, holdings, table, checkpoint, memo)
    rows = np.flatnonzero(holdings.given)
    symbols = portfolio.labels["symbol"].texts()
    factor = (portfolio.numbers["quantity"] * to_base(portfolio))[rows, None]
    found = [exchange.arrays[str(symbols[row])] for row in rows.tolist()]
    gains[rows] = factor * np.array([array.profit for array in found]).reshape(-1, SCENARIOS)
    own = given(portfolio, "delta")[rows]
    known = np.array([np.nan if array.delta is None else array.delta for array in found], dtype=np.float64)
    plain = np.where(holdings.option[rows], np.nan, 1.0)
    deltas[rows] = np.where(np.isnan(known), np.where(np.isnan(own), plain, own), known)
    scale = np.array([contract.delta_scale for contract in holdings.contracts], dtype=np.float64)
    return Arrays(gains=gains, deltas=deltas * scale * portfolio.numbers["quantity"], assumptions=assumptions)


def _needs_ranges(portfolio: Portfolio, exchange: Exchange, holdings: Holdings) -> None:
    """Raise for the first position to be revalued whose commodity lacks a range for it."""
    for index, commodity in enumerate(exchange.commodities.values()):
        rows = (holdings.commodity == index) & ~holdings.given
        _need(portfolio, commodity, rows, "price_scan_range", commodity.price_range, commodity.price_share)
        _need(portfolio, commodity, rows & holdings.option, "volatility_scan_range", commodity.volatility_range)


def _need(portfolio: Portfolio, commodity: Commodity, rows: Mask, field: str, *values: float | None) -> None:
    if rows.any() and all(value is None for value in values):
        row = int(np.argmax(rows))
        raise InputError(
            f"{commodity.name} has no {field}, and position {portfolio.ids[row]} no risk array.",
            pointer=f"{commodity.pointer}/{field}",
            remedy=f"Give the range, or a risk array {portfolio.labels['symbol'].texts()[row]}.",
        )


def _revalued(
    portfolio: Portfolio,
    book: Book,
    exchange: Exchange,
    holdings: Holdings,
    table: SpanSet,
    checkpoint: Checkpoint,
    memo: PricingMemo | None,
) -> tuple[Floats, Floats]:
    """Return profit in the scenarios and composite delta of one long contract, from one call over all columns."""
    commodities = list(exchange.commodities.values())
    rows = np.flatnonzero(~holdings.given)
    owner = _owners(book, holdings, rows)
    spot = _spots(portfolio, book, rows)
    ranges = np.array([_range(commodities[c], s) if c >= 0 else 0.0 for c, s in zip(owner, spot, strict=True)])
    relative = np.divide(ranges, np.abs(spot), out=np.zeros_like(ranges), where=ranges > 0.0)
    price, volatility = _columns(commodities, table, owner)
    gains = reprice(
        book,
        np.maximum(relative[:, None] * price, np.where(_floored(book), -1.0, -np.inf)[:, None]),
        volatility,
        vol_shift_kind="relative" if exchange.relative_volatility else "absolute",
        time_shift_days=exchange.look_ahead_days,
        checkpoint=checkpoint,
        memo=memo,
    )
    covered = np.array([commodities[c].extreme_fraction for c in holdings.commodity.tolist()], dtype=np.float64)
    scenarios = gains[:, :SCENARIOS].copy()
    scenarios[:, SCENARIOS - 2 :] *= covered[:, None]
    return scenarios, _composite(book, holdings, table, gains[:, SCENARIOS:], ranges)


def _owners(book: Book, holdings: Holdings, rows: Integers) -> list[int]:
    """Return each underlying's commodity, -1 where only given arrays are in it."""
    owner = np.full(len(book.underlyings), -1)
    owner[book.underlying[rows]] = holdings.commodity[rows]
    return [int(index) for index in owner]


def _floored(book: Book) -> Floats | Mask:
    """Return which underlyings stop at zero: those with options on them that know no price below it."""
    lognormal = book.underlying[book.kind == Kind.LOGNORMAL]
    return np.isin(np.arange(len(book.underlyings)), lognormal)


def _spots(portfolio: Portfolio, book: Book, rows: Integers) -> Floats:
    """Return one price for each underlying; raise where its positions say two, or zero."""
    spot = np.ones(len(book.underlyings))
    spot[book.underlying[rows][::-1]] = book.spot[rows][::-1]
    apart = np.abs(book.spot[rows] - spot[book.underlying[rows]]) > 1e-6 * np.abs(book.spot[rows])
    for wrong, what, remedy in (
        (apart, "has another price of its underlying than another position", "Give one price to each underlying."),
        (book.spot[rows] == 0.0, "has an underlying whose price is zero", "Send its risk array instead."),
    ):
        if wrong.any():
            row = int(rows[np.argmax(wrong)])
            field = "price" if book.kind[row] == Kind.LINEAR else "underlying_price"
            raise InputError(
                f"Position {portfolio.ids[row]} {what}.",
                pointer=f"/portfolio/positions/{row}/{field}",
                remedy=remedy,
            )
    return spot


def _range(commodity: Commodity, spot: float) -> float:
    """Return the price scan range in units of price."""
    return commodity.price_range if commodity.price_range is not None else (commodity.price_share or 0.0) * abs(spot)


def _columns(commodities: list[Commodity], table: SpanSet, owner: list[int]) -> tuple[Floats, Floats]:
    """Return the moves of each underlying, in ranges, and of its volatility: scenarios, then pairs about `MOVES`."""
    thirds = np.array(MOVES) / 3.0
    pairs = np.concatenate((thirds + BUMP, thirds - BUMP))
    price = np.zeros((len(owner), SCENARIOS + pairs.size))
    volatility = np.zeros_like(price)
    for row, index in enumerate(owner):
        if index >= 0:
            moves, twists = table.scenarios(commodities[index].extreme_multiplier)
            price[row] = np.concatenate((moves, pairs))
            volatility[row, :SCENARIOS] = twists * (commodities[index].volatility_range or 0.0)
    return price, volatility


def _composite(book: Book, holdings: Holdings, table: SpanSet, pairs: Floats, ranges: Floats) -> Floats:
    """Return each contract's weighted delta, shape (n,), in contracts of the underlying future."""
    half = len(MOVES)
    step = 2.0 * BUMP * ranges[book.underlying]
    unit = step * book.scale
    slopes = np.divide(
        pairs[:, :half] - pairs[:, half:], unit[:, None], out=np.zeros((len(book), half)), where=unit[:, None] != 0.0
    )
    size = [contract.multiplier for contract in holdings.contracts]
    lots = np.array([1.0 if m is None else b / m for m, b in zip(size, book.multiplier.tolist(), strict=True)])
    deltas = slopes @ table.weights * np.where(holdings.option, lots, 1.0)
    return np.where((book.kind == Kind.LINEAR) & ~holdings.option, 1.0, deltas)
