"""A portfolio's factors with their filtered returns, and how far back each day's scenarios reach."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from compute.errors import HistoryError
from compute.margin.fhs.factors import Factors, factors
from compute.margin.fhs.filtering import Filtered, filtered
from compute.margin.fhs.options import Options, with_model_figures
from compute.margin.fhs.request import LEAST_COVERED, Request, Tool
from compute.market import Market, PriceHistory
from compute.portfolio import Floats, Portfolio
from compute.pricing.book import Book as PricingBook
from compute.result import Checkpoint, no_checkpoint
from compute.simulation.exposures import option_mask
from compute.simulation.returns import Returns, log_returns
from compute.simulation.tail import is_supported


@dataclass(frozen=True, kw_only=True)
class Book:
    """What margins of one or many days are computed from.

    Parameters
    ----------
    portfolio
        With the figures of the options' model, where they are revalued in full.
    options
        Those options; None where there are none, or they go by their delta.
    lookback
        Daily returns behind each day's scenarios.
    checkpoint
        Called between blocks of revaluations.
    """

    portfolio: Portfolio
    options: Options | None
    factors: Factors
    returns: Returns
    filtered: Filtered
    lookback: int
    checkpoint: Checkpoint

    def losses(self, moves: Floats) -> Floats:
        """Return the book's loss under relative moves of the factors, shape (s, k) → (s,), base currency."""
        losses = -(moves @ self.factors.amounts)
        return losses if self.options is None else losses - self.options.gains(moves, self.checkpoint)

    def mean_losses(self, moves: Floats, weights: Floats) -> Floats:
        """Return each position's loss, shape (n,), as the weighted sum over moves, shape (s, k)."""
        losses = self.factors.losses(weights @ moves, len(self.portfolio))
        if self.options is not None:
            losses[self.options.position] -= self.options.by_position(moves, self.checkpoint) @ weights
        return losses

    @property
    def days(self) -> int:
        """The returns known at the portfolio's date, which is its day's number."""
        return len(self.returns.values)


def least_before(request: Request, lookback: int) -> int:
    """Return the returns that must lie before the first day with a margin."""
    reach = request.volatility_days + lookback + request.reference_days
    return max(reach, request.table.floor_days) if request.apc is Tool.FLOOR else reach


def open_book(
    portfolio: Portfolio,
    market: Market,
    request: Request,
    *,
    tested: int = 0,
    checkpoint: Checkpoint = no_checkpoint,
) -> Book | None:
    """Return the book, None where no position has an exposure.

    Parameters
    ----------
    tested
        Most days before the portfolio's that are to have a margin too, each with the whole lookback; where it is 0, a
        short history shortens the lookback, down to twelve months.

    Raises
    ------
    HistoryError
        A factor's history is missing, too short, constant or not positive.
    InputError
        An exposure has no meaning, or an option lacks a term.
    """
    full = request.revaluation == "full"
    filled, priced = with_model_figures(portfolio, checkpoint) if full else (portfolio, None)
    found = factors(filled, market.history, None if priced is None else option_mask(portfolio))
    if not found.symbols:
        return None
    wanted = least_before(request, request.lookback) + tested
    if request.apc is Tool.STRESSED and market.history is not None:
        wanted = max(wanted, _common_days(market.history, found.symbols, portfolio.as_of))
    least = (
        least_before(request, request.lookback) + request.mpor_days if tested else least_before(request, LEAST_COVERED)
    )
    returns = log_returns(market.history, found.symbols, as_of=portfolio.as_of, lookback=wanted, least=least)
    spare = len(returns.values) - request.volatility_days - request.reference_days
    lookback = request.lookback if tested else min(request.lookback, spare)
    _check_confidence(request, lookback)
    return Book(
        portfolio=filled,
        options=None if priced is None else _options(filled, priced, found),
        factors=found,
        returns=returns,
        filtered=filtered(returns, request),
        lookback=lookback,
        checkpoint=checkpoint,
    )


def _options(portfolio: Portfolio, priced: PricingBook, found: Factors) -> Options:
    rows = np.flatnonzero(option_mask(portfolio) & (portfolio.numbers["quantity"] != 0.0))
    own = np.zeros(len(priced.underlyings), np.int64)
    own[priced.underlying[rows]] = found.own[rows]
    return Options(book=priced.only(rows), position=rows, factor=own)


def _common_days(history: PriceHistory, symbols: tuple[str, ...], as_of: date) -> int:
    """Return the days up to a date since each of the symbols has a close; zero where one has none."""
    known = {symbol: column for column, symbol in enumerate(history.symbols)}
    stop = int(np.searchsorted(history.dates, np.datetime64(as_of, "D"), side="right"))
    columns = [known[symbol] for symbol in symbols if symbol in known]
    there = ~np.isnan(history.closes[:stop, columns])
    return stop - int(there.argmax(axis=0).max(initial=0)) - 1 if stop and there.any(axis=0).all() else 0


def _check_confidence(request: Request, lookback: int) -> None:
    if not is_supported(request.confidence, request.scenarios(lookback)):
        raise HistoryError(
            f"{request.scenarios(lookback)} scenarios say nothing about confidence {request.confidence}.",
            pointer="/parameters/lookback",
            remedy="Raise `lookback`, upload a longer history, or lower the confidence.",
        )
