"""Several models and parameter versions on one book: figures side by side, and coverage of the same losses."""

from collections.abc import Mapping, Sequence
from typing import Any

from compute.analysis.compare.entries import Entry, Walked
from compute.analysis.compare.report import report
from compute.analysis.compare.request import settled
from compute.crif import Crif
from compute.errors import CancelledError, ComputeError, HistoryError, InputError
from compute.margin.backtest.past import open_past
from compute.margin.backtest.plan import Plan
from compute.margin.backtest.walk import Walker, walk
from compute.margin.models import MODELS
from compute.market import Market
from compute.measure import Book
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result, check_finite


def compare(book: Book, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return several models' figures side by side, and how each would have covered the same losses.

    Parameters
    ----------
    book
        n positions, or rows of a CRIF.
    market
        Its history, where there is one, is what the models are walked through.
    parameters
        `models`, the base first; `figure`, `confidence`, `horizon_days`, `step`, `days`, `seconds`.

    Returns
    -------
    Result
        A model that refuses the book is there with its error. Nothing is called a saving but a difference at equal
        coverage of enough dates.

    Raises
    ------
    InputError
        Every model refuses the book, or a CRIF holds several netting sets.
    """
    plan = Plan.of(parameters)
    entries = [_entry(each, book, market, checkpoint) for each in settled(parameters["models"])]
    _some_answer(entries)
    walked = _walked(entries, book, market, plan, checkpoint)
    checkpoint(1, 1)
    return report(book, entries, walked, plan)


def _entry(given: Mapping[str, Any], book: Book, market: Market, checkpoint: Checkpoint) -> Entry:
    model, parameters = str(given["model"]), given["parameters"]
    named = {"label": str(given["label"]), "model": model, "parameters": parameters}
    try:
        _needs_histories(model, parameters, book, market)
        found = check_finite(MODELS[model].kernel(book, market, parameters, lambda *_: checkpoint(0, 1)))
    except CancelledError:
        raise
    except ComputeError as error:
        return Entry(**named, error=error)
    if "netting_sets" in found.document:
        raise InputError(
            "The CRIF holds several netting sets, and a comparison is of one.",
            pointer="/crif",
            remedy="Send the rows of one netting set.",
        )
    return Entry(**named, result=found)


def _needs_histories(model: str, parameters: Mapping[str, Any], book: Book, market: Market) -> None:
    """Raise where the model on its own would have been refused at intake: a history that it reads is not stored."""
    spec = MODELS[model]
    if isinstance(book, Portfolio) and spec.needs_history(parameters):
        known = frozenset(market.history.symbols) if market.history is not None else frozenset()
        missing = sorted(set(spec.history_names(book)) - known)
        if missing:
            more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
            raise HistoryError(
                f"No price history of {', '.join(missing[:10])}{more}.",
                remedy="Upload it with POST /api/v1/prices/history.",
            )


def _some_answer(entries: Sequence[Entry]) -> None:
    """Raise where no model answers."""
    if any(entry.result is not None for entry in entries):
        return
    errors = [(entry.label, entry.error) for entry in entries if entry.error is not None]
    said = " ".join(f"{label}: {error.detail}" for label, error in errors)
    _label, first = errors[0]
    raise InputError(f"None of the models can margin this book. {said}", pointer=first.pointer, remedy=first.remedy)


def _walked(entries: Sequence[Entry], book: Book, market: Market, plan: Plan, checkpoint: Checkpoint) -> Walked:
    if isinstance(book, Crif):
        return Walked(walk=None, problem="Rows of sensitivities have no prices to walk back through.")
    members = tuple(index for index, entry in enumerate(entries) if entry.figure(plan.figure) is not None)
    walkers = [Walker(model=entries[index].model, parameters=entries[index].parameters) for index in members]
    try:
        past = open_past(book, market.history, lambda *_: checkpoint(0, 1))
        found = walk(past, walkers, plan, checkpoint)
    except CancelledError:
        raise
    except InputError as error:
        return Walked(walk=None, problem=error.detail)
    return Walked(walk=found, members=members, assumptions=tuple(past.assumptions()))
