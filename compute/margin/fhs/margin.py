"""Margin by filtered historical simulation, as clearing houses compute it.

core = ES or VaR of the book's loss over the margin period, under past returns rescaled to today's volatility;
initial margin = core + what the tool against procyclicality adds + liquidity and concentration add-ons.
Rule, sources and a worked example: docs/models/fhs.md.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compute.margin.fhs.addons import Standalone, concentration, liquidity
from compute.margin.fhs.book import Book, open_book
from compute.margin.fhs.contributions import tail_weights
from compute.margin.fhs.procyclicality import charged
from compute.margin.fhs.report import Figures, nothing_at_risk, report
from compute.margin.fhs.request import Request
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from compute.result import Checkpoint, Result
from compute.simulation.exposures import position_exposures
from compute.simulation.tail import Tail, tails


def margin(portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return the margin of a portfolio in its base currency.

    Parameters
    ----------
    portfolio
        Options are revalued in full, other positions move linearly: see `compute.margin.fhs.factors`.
    market
        Its history must cover every factor; NaN is a missing day: see `compute.simulation.returns`.
    parameters
        As in `compute.margin.fhs.request.PARAMETERS`.

    Raises
    ------
    HistoryError
        A factor's history is missing, too short, constant or not positive.
    InputError
        An option lacks a term or, to go by it, a delta; a price is negative; a volume is zero.
    """
    request = Request.of(parameters)
    book = open_book(portfolio, market, request, checkpoint=lambda *_: checkpoint(0, 1))
    if book is None:
        return nothing_at_risk(portfolio, request)
    checkpoint(0, 1)
    moves = scenario_moves(book, request)
    losses = book.losses(moves)
    tail = _tail(losses, request, book)
    members, weights = tail_weights(losses, tail, request.risk_measure)
    exposures = position_exposures(book.portfolio)
    share = request.table.participation
    figures = Figures(
        tail=tail,
        contributions=book.mean_losses(moves[members], weights),
        exposures=exposures,
        charged=charged(request, book, np.array([book.days])),
        liquidity=liquidity(portfolio, exposures),
        concentration=concentration(
            portfolio, exposures, _standalone(moves, request, book), mpor_days=request.mpor_days, share=share
        ),
    )
    checkpoint(1, 1)
    return report(portfolio, request, book, figures)


def scenario_moves(book: Book, request: Request) -> Floats:
    """Return today's scenarios: relative moves of the factors, shape (n, k), oldest first."""
    count = request.scenarios(book.lookback)
    standard = book.filtered.standard[:, book.days - count :]
    return np.asarray(np.expm1(standard.T * book.filtered.volatility[book.days]))


def _tail(losses: Floats, request: Request, book: Book) -> Tail:
    independent = max(1, book.lookback // request.mpor_days) if request.is_overlapping else losses.size
    (tail,) = tails(losses, [request.confidence], independent=independent, pointer="/parameters/lookback")
    return tail


def _standalone(moves: Floats, request: Request, book: Book) -> Standalone:
    def alone(position: int, amount: float) -> float:
        factor = book.factors.own[position]
        if factor < 0:  # held, and exposed to nothing
            return 0.0
        tail = _tail(moves[:, factor] * -amount, request, book)
        return max(0.0, tail.es if request.risk_measure == "es" else tail.var)

    return alone
