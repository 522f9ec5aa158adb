"""The early-exercise boundary of an American put by spectral collocation, and the option's value from it.

Andersen, Lake and Offengenden, "High-performance American option pricing", Journal of Computational Finance 20 (2016):
the boundary solves B(τ) = K e^(-(r-q)τ) N(τ, B) / D(τ, B), the integral equation of value matching. Its transform
H = ln(B / X)², X = K min(1, r/q), is a polynomial in sqrt(τ) through Chebyshev nodes. Times are fractions of the
option's, so that the interpolation from nodes to quadrature points is one constant matrix. The value is the European
one and the integral of what exercise earns below the boundary (Kim, 1990). A call is the put with spot and strike, rate
and carry exchanged. For a put the rate must be positive; `american` sends the rest to a tree.

Everything is per unit of strike: the boundary does not depend on the spot, so that one solution serves all spots.
"""

from typing import Any

import numpy as np
from numpy.polynomial.legendre import leggauss

from compute.jit import njit
from compute.portfolio import Floats
from compute.pricing.elementary import DOUBLES, FARTHEST, FAST, SMALLEST, bell_of, density, distribution, exp

NODES = 12  # beside the one at time zero
INNER = 32  # points of a boundary integral
OUTER = 40  # points of a value integral
WORK = NODES * (7 * INNER + 5)
MOST_ROUNDS = 100
SEED_ROUNDS, SEED_TOLERANCE = 12, 1e-4
TOLERANCE = 1e-6  # of ln B


def _interpolation(wanted: Floats) -> Floats:
    """Return the matrix that takes values at the nodes 1 to NODES, and zero at time zero, to fractions of time."""
    places = np.arange(NODES + 1)
    nodes = -np.cos(np.pi * places / NODES)
    signs = (-1.0) ** places * np.where((places == 0) | (places == NODES), 0.5, 1.0)
    gaps = (2.0 * np.sqrt(wanted) - 1.0)[..., None] - nodes
    exact = np.abs(gaps) < 1e-14
    terms = signs / np.where(exact, 1.0, gaps)
    rows = terms / terms.sum(axis=-1, keepdims=True)
    rows = np.where(exact.any(axis=-1, keepdims=True), exact.astype(np.float64), rows)
    return np.ascontiguousarray(rows[..., 1:])


ROOTS = 0.5 * (1.0 - np.cos(np.pi * np.arange(1, NODES + 1) / NODES))  # sqrt of the nodes' times
_POINTS, _WEIGHTS = (np.ascontiguousarray(part) for part in leggauss(INNER))
_STEPS = 0.5 * (1.0 + _POINTS)  # sqrt of the part of a node's time that lies between
_INNER = (
    _interpolation(ROOTS[:, None] ** 2 * (1.0 - _STEPS**2)).transpose(1, 0, 2).reshape(-1, NODES).T.copy()
)  # (NODES, INNER * NODES)
_OUTER_POINTS, OUTER_WEIGHTS = (np.ascontiguousarray(part) for part in leggauss(OUTER))
OUTER_STEPS = 0.5 * (1.0 + _OUTER_POINTS)
_OUTER = _interpolation(1.0 - OUTER_STEPS**2).T.copy()  # (NODES, OUTER)


@njit(fastmath=DOUBLES)
def _interpolate(matrix: Floats, heights: Floats, out: Floats) -> None:
    """Fill out with -ln(B / X), from the transform at the nodes."""
    out[:] = 0.0
    for j in range(heights.size):
        row, height = matrix[j], heights[j]
        for k in range(out.size):
            out[k] += row[k] * height
    for k in range(out.size):
        out[k] = np.sqrt(max(out[k], 0.0))


@njit(**FAST)
def _chances(gap: Any, step: Any, drift: Any, vol: Any) -> Any:
    """Return Φ(d-) and Φ(d+) at a log ratio after time step²."""
    spread = vol * step
    d = (gap + drift * step * step) / spread
    low = min(max(d - 0.5 * spread, -FARTHEST), FARTHEST)
    high = min(max(d + 0.5 * spread, -FARTHEST), FARTHEST)
    return distribution(low, bell_of(low)), distribution(high, bell_of(high))


@njit(fastmath=DOUBLES)
def _weigh(spans: Floats, rate: float, carry: float, vol: float, grid: Floats) -> None:
    """Fill the rows of grid that the boundary leaves alone: 1 / spread, spread / 2, drift, and both weights."""
    nodes, inner = spans.size, grid.shape[1] // spans.size  # not constants, or the loops would be unrolled whole
    inverse, half, drift, fade, thin = grid[2], grid[3], grid[4], grid[5], grid[6]
    for k in range(inner):
        for i in range(nodes):
            place = k * nodes + i
            step = spans[i] * _STEPS[k]
            inverse[place] = 1.0 / (vol * step)
            half[place] = 0.5 * vol * step
            drift[place] = (rate - carry) * step * step
            width = _WEIGHTS[k] * step * spans[i]
            fade[place] = rate * width * exp(-rate * step * step)
            thin[place] = carry * width * exp(-carry * step * step)


@njit(fastmath=DOUBLES)
def _integrands(
    gap: Floats, cash: Floats, inverse: Floats, half: Floats, drift: Floats, fade: Floats, thin: Floats
) -> None:
    """Turn log ratios into the integrands of r e^(-rv) Φ(d-), in cash, and of q e^(-qv) Φ(d+), in gap."""
    for j in range(gap.size):
        d = (gap[j] + drift[j]) * inverse[j]
        low = min(max(d - half[j], -FARTHEST), FARTHEST)
        high = min(max(d + half[j], -FARTHEST), FARTHEST)
        cash[j] = fade[j] * distribution(low, bell_of(low))
        gap[j] = thin[j] * distribution(high, bell_of(high))


@njit(fastmath=DOUBLES)
def _image(
    here: Floats, spans: Floats, top: float, rate: float, carry: float, vol: float, grid: Floats, image: Floats
) -> None:
    """Fill image with -ln(B / X) that the integral equation answers to the boundary in grid[0]."""
    nodes, inner = spans.size, grid.shape[1] // spans.size
    for k in range(inner):
        for i in range(nodes):
            grid[0, k * nodes + i] -= here[i]
    _integrands(grid[0], grid[1], grid[2], grid[3], grid[4], grid[5], grid[6])
    for i in range(nodes):
        low, high = _chances(top - here[i], spans[i], rate - carry, vol)
        time = spans[i] * spans[i]
        above, below = exp(-rate * time) * low, exp(-carry * time) * high
        for k in range(inner):
            above += grid[1, k * nodes + i]
            below += grid[0, k * nodes + i]
        image[i] = max(top - np.log(max(above, SMALLEST) / max(below, SMALLEST)), 0.0)


@njit()
def solve(years: float, vol: float, rate: float, carry: float, heights: Floats, work: Floats) -> bool:
    """Fill heights (NODES,) with the boundary's transform; say whether the iteration settled.

    The rounds are fixed-point steps with the memory of one (Anderson, 1965), which halves their number.

    Parameters
    ----------
    years, vol, rate
        Above zero.
    heights
        Begins as a first guess, of `guess`.
    work
        Shape (WORK,): scratch.
    """
    top = np.log(min(1.0, rate / carry)) if carry > 0.0 else 0.0
    grid = work[: 7 * NODES * INNER].reshape(7, NODES * INNER)
    rows = work[7 * NODES * INNER : WORK].reshape(5, NODES)
    spans, here, image, image_before, miss_before = rows[0], rows[1], rows[2], rows[3], rows[4]
    image_before[:] = miss_before[:] = 0.0
    spans[:] = np.sqrt(years) * ROOTS
    here[:] = np.sqrt(heights)
    _weigh(spans, rate, carry, vol, grid)
    for done in range(MOST_ROUNDS):
        _interpolate(_INNER, heights, grid[0])
        _image(here, spans, top, rate, carry, vol, grid, image)
        change = _step_on(here, image, image_before, miss_before, done > 0)
        heights[:] = here * here
        if change < TOLERANCE:
            return True
    return False


@njit()
def _step_on(here: Floats, image: Floats, image_before: Floats, miss_before: Floats, has_memory: bool) -> float:
    """Move `here` on and remember the round; return by how much it missed its image."""
    change = along = size = 0.0
    for i in range(here.size):
        miss = image[i] - here[i]
        change = max(change, abs(miss))
        along += miss * (miss - miss_before[i])
        size += (miss - miss_before[i]) ** 2
    share = along / size if has_memory and size > 0.0 else 0.0
    for i in range(here.size):
        miss_before[i] = image[i] - here[i]
        here[i] = max(image[i] - share * (image[i] - image_before[i]), 0.5 * image[i])
        image_before[i] = image[i]
    return float(change)


@njit(fastmath=DOUBLES)
def _seed_miss(depth: float, top: float, years: float, vol: float, rate: float, carry: float) -> float:
    """Return by how much Li's condition fails at a boundary exp(top - depth)."""
    spot = np.exp(top - depth)
    spread = vol * np.sqrt(years)
    d = (top - depth + (rate - carry) * years) / spread
    high = min(max(d + 0.5 * spread, -FARTHEST), FARTHEST)
    low = min(max(d - 0.5 * spread, -FARTHEST), FARTHEST)
    bell_high = bell_of(high)
    fade, thin = exp(-rate * years), spot * exp(-carry * years)
    cash, share = fade * distribution(-low, bell_of(low)), thin * distribution(-high, bell_high)
    gap = max(1.0 - spot - (cash - share), SMALLEST)
    theta = rate * cash - carry * share - 0.5 * vol * thin * density(bell_high) / np.sqrt(years)
    omega, alpha, left = 2.0 * (rate - carry) / (vol * vol) - 1.0, 2.0 * rate / (vol * vol), 1.0 - fade
    root = np.sqrt(omega * omega + 4.0 * alpha / left)
    power = -0.5 * (omega + root)
    bend = 1.0 / left - theta / (fade * rate * gap) - alpha / (left * left * root * root)
    return float(spot - share + (power + fade * alpha / root * bend) * gap)


@njit()
def guess(years: float, vol: float, rate: float, carry: float, heights: Floats) -> None:
    """Fill heights with the boundary of QD+ (Li, "Analytical approximations for the critical stock prices", 2010)."""
    top = np.log(min(1.0, rate / carry)) if carry > 0.0 else 0.0
    for i in range(heights.size):
        time = years * ROOTS[i] ** 2
        a = 2.0 * vol * np.sqrt(time)
        b = 1.5 * a
        miss_a, miss_b = (
            _seed_miss(a, top, time, vol, rate, carry),
            _seed_miss(b, top, time, vol, rate, carry),
        )
        for _ in range(SEED_ROUNDS):
            step = miss_b * (b - a) / (miss_b - miss_a)
            if not abs(step) < 1e3 or miss_a == miss_b:
                break
            a, miss_a = b, miss_b
            b = max(b - step, 0.25 * b)
            miss_b = _seed_miss(b, top, time, vol, rate, carry)
            if abs(step) < SEED_TOLERANCE:
                break
        heights[i] = b * b


@njit()
def outer_depths(heights: Floats, out: Floats) -> None:
    """Fill out (OUTER,) with -ln(B / X) at the points of the value integral."""
    _interpolate(_OUTER, heights, out)


@njit(fastmath=DOUBLES)
def premium(spot: float, years: float, vol: float, rate: float, carry: float, depths: Floats) -> Any:
    """Return value, slope and curvature by spot of what early exercise adds to a put struck at 1.

    Parameters
    ----------
    spot
        Above the boundary.
    depths
        Of `outer_depths`.
    """
    top = np.log(min(1.0, rate / carry)) if carry > 0.0 else 0.0
    place, root = np.log(spot) - top, np.sqrt(years)
    value = slope = bend = 0.0
    drift = rate - carry
    for k in range(OUTER):
        step = root * OUTER_STEPS[k]
        spread = vol * step
        d = (place + depths[k] + drift * step * step) / spread
        low = min(max(d - 0.5 * spread, -FARTHEST), FARTHEST)
        high = min(max(d + 0.5 * spread, -FARTHEST), FARTHEST)
        bell_low, bell_high = bell_of(low), bell_of(high)
        weight = OUTER_WEIGHTS[k] * step * root
        cash = rate * weight * exp(-rate * step * step)
        share = carry * weight * exp(-carry * step * step)
        chance = distribution(-high, bell_high)
        here_low, here_high = density(bell_low) / (spot * spread), density(bell_high) / spread
        value += cash * distribution(-low, bell_low) - share * spot * chance
        slope += share * (here_high - chance) - cash * here_low
        bend += cash * here_low * (1.0 + low / spread) / spot + share * here_high * (1.0 - high / spread) / spot
    return value, slope, bend
