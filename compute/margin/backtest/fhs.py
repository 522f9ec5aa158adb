"""The measure `backtest` for the model `fhs`: each day's margin against the loss over the margin period after it.

The book keeps the exposures it has at its date: each day is asked what its margin would have been for the same amounts
of money in the same names. A day's margin knows the closes of that day and those before, nothing later.
Losses over several days overlap from day to day; the tests look at every h-th day only, so that they do not.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.errors import HistoryError
from compute.margin.backtest.movement import movement
from compute.margin.backtest.statistics import coverage_tests
from compute.margin.fhs.book import Book, least_before, open_book
from compute.margin.fhs.procyclicality import Charged, charged, realised_losses
from compute.margin.fhs.report import head, history, model_assumptions
from compute.margin.fhs.request import Request
from compute.market import Market
from compute.portfolio import Floats, Portfolio
from compute.result import Checkpoint, Result

LEAST_DAYS = 30


def backtest(portfolio: Portfolio, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return how the margin of a portfolio would have done on the days of its history.

    Parameters
    ----------
    portfolio, market
        As for `compute.margin.fhs.margin`.
    parameters
        As in `compute.margin.fhs.request.BACKTEST_PARAMETERS`.

    Raises
    ------
    HistoryError
        A factor's history is missing, constant or not positive, or too short to test thirty days.
    InputError
        An exposure has no meaning.
    """
    request = Request.of(parameters)
    tested = request.days + request.mpor_days
    book = open_book(portfolio, market, request, tested=tested, checkpoint=lambda *_: checkpoint(0, 1))
    if book is None:
        return _nothing_to_test(portfolio, request)
    days = _days(request, book)
    checkpoint(0, days.size)
    margins = charged(request, book, days, lambda done: checkpoint(min(done, days.size), days.size))
    losses = realised_losses(book, request.mpor_days)[days + request.mpor_days - 1]
    return _report(portfolio, request, book, days, margins, losses)


def _days(request: Request, book: Book) -> NDArray[np.int64]:
    """Return the days that have a margin and a loss after it, at most as many as asked for."""
    stop = book.days - request.mpor_days + 1
    first = max(least_before(request, request.lookback), stop - request.days)
    if stop - first < LEAST_DAYS:
        raise HistoryError(
            f"The history leaves {max(0, stop - first)} days to test, fewer than {LEAST_DAYS}: each needs "
            f"{least_before(request, request.lookback)} returns before it and {request.mpor_days} after it.",
            pointer="/parameters/lookback",
            remedy="Upload a longer history, or lower `lookback`.",
        )
    return np.arange(first, stop)


def _report(
    portfolio: Portfolio, request: Request, book: Book, days: NDArray[np.int64], margins: Charged, losses: Floats
) -> Result:
    dates = np.datetime_as_string(book.returns.dates[days - 1]).tolist()
    core = margins.core.figure(request.risk_measure)
    document = {
        **head(portfolio, request),
        "lookback": request.lookback,
        "days": days.size,
        "first_day": dates[0],
        "last_day": dates[-1],
        "margin": _summary(margins.margin),
        "core": _summary(core),
        "exceedances": _exceedances(margins.margin, losses),
        "coverage": [
            {"of": "margin", **_tests(margins.margin, losses, request)},
            {"of": "core_var", **_tests(margins.core.var, losses, request)},
        ],
        "expected_shortfall": _beyond_var(margins, losses),
        "procyclicality": {"margin": movement(margins.margin, dates), "core": movement(core, dates)},
        "history": history(book.returns),
        "parameter_set": request.table.document(),
        "assumptions": [*model_assumptions(portfolio, request, book), *_assumptions(request)],
    }
    return Result(document=document, tables=_tables(dates, margins, losses))


def _summary(margin: Floats) -> dict[str, float]:
    return {
        "mean": float(margin.mean()),
        "least": float(margin.min()),
        "greatest": float(margin.max()),
        "last": float(margin[-1]),
    }


def _exceedances(margin: Floats, losses: Floats) -> dict[str, Any]:
    """Return how often and by how much daily losses, overlapping as they are, went beyond the margin."""
    short = (losses - margin)[losses > margin]
    return {
        "observations": losses.size,
        "exceedances": short.size,
        "coverage": 1.0 - short.size / losses.size,
        "mean_shortfall": float(short.mean()) if short.size else None,
        "greatest_shortfall": float(short.max()) if short.size else None,
    }


def _beyond_var(margins: Charged, losses: Floats) -> dict[str, Any]:
    """Return how losses beyond VaR compare with the expected shortfall of their day: 1 is what it says of itself."""
    beyond = losses > margins.core.var
    ratio = losses[beyond] / margins.core.es[beyond]
    return {"days_beyond_var": ratio.size, "mean_loss_to_es": float(ratio.mean()) if ratio.size else None}


def _tests(margin: Floats, losses: Floats, request: Request) -> dict[str, Any]:
    """Test every h-th day, counted back from the last, so that no two losses share a day."""
    exceeded = (losses > margin)[:: -request.mpor_days][::-1]
    return coverage_tests(exceeded, 1.0 - request.confidence)


def _assumptions(request: Request) -> list[str]:
    said = ["The book keeps the exposures it has at its date; add-ons for liquidity and concentration are left out."]
    if request.mpor_days > 1:
        said.append(f"Tests of coverage look at every {request.mpor_days} days: losses between overlap.")
    if request.risk_measure == "es":
        said.append("Expected shortfall lies beyond the confidence: tests of the margin expect fewer exceedances.")
    return said


def _tables(dates: list[str], margins: Charged, losses: Floats) -> dict[str, Mapping[str, Any]]:
    """Return the margin path, and the days on which the loss went beyond it."""
    beyond = np.flatnonzero(losses > margins.margin)
    return {
        "path": {
            "date": dates,
            "margin": margins.margin,
            "core_es": margins.core.es,
            "core_var": margins.core.var,
            "loss": losses,
        },
        "breaches": {
            "date": [dates[index] for index in beyond.tolist()],
            "margin": margins.margin[beyond],
            "loss": losses[beyond],
            "shortfall": (losses - margins.margin)[beyond],
        },
    }


def _nothing_to_test(portfolio: Portfolio, request: Request) -> Result:
    document = {
        **head(portfolio, request),
        "days": 0,
        "coverage": [],
        "procyclicality": None,
        "history": None,
        "parameter_set": request.table.document(),
        "assumptions": ["No position has an exposure: there is nothing to test."],
    }
    return Result(document=document)
