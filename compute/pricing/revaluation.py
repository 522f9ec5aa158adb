"""The fused kernel of full revaluation: positions times scenarios, profit and loss in base currency."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.portfolio import Floats
from compute.pricing.american import early_prices
from compute.pricing.elementary import DOUBLES, exp
from compute.pricing.european import Options, lognormal_price, normal_price
from compute.pricing.memo import RowMemo
from compute.pricing.terms import Integers, Kind
from compute.result import Checkpoint

if TYPE_CHECKING:
    from compute.pricing.book import Book

LINEAR, BOND, LOGNORMAL, NORMAL = (int(kind) for kind in (Kind.LINEAR, Kind.BOND, Kind.LOGNORMAL, Kind.NORMAL))
WIDTH = 8192  # scenarios to a block
BLOCK = 4_000_000  # cells to a block: well under a tenth of a second
EARLY_BLOCK = 2_048  # American prices to a block: about as long


@dataclass(frozen=True, kw_only=True)
class Revaluation:
    """The scenarios: see `book.reprice`; `years` is the time that goes by, `vol` of shape (1, s) or (u, s)."""

    spot: Floats
    vol: Floats
    rate: Floats
    relative: bool = True
    years: float = 0.0


def revalue(book: "Book", shifts: Revaluation, checkpoint: Checkpoint, memo: RowMemo | None = None) -> Floats:
    """Return profit and loss, shape (n, s), in blocks short enough for a heartbeat."""
    out = np.zeros((len(book), shifts.spot.shape[1]))
    early = np.flatnonzero(book.american)
    total = out.size + early.size * out.shape[1]
    columns = (book.spot, book.strike, book.years, book.vol, book.rate, book.carry, book.sign, book.future)
    bonds = book.bonds
    flows = (bonds.first, bonds.times, bonds.amounts, bonds.yields, bonds.duration, bonds.convexity)
    scenarios = (shifts.spot, shifts.vol, shifts.relative, shifts.rate, shifts.years)
    for rows, places, done in _blocks(out.shape):
        _block(book.kind, book.underlying, book.american, book.scale, columns, book.price, book.given, flows, scenarios,
               rows, places, out)  # fmt: skip
        checkpoint(done, total)
    _revalue_early(book, shifts, early, out, lambda done: checkpoint(out.size + done, total), memo)
    return out


def _blocks(shape: tuple[int, int]) -> Iterator[tuple[tuple[int, int], tuple[int, int], int]]:
    """Yield ranges of positions and of scenarios, and the cells done after each."""
    count, scenarios = shape
    done = 0
    for place in range(0, scenarios, WIDTH):
        stop = min(place + WIDTH, scenarios)
        height = max(1, BLOCK // (stop - place))
        for row in range(0, count, height):
            last = min(row + height, count)
            done += (last - row) * (stop - place)
            yield (row, last), (place, stop), done


def _revalue_early(
    book: "Book",
    shifts: Revaluation,
    rows: Integers,
    out: Floats,
    report: Callable[[int], None],
    memo: RowMemo | None,
) -> None:
    """Fill the rows of American options; those that the memo knows are not priced again."""
    done = 0

    def ended(cells: int) -> None:
        nonlocal done
        done += cells
        report(done)

    for kind in (Kind.LOGNORMAL, Kind.NORMAL):
        chosen = rows[book.kind[rows] == kind]
        if chosen.size:
            gains = partial(_early_gains, book, shifts, chosen, kind, ended)
            found = gains(np.arange(chosen.size)) if memo is None else memo.rows(_keys(book, shifts, chosen), gains)
            out[chosen] = book.scale[chosen, None] * found


def _keys(book: "Book", shifts: Revaluation, rows: Integers) -> Floats:
    """Return all that the gains of some options depend on, shape (r, k)."""
    options = book.options(rows)
    terms = np.stack([getattr(options, one.name) for one in fields(options)], axis=1)
    underlying = book.underlying[rows]
    vol = shifts.vol[underlying if len(shifts.vol) > 1 else np.zeros(rows.size, np.int64)]
    others = np.array([*shifts.rate, shifts.years, float(shifts.relative)])
    kind = book.kind[rows, None].astype(np.float64)
    return np.concatenate(
        [terms, kind, shifts.spot[underlying], vol, np.broadcast_to(others, (rows.size, others.size))], axis=1
    )


def _early_gains(
    book: "Book", shifts: Revaluation, chosen: Integers, kind: Kind, report: Callable[[int], None], which: Integers
) -> Floats:
    """Return the gains of one unit of some options, shape (r, s), block by block.

    Equal volatilities and rates side by side share a boundary.
    """
    rows, scenarios = chosen[which], shifts.spot.shape[1]
    is_normal = kind is Kind.NORMAL
    out = np.zeros((rows.size, scenarios))
    for part in np.array_split(np.arange(rows.size), rows.size // EARLY_BLOCK + 1) if rows.size else ():
        out[part] -= early_prices(book.options(rows[part]), is_normal=is_normal)[:, None]
    cells = rows.size * scenarios
    for start in range(0, cells, EARLY_BLOCK):
        cell = np.arange(start, min(start + EARLY_BLOCK, cells))
        row, scenario = cell // scenarios, cell % scenarios
        out[row, scenario] += early_prices(_moved(book, shifts, rows[row], scenario), is_normal=is_normal)
        report(cell.size)
    return out


def _moved(book: "Book", shifts: Revaluation, row: Integers, scenario: Integers) -> Options:
    """Return the options of some cells as they stand in their scenarios."""
    options = book.options(row)
    underlying = book.underlying[row]
    shift = shifts.vol[underlying if len(shifts.vol) > 1 else 0, scenario]
    rate = shifts.rate[scenario]
    return replace(
        options,
        spot=options.spot + np.abs(options.spot) * shifts.spot[underlying, scenario],
        years=np.maximum(options.years - shifts.years, 0.0),
        vol=np.maximum(options.vol * (1.0 + shift) if shifts.relative else options.vol + shift, 0.0),
        rate=options.rate + rate,
        carry=options.carry + options.future * rate,
    )


@njit()
def _block(
    kind: NDArray[np.int8],
    underlying: Integers,
    american: NDArray[np.bool_],
    scale: Floats,
    columns: Any,
    price: Floats,
    given: Floats,
    flows: Any,
    scenarios: Any,
    rows: Any,
    places: Any,
    out: Floats,
) -> None:
    spots, vols, relative, rates, years = scenarios
    start, stop = places
    rate = rates[start:stop]
    for i in range(rows[0], rows[1]):
        gain = out[i, start:stop]
        move = spots[underlying[i], start:stop]
        vol = vols[underlying[i] if vols.shape[0] > 1 else 0, start:stop]
        option = (
            columns[0][i], columns[1][i], columns[2][i], columns[3][i],
            columns[4][i], columns[5][i], columns[6][i], columns[7][i],
        )  # fmt: skip
        if kind[i] == LOGNORMAL or kind[i] == NORMAL:
            is_normal = kind[i] == NORMAL
            if not american[i]:
                _european(option, is_normal, move, vol, relative, rate, years, scale[i], gain)
        elif kind[i] == BOND:
            _bond(price[i], i, flows, move, rate, years, scale[i], gain)
        elif kind[i] == LINEAR:
            level = abs(price[i]) * scale[i]
            for s in range(gain.size):
                gain[s] = level * move[s]
        else:
            _greeks(option, given[:, i], move, vol, relative, years, scale[i], gain)


@njit(forceinline=True)
def _moved_vol(vol: Any, shift: Any, relative: Any) -> Any:
    return max(vol * (1.0 + shift) if relative else vol + shift, 0.0)


@njit(fastmath=DOUBLES)
def _european(
    option: Any, is_normal: Any, move: Any, vol: Any, relative: Any, rate: Any, years: Any, scale: Any, gain: Any
) -> None:
    spot, strike, left, sigma, interest, carry, sign, future = option
    later = max(left - years, 0.0)
    size = abs(spot)
    if is_normal:
        base = normal_price(spot, strike, left, sigma, interest, carry, sign)
        for s in range(gain.size):
            gain[s] = scale * (
                normal_price(
                    spot + size * move[s], strike, later, _moved_vol(sigma, vol[s], relative),
                    interest + rate[s], carry + future * rate[s], sign,
                ) - base
            )  # fmt: skip
    else:
        base = lognormal_price(spot, strike, left, sigma, interest, carry, sign)
        for s in range(gain.size):
            gain[s] = scale * (
                lognormal_price(
                    spot + size * move[s], strike, later, _moved_vol(sigma, vol[s], relative),
                    interest + rate[s], carry + future * rate[s], sign,
                ) - base
            )  # fmt: skip


@njit()
def _bond(price: Any, i: Any, flows: Any, move: Any, rate: Any, years: Any, scale: Any, gain: Any) -> None:
    """Add to a relative move of the price what the move of the yield and the time that goes by do to its value."""
    first, times, amounts, yields, durations, convexities = flows
    has_duration = not np.isnan(durations[i])
    convexity = 0.0 if np.isnan(convexities[i]) else convexities[i]
    for s in range(gain.size):
        change = 0.0
        if first[i] < first[i + 1]:
            for k in range(first[i], first[i + 1]):
                later = max(times[k] - years, 0.0)  # a flow that falls due meanwhile is cash
                change += amounts[k] * (exp(-(yields[i] + rate[s]) * later) - exp(-yields[i] * times[k]))
        elif has_duration:
            change = price * rate[s] * (0.5 * convexity * rate[s] - durations[i])
        gain[s] = scale * (abs(price) * move[s] + change)


@njit()
def _greeks(option: Any, given: Any, move: Any, vol: Any, relative: Any, years: Any, scale: Any, gain: Any) -> None:
    spot, sigma = option[0], option[3]
    delta, gamma, vega, theta = given[0], given[1], given[2], given[3]
    known = 0.0 if np.isnan(sigma) else sigma
    for s in range(gain.size):
        step = abs(spot) * move[s]
        twist = known * vol[s] if relative else vol[s]
        gain[s] = scale * (step * (delta + 0.5 * gamma * step) + vega * twist + theta * years)
