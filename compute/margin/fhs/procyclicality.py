"""The core margin of each day and what each tool of Art. 28(1) of Delegated Regulation (EU) No 153/2013 makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from compute.margin.fhs.book import Book
from compute.margin.fhs.filtering import over_horizon, window_volatility
from compute.margin.fhs.options import Curves
from compute.margin.fhs.paths import Path, Scenarios, Stress, path
from compute.margin.fhs.request import Request, Tool
from compute.margin.fhs.tables import FhsSet
from compute.portfolio import Floats

Report = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Charged:
    """Margins of d days before add-ons, base currency, shape (d,) each; `reference` is what the tool compares with.

    `reference` is the mean core margin before (buffer), the margin with stressed observations (stressed), the margin at
    ten-year volatility (floor), and the core margin itself (none).
    """

    core: Path
    margin: Floats
    reference: Floats


def realised_losses(book: Book, days: int) -> Floats:
    """Return the book's loss over `days` returns ending with each return, shape (t,); NaN where they do not reach."""
    values = book.returns.values
    total = np.vstack([np.zeros(values.shape[1]), np.cumsum(values, axis=0)])
    losses = np.full(len(values), np.nan)
    losses[days - 1 :] = book.losses(np.expm1(total[days:] - total[:-days]))
    return losses


def charged(request: Request, book: Book, days: NDArray[np.int64], report: Report = lambda _done: None) -> Charged:
    """Return the margin on consecutive days before add-ons; day d knows the returns before d."""
    back = request.reference_days
    longer = np.arange(days[0] - back, days[-1] + 1)
    core = _path(request, book, longer, book.filtered.volatility[longer], report=report)
    figure = core.figure(request.risk_measure)
    shown = Path(var=core.var[back:], es=core.es[back:])
    match request.apc:
        case Tool.BUFFER:
            margin, reference = buffered(figure, request.table)
        case Tool.STRESSED:
            stress = stressed(request, book, days)
            volatility = book.filtered.volatility[days]
            reference = _path(request, book, days, volatility, stress=stress, report=report).figure(
                request.risk_measure
            )
            margin = reference
        case Tool.FLOOR:
            steady = ten_year_volatility(request, book, days)
            reference = _path(request, book, days, steady, report=report).figure(request.risk_measure)
            margin = np.maximum(figure, reference)
        case Tool.NONE:
            margin = reference = figure
    return Charged(core=shown, margin=np.maximum(margin, 0.0), reference=reference)


def _path(
    request: Request,
    book: Book,
    days: NDArray[np.int64],
    volatility: Floats,
    *,
    stress: Stress | None = None,
    report: Report,
) -> Path:
    count = request.scenarios(book.lookback)
    scenarios = Scenarios(
        standard=book.filtered.standard,
        amounts=book.factors.amounts,
        curves=_curves(book, volatility, int(days[0]) - count, int(days[-1])),
    )
    return path(
        scenarios,
        volatility,
        days,
        count=count,
        confidence=request.confidence,
        stress=stress,
        report=report,
    )


def _curves(book: Book, volatility: Floats, begin: int, end: int) -> Curves:
    """Return the options' curves over all moves that standardised returns between two days can come to."""
    if book.options is None:
        return Curves.none()
    standard, widest = book.filtered.standard[:, begin:end], volatility.max(axis=0)
    low, high = np.minimum(standard.min(axis=1), 0.0) * widest, np.maximum(standard.max(axis=1), 0.0) * widest
    return book.options.curves(low, high, book.checkpoint)


def buffered(core: Floats, table: FhsSet) -> tuple[Floats, Floats]:
    """Return the margin with its buffer, and the mean core margin it is measured against.

    margin = max(core, (1 + buffer) min(core, (1 + rise) mean of the core over the reference days before)): the whole
    buffer while the core is within `rise` of that mean, what is left of it where the core rises further, none where it
    has risen past the buffer.

    Parameters
    ----------
    core
        Shape (reference days + d,).
    """
    back = table.buffer_reference_days
    total = np.concatenate([[0.0], np.cumsum(core)])
    mean = (total[back:-1] - total[: -back - 1]) / back
    today = core[back:]
    return np.maximum(today, (1.0 + table.buffer) * np.minimum(today, (1.0 + table.buffer_rise) * mean)), mean


def ten_year_volatility(request: Request, book: Book, days: NDArray[np.int64]) -> Floats:
    """Return each day's equally weighted volatility about zero over ten years, shape (d, k)."""
    count = request.table.floor_days
    return window_volatility(book.returns.values, np.full(count, 1.0 / count))[days - count]


def stressed_ends(daily: Floats, length: int) -> NDArray[np.int64]:
    """Return for each day e in `length`..t where the run of `length` losses with the greatest squares so far ends."""
    total = np.concatenate([[0.0], np.cumsum(daily**2)])
    squares = total[length:] - total[:-length]
    leads = squares >= np.maximum.accumulate(squares)
    return np.maximum.accumulate(np.where(leads, np.arange(squares.size), 0)) + length


def stressed(request: Request, book: Book, days: NDArray[np.int64]) -> Stress:
    """Return each day's stressed observations: the losses, as they were, of the period that shook this book most."""
    length, skipped = request.table.stressed_days, request.mpor_days - 1 if request.is_overlapping else 0
    ends, period = np.unique(stressed_ends(realised_losses(book, 1), length)[days - length], return_inverse=True)
    moves = np.expm1(over_horizon(book.returns.values, request)[skipped:])
    losses = np.concatenate([np.full(skipped, np.nan), book.losses(moves)])
    count, share = length - skipped, request.table.stressed_weight
    size = min(count, int(float(1 - Fraction(str(request.confidence))) * count / share) + 2)
    worst = np.stack([np.sort(losses[end - count : end])[::-1][:size] for end in ends.tolist()])
    return Stress(worst=np.ascontiguousarray(worst), period=period, count=count, weight=share)
