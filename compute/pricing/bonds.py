"""Bonds: cash flows from coupon and maturity, continuous yield, accrued interest, duration and convexity.

Conventions: prices are clean and for a face of 100; two coupons a year, counted back from the maturity; accrued
interest is actual/actual within the coupon period (ICMA); times to the flows and the yield are ACT/365F and continuous,
so that duration (Macaulay's and the modified one are then the same) is -dP/dy / P and convexity d²P/dy² / P, both of
the dirty price.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from compute.jit import njit
from compute.portfolio import Floats, Portfolio
from compute.pricing.terms import DAYS_A_YEAR, Integers, Mask, by_currency, codes, fault, given

FACE = 100.0
COUPONS_A_YEAR = 2
MOST_ROUNDS = 100
YIELD_TOLERANCE = 1e-14
HIGHEST_YIELD = 50.0


@dataclass(frozen=True, kw_only=True)
class Bonds:
    """Bonds as columns of shape (n,) over all positions; NaN where a position is no bond or a figure has no meaning.

    Parameters
    ----------
    first
        Shape (n + 1,): the flows of position i are first[i] to first[i + 1].
    times, amounts
        Flows of one unit: years from the portfolio's date, above zero; amount for a face of 100.
    clean, accrued, yields
        Clean price, accrued interest, continuous yield; yield and accrued only where there are flows.
    duration, convexity
        Of the dirty price where there are flows, else as given.
    """

    first: Integers
    times: Floats
    amounts: Floats
    clean: Floats
    accrued: Floats
    yields: Floats
    duration: Floats
    convexity: Floats

    @classmethod
    def none(cls, count: int) -> "Bonds":
        """Return the columns of so many positions none of which is a bond."""
        nothing = np.full(count, np.nan)
        return cls(
            first=np.zeros(count + 1, np.int64), times=np.empty(0), amounts=np.empty(0), clean=nothing,
            accrued=nothing, yields=nothing, duration=nothing, convexity=nothing,
        )  # fmt: skip


@lru_cache(maxsize=4096)
def schedule(as_of: date, maturity: date) -> tuple[tuple[float, ...], float]:
    """Return the years to the coupons still to come, rising, and the part of the running period that has gone by."""
    step = 12 // COUPONS_A_YEAR
    coming, back = [maturity], step
    while (earlier := _months_before(maturity, back)) > as_of:
        coming.append(earlier)
        back += step
    begun = (as_of - earlier).days / (coming[-1] - earlier).days
    return tuple((day - as_of).days / DAYS_A_YEAR for day in reversed(coming)), begun


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@njit()
def _value(times: Floats, amounts: Floats, rate: float) -> tuple[float, float, float]:
    """Return the value of flows at a continuous yield, and its first two derivatives by the yield."""
    value = slope = bend = 0.0
    for i in range(times.size):
        flow = amounts[i] * np.exp(-rate * times[i])
        value += flow
        slope -= times[i] * flow
        bend += times[i] * times[i] * flow
    return value, slope, bend


@njit()
def solve_yield(times: Floats, amounts: Floats, dirty: float) -> float:
    """Return the continuous yield at which the flows are worth `dirty`; NaN beyond ± HIGHEST_YIELD.

    Value falls and is convex in the yield: Newton's steps on its logarithm, held within a bracket, cannot fail.
    """
    low, high = -HIGHEST_YIELD, HIGHEST_YIELD
    rate = np.log(np.sum(amounts) / dirty) / max(times[-1], 1e-3)
    rate = min(max(rate, -1.0), 1.0)
    for _ in range(MOST_ROUNDS):
        value, slope, _bend = _value(times, amounts, rate)
        if value > dirty:
            low = rate
        else:
            high = rate
        following = rate - (np.log(value / dirty)) * value / slope
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - rate) <= YIELD_TOLERANCE * max(1.0, abs(rate)):
            return float(following) if abs(following) < 0.999 * HIGHEST_YIELD else np.nan
        rate = following
    return np.nan


@njit()
def _figures(
    first: Integers, times: Floats, amounts: Floats, clean: Floats, accrued: Floats, rate: Floats, out: Floats
) -> None:
    """Fill out (4, n) with clean price, yield, duration and convexity of the bonds that have flows."""
    for i in range(clean.size):
        flows = slice(first[i], first[i + 1])
        if first[i] == first[i + 1]:
            continue
        if np.isnan(clean[i]):
            out[1, i] = rate[i]
        else:
            out[1, i] = solve_yield(times[flows], amounts[flows], clean[i] + accrued[i])
        value, slope, bend = _value(times[flows], amounts[flows], out[1, i])
        out[0, i] = value - accrued[i] if np.isnan(clean[i]) else clean[i]
        out[2, i], out[3, i] = -slope / value, bend / value


def read_bonds(portfolio: Portfolio, bond: Mask) -> Bonds:
    """Return the bonds of a portfolio; one without a price is worth its flows at its currency's rate."""
    count = len(portfolio)
    coupon, clean = given(portfolio, "coupon"), np.where(bond, portfolio.numbers["price"], np.nan)
    maturity = codes(portfolio, "maturity")
    whole = bond & ~np.isnan(coupon) & (maturity >= 0)
    first = np.zeros(count + 1, np.int64)
    times: list[float] = []
    amounts: list[float] = []
    accrued = np.full(count, np.nan)
    for row in np.flatnonzero(whole).tolist():
        due = date.fromisoformat(portfolio.labels["maturity"].values[maturity[row]])
        fault(portfolio, _only(count, row, due < portfolio.as_of), "maturity", "has matured", "Leave it out.")
        if due == portfolio.as_of:
            continue
        coming, begun = schedule(portfolio.as_of, due)
        payment = FACE * coupon[row] / COUPONS_A_YEAR
        accrued[row] = begun * payment
        times.extend(coming)
        amounts.extend([*[payment] * (len(coming) - 1), payment + FACE])
        first[row + 1] = len(coming)
    first = np.cumsum(first)
    figures = np.full((4, count), np.nan)
    figures[0] = clean
    figures[2], figures[3] = (np.where(bond, given(portfolio, name), np.nan) for name in ("duration", "convexity"))
    flows = np.array(times), np.array(amounts)
    worthless = ~np.isnan(accrued) & ~np.isnan(clean) & ~(clean + accrued > 0.0)
    fault(portfolio, worthless, "price", "is a bond whose dirty price is not positive", "Give its clean price.")
    _figures(first, *flows, clean, accrued, by_currency(portfolio), figures)
    unsolved = ~np.isnan(accrued) & np.isnan(figures[1])
    fault(portfolio, unsolved, "price", "has a price that no yield gives", "Give its clean price for a face of 100.")
    return Bonds(
        first=first, times=flows[0], amounts=flows[1], clean=figures[0], accrued=accrued,
        yields=figures[1], duration=figures[2], convexity=figures[3],
    )  # fmt: skip


def _only(count: int, row: int, wrong: bool) -> Mask:
    mask = np.zeros(count, np.bool_)
    mask[row] = wrong
    return mask
