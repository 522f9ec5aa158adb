"""The fused kernel of full revaluation: positions times scenarios, profit and loss in base currency."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from compute.jit import njit
from compute.portfolio import Floats
from compute.pricing.american import LEAD, american_price
from compute.pricing.elementary import DOUBLES, exp
from compute.pricing.european import lognormal_price, normal_price
from compute.pricing.terms import Integers, Kind
from compute.result import Checkpoint

if TYPE_CHECKING:
    from compute.pricing.book import Book

LINEAR, BOND, LOGNORMAL, NORMAL = (int(kind) for kind in (Kind.LINEAR, Kind.BOND, Kind.LOGNORMAL, Kind.NORMAL))
WIDTH = 8192  # scenarios to a block
BLOCK_COST = 4_000_000  # closed prices to a block: well under a tenth of a second
TREE_COST = 1_000  # closed prices that a tree takes the time of


@dataclass(frozen=True, kw_only=True)
class Revaluation:
    """The scenarios: see `book.reprice`; `years` is the time that goes by, `vol` of shape (1, s) or (u, s)."""

    spot: Floats
    vol: Floats
    relative: bool
    rate: Floats
    years: float


def revalue(book: "Book", shifts: Revaluation, checkpoint: Checkpoint) -> Floats:
    """Return profit and loss, shape (n, s), in blocks short enough for a heartbeat."""
    out = np.zeros((len(book), shifts.spot.shape[1]))
    columns = (book.spot, book.strike, book.years, book.vol, book.rate, book.carry, book.sign, book.future)
    bonds = book.bonds
    flows = (bonds.first, bonds.times, bonds.amounts, bonds.yields, bonds.duration, bonds.convexity)
    scenarios = (shifts.spot, shifts.vol, shifts.relative, shifts.rate, shifts.years)
    work = np.empty((3, book.steps + LEAD + 1))
    for rows, places, done in _blocks(out.shape, bool(book.american.any())):
        _block(book.kind, book.underlying, book.american, book.scale, columns, book.price, book.given, flows, scenarios,
               book.steps, rows, places, work, out)  # fmt: skip
        checkpoint(done, out.size)
    return out


def _blocks(shape: tuple[int, int], trees: bool) -> Iterator[tuple[tuple[int, int], tuple[int, int], int]]:
    """Yield ranges of positions and of scenarios, and the cells done after each."""
    count, scenarios = shape
    done = 0
    width = min(WIDTH, BLOCK_COST // TREE_COST) if trees else WIDTH
    for place in range(0, scenarios, width):
        stop = min(place + width, scenarios)
        height = max(1, BLOCK_COST // ((TREE_COST if trees else 1) * (stop - place)))
        for row in range(0, count, height):
            last = min(row + height, count)
            done += (last - row) * (stop - place)
            yield (row, last), (place, stop), done


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
    steps: int,
    rows: Any,
    places: Any,
    work: Floats,
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
            if american[i]:
                _american(option, is_normal, move, vol, relative, rate, years, scale[i], steps, work, gain)
            else:
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
def _american(
    option: Any,
    is_normal: Any,
    move: Any,
    vol: Any,
    relative: Any,
    rate: Any,
    years: Any,
    scale: Any,
    steps: Any,
    work: Any,
    gain: Any,
) -> None:
    spot, strike, left, sigma, interest, carry, sign, future = option
    later = max(left - years, 0.0)
    base = american_price((spot, strike, left, sigma, interest, carry, sign), is_normal, steps, work)
    for s in range(gain.size):
        level = spot + abs(spot) * move[s]
        moved = _moved_vol(sigma, vol[s], relative)
        there = (level, strike, later, moved, interest + rate[s], carry + future * rate[s], sign)
        gain[s] = scale * (american_price(there, is_normal, steps, work) - base)


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
