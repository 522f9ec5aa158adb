"""Models asked for the margin of one book on past dates, each knowing no later close, against the same losses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.errors import CancelledError, ComputeError, HistoryError
from compute.margin.backtest.nominal import affordable_dates
from compute.margin.backtest.past import Past
from compute.margin.backtest.plan import LEAST_DATES, Dates, Plan
from compute.margin.models import MODELS
from compute.market import Market
from compute.portfolio import Floats
from compute.result import Checkpoint, check_finite

VALUES_BY_ITSELF = frozenset({"house"})
"""Models that read an option's volatility without pricing it: they are not told one that the book does not state."""


@dataclass(frozen=True, kw_only=True)
class Walker:
    """A model with its parameters, as of the measure margin."""

    model: str
    parameters: Mapping[str, Any]

    @property
    def of_one_day(self) -> str | None:
        """Why the model cannot be asked on other days than today, None where it can."""
        given = self.parameters.get("span_parameters")
        if given and given.get("risk_arrays"):
            return "The risk arrays of an exchange are of one day: they say nothing of earlier ones."
        return None


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Margins of w walkers on d dates, oldest first, and the loss after each.

    Parameters
    ----------
    dates
        Length d, ISO.
    losses
        Shape (d,): base currency, over the horizon after each date, losing positive.
    margins
        Shape (w, d), all NaN for a walker that has a refusal.
    refusals
        For each walker why it has no margins; None where it has them on all dates.
    step
        Days of the calendar from date to date.
    wanted
        Dates that were to be looked at.
    left_out
        Dates on which a walker that has enough others has no margin.
    """

    dates: list[str]
    losses: Floats
    margins: Floats
    refusals: tuple[str | None, ...]
    step: int
    wanted: int
    left_out: int


def walk(past: Past, walkers: Sequence[Walker], plan: Plan, checkpoint: Checkpoint) -> Walk:
    """Return the walk of a book through its past; the dates are the same for all that could be asked on enough.

    Raises
    ------
    HistoryError
        Fewer than thirty dates have a loss after them.
    """
    models = [(walker.model, walker.parameters) for walker in walkers]
    said = [walker.of_one_day for walker in walkers]
    asked = [index for index, why in enumerate(said) if why is None]
    dates = plan.dates(len(past.dates), affordable_dates(past, models, plan))
    rows = dates.rows
    margins = np.full((len(walkers), rows.size), np.nan)
    losses = np.empty(rows.size)
    known: dict[int, Floats] = {}
    for place, row in enumerate(rows.tolist()):

        def beat(_done: int, _total: int, done: int = place) -> None:
            checkpoint(done, rows.size)

        beat(0, 1)
        now, later = (_prices(past, each, known, beat) for each in (row, row + plan.horizon))
        with np.errstate(over="ignore", invalid="ignore"):  # a date without a value is left out below
            losses[place] = -float(past.gains(row, row + plan.horizon, now, later).sum())
        for index in asked:
            try:
                margins[index, place] = _margin(past, row, now, walkers[index], plan.figure, beat)
            except CancelledError:
                raise
            except ComputeError as error:
                said[index] = error.detail
        known = {each: prices for each, prices in known.items() if each > row}
    return _kept(past, dates, margins, losses, said)


def _prices(past: Past, row: int, known: dict[int, Floats], beat: Checkpoint) -> Floats:
    if row not in known:
        known[row] = past.prices(row, beat)
    return known[row]


def _margin(past: Past, row: int, prices: Floats, walker: Walker, figure: str, beat: Checkpoint) -> float:
    book = past.portfolio_on(row, prices, states_volatility=walker.model not in VALUES_BY_ITSELF, checkpoint=beat)
    market = Market(history=past.history(row))
    found = check_finite(MODELS[walker.model].kernel(book, market, walker.parameters, beat)).document.get(figure)
    return float("nan") if found is None else float(found)


def _kept(past: Past, dates: Dates, margins: Floats, losses: Floats, said: list[str | None]) -> Walk:
    """Leave out the dates on which a walker that has enough of them has no margin."""
    valued = np.isfinite(losses)
    if valued.sum() < LEAST_DATES:
        raise HistoryError(f"The book has a value on fewer than {LEAST_DATES} dates: its closes are beyond its models.")
    there = np.isfinite(margins)
    able = there.sum(axis=1) >= LEAST_DATES
    common: NDArray[np.bool_] = there[able].all(axis=0) & valued
    few = int(common.sum()) < LEAST_DATES
    kept = valued if few else common
    refusals = [_refusal(fine, why, few=few) for fine, why in zip(able.tolist(), said, strict=True)]
    shown = np.array([refusal is None for refusal in refusals], dtype=np.bool_)
    return Walk(
        dates=np.datetime_as_string(past.dates[dates.rows[kept]]).tolist(),
        losses=losses[kept],
        margins=np.where(shown[:, None], margins, np.nan)[:, kept],
        refusals=tuple(refusals),
        step=dates.step,
        wanted=dates.wanted,
        left_out=int(kept.size - kept.sum()),
    )


def _refusal(able: bool, why: str | None, *, few: bool) -> str | None:
    if not able:
        return why or "The model has no such figure on these dates."
    return f"The models have fewer than {LEAST_DATES} dates in common." if few else None
